"""All claims, one module per word: a new word is one import and one line here, and nothing happens unseen."""

from typing import Final

from prove.claimed import (
    api,
    autoscaler,
    autoscaler_pages,
    backtests,
    bad_rows,
    conformance,
    controller,
    engine_replay,
    engine_server,
    engine_sweep,
    gateway,
    gateway_cost,
    house,
    kv_intervals,
    monitoring,
    operator_world,
    real_engines,
    router,
    router_clients,
    router_cost,
    seams,
    simulator_speed,
    size_and_pace,
    step_times,
    trial,
    trial_campaign,
    trial_fields,
    trial_rollout,
    trial_router,
    upgrade,
)
from prove.claims import Claim, ordered

CLAIMS: Final[tuple[Claim, ...]] = tuple(
    ordered(
        (
            *house.CLAIMS,
            *seams.CLAIMS,
            *size_and_pace.CLAIMS,
            *upgrade.CLAIMS,
            *api.CLAIMS,
            *controller.CLAIMS,
            *operator_world.CLAIMS,
            *engine_replay.CLAIMS,
            *step_times.CLAIMS,
            *simulator_speed.CLAIMS,
            *engine_server.CLAIMS,
            *conformance.CLAIMS,
            *real_engines.CLAIMS,
            *kv_intervals.CLAIMS,
            *engine_sweep.CLAIMS,
            *bad_rows.CLAIMS,
            *router.CLAIMS,
            *router_cost.CLAIMS,
            *router_clients.CLAIMS,
            *autoscaler.CLAIMS,
            *autoscaler_pages.CLAIMS,
            *backtests.CLAIMS,
            *trial.CLAIMS,
            *trial_fields.CLAIMS,
            *trial_router.CLAIMS,
            *trial_campaign.CLAIMS,
            *trial_rollout.CLAIMS,
            *monitoring.CLAIMS,
            *gateway.CLAIMS,
            *gateway_cost.CLAIMS,
        )
    )
)
