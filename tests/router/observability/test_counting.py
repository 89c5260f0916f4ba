"""What the metrics say of requests, and that there are never too many series."""

import pytest

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.gateways import RequestTelemetry
from fairlead.fleet.tenants import Lane
from fairlead.router.observability import counters, request_results
from fairlead.router.observability.label_values import AbortStage, ReplyFailure
from fairlead.routing.reasons import AttemptEnding, PickReason, RefusalReason
from tests.router.observability import recorders
from tests.router.observability.recorders import T0, answered, begun, recorder_of, replica, routed_request, samples

SERIES = 'model="chat",revision="r1",band="gold",lane="interactive",target=""'


def test_a_stream_is_counted_with_times_and_tokens_by_model_revision_band_and_lane() -> None:
    router = recorder_of()
    answered(router, stream=True)
    figures = samples(router)
    assert figures[f"forwarded_total{{{SERIES}}}"] == 1
    assert figures[f"queue_seconds_sum{{{SERIES}}}"] == pytest.approx(0.2)
    assert figures[f"time_to_first_token_seconds_sum{{{SERIES}}}"] == pytest.approx(0.5)
    assert figures[f"prefill_seconds_sum{{{SERIES}}}"] == pytest.approx(0.3)
    assert figures[f"decode_seconds_sum{{{SERIES}}}"] == pytest.approx(1.0)
    assert figures[f"time_per_output_token_seconds_sum{{{SERIES}}}"] == pytest.approx(0.1)
    assert figures[f"request_seconds_sum{{{SERIES}}}"] == pytest.approx(1.5)
    assert figures[f"prompt_tokens_total{{{SERIES}}}"] == 100
    assert figures[f"output_tokens_total{{{SERIES}}}"] == 11
    assert figures[f"cached_tokens_total{{{SERIES}}}"] == 64
    assert figures[f"prefix_blocks_queried_total{{{SERIES}}}"] == 4
    assert figures[f"prefix_blocks_held_total{{{SERIES}}}"] == 3
    assert figures['finish_reasons_total{reason="stop"}'] == 1
    assert figures['picks_total{reason="prefix"}'] == 1


def test_a_whole_answer_has_no_first_token() -> None:
    router = recorder_of()
    answered(router)
    figures = samples(router)
    assert figures[f"request_seconds_count{{{SERIES}}}"] == 1
    assert f"time_to_first_token_seconds_count{{{SERIES}}}" not in figures
    assert figures['results_total{surface="chat",stream="false",result="answered"}'] == 1


def test_a_bound_belongs_to_the_bucket_below_it() -> None:
    router = recorder_of()
    answered(router, stream=True)
    figures = samples(router)
    assert figures[f'time_to_first_token_seconds_bucket{{{SERIES},le="0.4"}}'] == 0
    assert figures[f'time_to_first_token_seconds_bucket{{{SERIES},le="0.5"}}'] == 1
    assert figures[f'time_to_first_token_seconds_bucket{{{SERIES},le="+Inf"}}'] == 1


def test_tokens_that_an_engine_does_not_report_are_estimated_and_counted_by_events() -> None:
    router = recorder_of()
    record = begun(router, stream=True, deltas=7)
    record.sent(routed_request(), replica(), T0)
    router.ended(record, T0 + 1)
    figures = samples(router)
    assert figures[f"prompt_tokens_total{{{SERIES}}}"] == 90
    assert figures[f"output_tokens_total{{{SERIES}}}"] == 7
    assert figures[f"cached_tokens_total{{{SERIES}}}"] == 0


def test_a_prompt_that_no_engine_read_is_not_counted_as_read() -> None:
    router = recorder_of()
    record = begun(router, status=502, reason="upstream_gone", structured=True)
    record.sent(routed_request(), replica(), T0)
    router.ended(record, T0 + 1)
    figures = samples(router)
    assert (figures[f"forwarded_total{{{SERIES}}}"], figures[f"prompt_tokens_total{{{SERIES}}}"]) == (1, 0)
    assert not [name for name in figures if name.startswith("structured_outputs")]


def test_a_tenant_has_sums_of_its_own() -> None:
    router = recorder_of()
    answered(router, stream=True)
    router.ended(begun(router, status=429, reason=RefusalReason.TOKEN_RATE), T0)
    figures = samples(router)
    assert figures['tenant_requests_total{tenant="shop",model="chat",code="2xx"}'] == 1
    assert figures['tenant_requests_total{tenant="shop",model="chat",code="4xx"}'] == 1
    assert figures['tenant_prompt_tokens_total{tenant="shop",model="chat"}'] == 100
    assert figures['tenant_output_tokens_total{tenant="shop",model="chat"}'] == 11
    assert figures['tenant_cached_tokens_total{tenant="shop",model="chat"}'] == 64
    assert figures['tenant_first_tokens_total{tenant="shop",model="chat"}'] == 1
    assert figures['tenant_first_token_seconds_total{tenant="shop",model="chat"}'] == pytest.approx(0.5)


def test_demand_is_counted_on_arrival_whatever_becomes_of_it() -> None:
    router = recorder_of()
    router.needs_engine(begun(router, prompt_estimate=70), T0)
    router.needs_engine(begun(router, prompt_estimate=-1), T0)
    figures, of = samples(router), 'model="chat",lane="interactive"'
    assert (figures[f"arrivals_total{{{of}}}"], figures[f"arrived_prompt_tokens_total{{{of}}}"]) == (2, 70)
    assert figures["requests_in_flight"] == 2


@pytest.mark.parametrize("reason", [*RefusalReason, *ReplyFailure])
def test_every_refusal_has_a_zero_before_it_has_a_one(reason: str) -> None:
    router = recorder_of()
    assert samples(router)[f'refusals_total{{reason="{reason}"}}'] == 0
    router.ended(begun(router, status=429, reason=reason), T0)
    figures = samples(router)
    assert figures[f'refusals_total{{reason="{reason}"}}'] == 1
    assert figures['requests_total{code="429"}'] == 1
    assert figures['results_total{surface="chat",stream="false",result="refused"}'] == 1


@pytest.mark.parametrize(
    ("facts", "result"),
    [
        ({"left": AbortStage.STREAM, "status": 499, "cut": True}, "client_left"),
        ({"cut": True, "reason": "silent"}, "cut"),
        ({"reason": "queue_full", "status": 429}, "refused"),
        ({"cache": "hit"}, "cached"),
        ({"cache": "joined"}, "cached"),
        ({"cache": "miss"}, "answered"),
        ({"status": 503}, "engine_failed"),
        ({"status": 400}, "engine_refused"),
        ({}, "answered"),
    ],
)
def test_a_request_ends_in_one_way_only(facts: dict[str, object], result: str) -> None:
    assert request_results.result_of(recorders.recorded(T0, T0, **{"status": 200, **facts})) == result


@pytest.mark.parametrize("stage", AbortStage)
def test_a_client_that_leaves_is_counted_by_how_far_it_had_come(stage: AbortStage) -> None:
    router = recorder_of()
    router.ended(begun(router, status=499, left=stage), T0 + 1)
    figures = samples(router)
    assert figures[f'client_aborts_total{{stage="{stage}"}}'] == 1
    assert figures['requests_total{code="499"}'] == 1
    assert figures["requests_in_flight"] == 0


def test_a_cut_stream_counts_its_first_token_and_no_pace() -> None:
    router = recorder_of()
    answered(router, stream=True, cut=True, reason="silent")
    figures = samples(router)
    assert figures["answers_cut_total"] == 1
    assert figures[f"time_to_first_token_seconds_count{{{SERIES}}}"] == 1
    assert f"decode_seconds_count{{{SERIES}}}" not in figures
    assert f"time_per_output_token_seconds_count{{{SERIES}}}" not in figures
    assert figures[f"output_tokens_total{{{SERIES}}}"] == 11
    assert sum(value for name, value in figures.items() if name.startswith("refusals_total")) == 0


def test_who_waited_in_vain_is_in_the_queue_time_and_who_was_refused_at_once_is_not() -> None:
    router = recorder_of()
    router.ended(begun(router, status=503, reason=RefusalReason.QUEUE_TIME), T0 + 30)
    router.ended(begun(router, status=499, left=AbortStage.QUEUED), T0 + 10)
    router.ended(begun(router, status=429, reason=RefusalReason.QUEUE_FULL), T0)
    figures = samples(router)
    nowhere = SERIES.replace("r1", "")
    assert figures[f"queue_seconds_count{{{nowhere}}}"] == 2
    assert figures[f"queue_seconds_sum{{{nowhere}}}"] == pytest.approx(40)


def test_failed_attempts_and_hedges_are_counted_separately() -> None:
    router = recorder_of()
    moved = begun(router)
    moved.sent(routed_request(), replica("chat-1"), T0)
    moved.failed(AttemptEnding.NOT_CONNECTED, T0 + 1)
    moved.sent(routed_request(PickReason.LEAST_LOADED), replica("chat-2"), T0 + 1)
    moved.failed(AttemptEnding.BUSY, T0 + 2)
    moved.status, moved.reason = 503, RefusalReason.NO_OTHER_REPLICA
    router.ended(moved, T0 + 2)
    for won in (True, False):
        slow = begun(router, stream=True)
        slow.sent(routed_request(), replica("chat-1"), T0)
        slow.hedge_sent(replica("chat-2", "r2"), T0 + 1)
        if won:
            slow.outran(routed_request(PickReason.LEAST_LOADED), replica("chat-2", "r2"), T0 + 2)
        slow.first_token_at = T0 + 2
        router.ended(slow, T0 + 3)
    router.counts.hedge_denied()
    figures = samples(router)
    assert figures["retries_total"] == 1
    assert figures['attempts_failed_total{ending="not_connected"}'] == 1
    assert figures['attempts_failed_total{ending="busy"}'] == 1
    assert [figures[f'hedges_total{{result="{outcome}"}}'] for outcome in ("won", "lost", "denied")] == [1, 1, 1]
    assert figures[f"prefill_seconds_sum{{{SERIES.replace('r1', 'r2')}}}"] == pytest.approx(1.0), (
        "from its own sending on"
    )
    assert figures['picks_total{reason="least_loaded"}'] == 2


@pytest.mark.parametrize(
    ("finish", "validity"), [("stop", "complete"), ("length", "cut"), ("max_tokens", "cut"), ("", "unknown")]
)
def test_a_structured_answer_that_ran_into_the_limit_is_not_valid(finish: str, validity: str) -> None:
    router = recorder_of()
    record = begun(router, structured=True, finish_reason=finish)
    record.sent(routed_request(), replica(), T0)
    router.ended(record, T0 + 1)
    assert samples(router)[f'structured_outputs_total{{model="chat",validity="{validity}"}}'] == 1


def test_unknown_finish_reasons_count_as_other() -> None:
    router = recorder_of()
    for word in ("stop", "moon", "sun"):
        answered(router, finish_reason=word)
    figures = samples(router)
    assert (figures['finish_reasons_total{reason="stop"}'], figures['finish_reasons_total{reason="other"}']) == (1, 2)


def test_answers_from_the_cache_are_counted_and_hide_no_latency() -> None:
    router = recorder_of()
    router.ended(begun(router, cache="hit", bytes_in=10, bytes_out=500), T0)
    answered(router, cache="miss")
    figures = samples(router)
    assert figures['results_total{surface="chat",stream="false",result="cached"}'] == 1
    assert figures[f"request_seconds_count{{{SERIES}}}"] == 1
    assert (figures["request_bytes_total"], figures["answer_bytes_total"]) == (10, 500)


def test_a_record_is_reported_only_once() -> None:
    router = recorder_of()
    record = begun(router, request_id="r-1")
    router.ended(record, T0)
    with pytest.raises(AssertionError, match=r"recorded twice: request r-1, ended at 1000\.0"):
        router.ended(record, T0 + 1)


def test_an_unknown_word_for_an_ejection_is_a_mistake_of_ours() -> None:
    router = recorder_of()
    router.counts.ejected("watchdog")
    assert samples(router)['ejections_total{by="watchdog"}'] == 1
    with pytest.raises(KeyError):
        router.counts.ejected("boredom")


def test_models_that_are_not_configured_share_one_label() -> None:
    router = recorder_of(models=("chat", "de"))
    for number in range(500):
        router.ended(begun(router, model=f"guess-{number}", status=404, reason=RefusalReason.MODEL_NOT_FOUND), T0)
    figures = samples(router)
    assert figures['tenant_requests_total{tenant="shop",model="other",code="4xx"}'] == 500
    assert len(router.counts.spenders) == 1


def test_where_any_name_passes_those_an_engine_answered_to_are_shown_up_to_a_bound() -> None:
    router = recorder_of(models=())
    router.ended(begun(router, model="never", status=404), T0)
    for number in range(100):
        answered(router, model=f"m{number}")
        answered(router, model=f"m{number}")
    shown = {key[0] for key in router.counts.series if key[1]}
    assert shown == {"other", *(f"m{number}" for number in range(64))}


def test_names_follow_the_configuration() -> None:
    router = recorder_of(models=())
    answered(router, model="old")
    router.apply(RequestTelemetry(), ("new",))
    router.apply(RequestTelemetry(), ("new", "newer"))
    answered(router, model="old")
    answered(router, model="newer")
    router.apply(RequestTelemetry(), ())
    answered(router, model="newest")
    assert {key[0] for key in router.counts.series} == {"old", "other", "newer", "newest"}


def test_many_rollouts_leave_a_bounded_number_of_series_and_the_silent_ones_go_first() -> None:
    """The first revision comes back in the end."""
    router, most = recorder_of(), counters.MAX_SERIES
    for now, number in enumerate((*range(3 * most), 0), int(T0)):
        record = begun(router)
        record.sent(routed_request(), replica(revision=f"r{number}"), now)
        router.ended(record, now)
    assert {key[1] for key in router.counts.series} == {f"r{number}" for number in (0, *range(2 * most + 1, 3 * most))}


def test_reasons_beyond_the_closed_ones_are_bounded() -> None:
    router = recorder_of()
    for number in range(200):
        router.ended(begun(router, status=502, reason=f"made-up-{number}"), T0)
    assert len(router.counts.refusals) <= counters.MAX_REASONS + 1
    assert sum(router.counts.refusals.values()) == 200


def test_a_lane_is_exposed_by_its_name() -> None:
    router = recorder_of()
    record = begun(router)
    long = routed_request()
    long.lane = Lane.LONG
    record.sent(long, replica(), T0)
    router.ended(record, T0 + 1)
    assert samples(router)[f"forwarded_total{{{SERIES.replace('interactive', 'long')}}}"] == 1


def test_every_endpoint_state_is_exposed_even_without_endpoints() -> None:
    figures = samples(recorder_of())
    assert [figures[f'endpoints{{state="{state}"}}'] for state in EndpointState] == [0] * len(EndpointState)
