"""How each attempt of a traced request ended, and its spans."""

import pytest

from fairlead.router.observability import otlp
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.request_record import RequestRecord
from fairlead.routing.reasons import AttemptEnding
from tests.router.observability.collectors import PARENT, traced
from tests.router.observability.recorders import T0, begun, recorder_of, replica, routed_request


@pytest.mark.parametrize(
    ("facts", "ending", "error"),
    [
        ({"cut": True, "reason": "silent"}, AttemptEnding.CUT, True),
        ({"left": AbortStage.STREAM, "status": 499}, AttemptEnding.CLIENT_LEFT, False),
        ({"status": 400}, AttemptEnding.REFUSED, False),
        ({"status": 500}, AttemptEnding.FAILED, True),
    ],
)
def test_the_last_attempt_ends_as_the_request_did(
    facts: dict[str, object], ending: AttemptEnding, *, error: bool
) -> None:
    record = traced(recorder_of(), **facts)
    assert record.tries is not None
    assert [one.ending for one in record.tries] == [AttemptEnding.NOT_CONNECTED, ending]
    attempt = otlp.of_attempt(record, record.tries[1])
    assert ("error.type" in attempt) is error


@pytest.mark.parametrize("won", [True, False])
def test_of_a_hedged_pair_one_answered_and_one_was_outrun(*, won: bool) -> None:
    router = recorder_of()
    record = begun(router, stream=True)
    router.traced(record, PARENT)
    record.sent(routed_request(), replica("a"), T0)
    record.hedge_sent(replica("b"), T0 + 1)
    if won:
        record.outran(routed_request(), replica("b"), T0 + 2)
    router.ended(record, T0 + 3)
    assert record.tries is not None
    endings = [AttemptEnding.OUTRUN, AttemptEnding.DONE] if won else [AttemptEnding.DONE, AttemptEnding.OUTRUN]
    assert [one.ending for one in record.tries] == endings
    assert [one.ended for one in record.tries] == [T0 + 2 if won else T0 + 3, T0 + 3]


def test_an_error_without_an_engine_is_recorded_on_the_request_span() -> None:
    refused = RequestRecord(T0, T0, status=503, reason="queue_time", surface="rerank", ended_at=T0)
    request = otlp.of_request(refused)
    assert (request["error.type"], "fairlead.queue_seconds" in request) == ("queue_time", False)
    assert otlp.of_request(RequestRecord(T0, T0, status=502))["error.type"] == "502"
