"""The autoscaler's HTTP answers: all decisions in a table, one in full, and where to find others."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from fairlead.autoscaler import http_handlers
from fairlead.fleet.policies import Objectives, ScalingPolicy
from fairlead.scaling.explain import record_codec
from fairlead.scaling.facts import EnginePodPhase
from fairlead.telemetry.autoscaler_metrics import JUDGED
from tests.cli.decisions import AT, decided, facts, pod


def fetched(path: str) -> tuple[int, bytes]:
    """One answer of a process that decided about one deployment."""

    async def story() -> tuple[int, bytes]:
        app = web.Application()
        app.add_routes(http_handlers.routes(lambda: [decided()]))
        async with TestClient(TestServer(app)) as client:
            answer = await client.get(path)
            return answer.status, await answer.read()

    return asyncio.run(story())


def test_the_table_has_every_deployment_of_the_process() -> None:
    status, page = fetched("/fairlead/v1/decisions")
    assert (status, page) == (200, record_codec.encode_table([decided()]))


def test_one_decision_is_whole() -> None:
    status, page = fetched("/fairlead/v1/decisions/team/chat")
    assert (status, record_codec.decode(page)) == (200, decided())


def test_who_is_not_decided_here_may_be_elsewhere() -> None:
    status, page = fetched("/fairlead/v1/decisions/team/other")
    assert status == 404
    assert b"this process decides nothing for team/other" in page


def test_metrics_show_the_reason_the_price_and_the_objectives_that_the_policy_has() -> None:
    policy = ScalingPolicy(objectives=Objectives(ttft_p95_seconds=1.0, queue_time_p95_seconds=2.0))
    shown = http_handlers.decided(decided(facts(policy=policy, price_per_hour=2.5)))
    assert shown.reason == decided(facts(policy=policy)).recommendation.reason.value
    assert shown.price_per_hour == 2.5
    assert shown.objectives == {"ttftP95": 1.0, "queueTimeP95": 2.0}
    assert shown.objectives.keys() <= JUDGED.keys()


@pytest.mark.parametrize("active", [True, False])
def test_metrics_show_whether_decisions_are_followed(active: bool) -> None:
    assert http_handlers.decided(decided(facts(policy=ScalingPolicy(active=active)))).active is active


def test_metrics_show_when_a_replica_last_became_ready_and_nothing_before_one_has() -> None:
    starting = pod("a", phase=EnginePodPhase.STARTING, ready_at=None, figures=None)
    assert http_handlers.decided(decided(facts(pods=(starting,)))).newest_ready_at is None
    older, newer = pod("b", ready_at=AT - 900.0), pod("c", ready_at=AT - 300.0)
    assert http_handlers.decided(decided(facts(pods=(newer, starting, older)))).newest_ready_at == AT - 300.0


def test_metrics_show_what_signals_counted_with_beside_the_figures_of_the_whole() -> None:
    record = decided(facts())
    shown = http_handlers.decided(record).figures
    of_signals = {one.name for signal in record.recommendation.candidates for one in signal.figures}
    assert of_signals
    assert shown.keys() == of_signals | {one.name for one in record.recommendation.figures}
    assert all(shown[one.name] == one.value for one in record.recommendation.figures)
