"""Conversion of what a spec says of pods: the nodes they run on."""

import json

from fairlead.api.pods import Placement, RouterPlacement, WhenUnsatisfiable
from fairlead.api.value_mapping import value
from fairlead.fleet.desired_state import DesiredPlacement, SpreadConstraint, Toleration


def placement(spec: RouterPlacement) -> DesiredPlacement:
    """Convert the placement of routers, or of engines, which may also name an account and Secrets."""
    engines = spec if isinstance(spec, Placement) else None
    return value(
        spec,
        DesiredPlacement,
        tolerations=tuple(value(one, Toleration, seconds=one.toleration_seconds) for one in spec.tolerations),
        affinity=json.dumps(spec.affinity, sort_keys=True) if spec.affinity else None,
        spread=tuple(
            value(one, SpreadConstraint, hard=one.when_unsatisfiable is WhenUnsatisfiable.DO_NOT_SCHEDULE)
            for one in spec.topology_spread_constraints
        ),
        priority_class=spec.priority_class_name,
        runtime_class=spec.runtime_class_name,
        scheduler=spec.scheduler_name,
        service_account=engines.service_account_name if engines else None,
        pull_secrets=tuple(one.name for one in engines.image_pull_secrets) if engines else (),
    )
