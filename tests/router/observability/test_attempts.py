"""How each attempt of a traced request ended, and its spans."""

import pytest

from fairlead.router.observability import otlp
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage
from tests.router.observability.collectors import PARENT, traced
from tests.router.observability.recorders import T0, begun, recorded, recorder_of, replica, routed_request


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
    assert record.trace is not None
    assert [one.ending for one in record.trace.attempts] == [AttemptEnding.NOT_CONNECTED, ending]
    attempt = otlp.of_attempt(record, record.trace.attempts[1])
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
    assert record.trace is not None
    endings = [AttemptEnding.OUTRUN, AttemptEnding.DONE] if won else [AttemptEnding.DONE, AttemptEnding.OUTRUN]
    assert [one.ending for one in record.trace.attempts] == endings
    assert [one.ended for one in record.trace.attempts] == [T0 + 2 if won else T0 + 3, T0 + 3]


def _judged(*, again: str) -> tuple[TelemetryRecorder, RequestRecord]:
    """A request whose answer by replica a did not pass, and that was sent to this one then."""
    router = recorder_of()
    record = begun(router)
    router.traced(record, PARENT)
    record.sent(routed_request(), replica("a", "small"), T0)
    record.finish_reason = "length"
    record.set_aside(TokenUsage(prompt_tokens=90, output_tokens=7, cached_tokens=64), T0 + 1)
    record.sent(routed_request(), replica(again, "large"), T0 + 1)
    return router, record


@pytest.mark.parametrize("again", ["a", "b"], ids=["the same replica", "another"])
def test_an_answer_that_is_not_given_ends_its_attempt_with_its_own_tokens(again: str) -> None:
    router, record = _judged(again=again)
    record.prompt_tokens, record.output_tokens, record.finish_reason = 90, 50, "stop"
    router.ended(record, T0 + 5)
    assert record.trace is not None
    assert [(one.ending, one.ended) for one in record.trace.attempts] == [
        (AttemptEnding.DONE, T0 + 1),
        (AttemptEnding.DONE, T0 + 5),
    ]
    first, second = (otlp.of_attempt(record, one) for one in record.trace.attempts)
    keys = ("gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons", "fairlead.revision")
    assert [[one[key] for key in keys] for one in (first, second)] == [
        [7, ("length",), "small"],
        [50, ("stop",), "large"],
    ]
    assert first["gen_ai.usage.cache_read.input_tokens"] == 64


def test_an_answer_that_is_given_after_all_leaves_the_other_attempt_failed() -> None:
    router, record = _judged(again="b")
    record.take_back("small", "a", T0 + 2)
    router.ended(record, T0 + 2)
    assert record.trace is not None
    assert [(one.ending, one.ended) for one in record.trace.attempts] == [
        (AttemptEnding.DONE, T0 + 1),
        (AttemptEnding.FAILED, T0 + 2),
    ]
    assert otlp.of_attempt(record, record.trace.attempts[0])["gen_ai.usage.output_tokens"] == 7
    assert "gen_ai.usage.output_tokens" not in otlp.of_attempt(record, record.trace.attempts[1])


@pytest.mark.parametrize("is_given", [False, True], ids=["another one", "this one"])
def test_what_an_answer_found_in_the_kv_cache_counts_whether_it_is_given_or_not(*, is_given: bool) -> None:
    router, record = _judged(again="b")
    if is_given:
        record.take_back("small", "a", T0 + 2)
    else:
        record.prompt_tokens, record.output_tokens, record.cached_tokens = 90, 50, 32
    router.ended(record, T0 + 5)
    totals = {one.key[1]: one.cached for one in router.counts.series.values()}
    assert totals == ({"small": 64} if is_given else {"small": 64, "large": 32})
    assert sum(one.cached for one in router.counts.spenders.values()) == sum(totals.values())
    assert record.cached_tokens == (64 if is_given else 32), "which its access line shows"


def test_tokens_that_an_engine_did_not_count_are_not_in_the_span() -> None:
    router = recorder_of()
    record = begun(router)
    router.traced(record, PARENT)
    record.sent(routed_request(), replica("a"), T0)
    record.set_aside(None, T0 + 1)
    assert record.trace is not None
    attempt = otlp.of_attempt(record, record.trace.attempts[0])
    assert not {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"} & set(attempt)


def test_an_error_without_an_engine_is_recorded_on_the_request_span() -> None:
    refused = recorded(T0, T0, status=503, reason="queue_time", surface="rerank", ended_at=T0)
    request = otlp.of_request(refused)
    assert (request["error.type"], "fairlead.queue_seconds" in request) == ("queue_time", False)
    assert otlp.of_request(recorded(T0, T0, status=502))["error.type"] == "502"
