"""Requests at two revisions, kept for the controller that compares them: bounded, by conversation, without names."""

import json
import random
from math import inf

import pytest

from fairlead.cluster import router_client
from fairlead.comparing import request_samples, service
from fairlead.comparing.service import ServicePlan
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.request_samples import Fault, RequestSample
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.router import revision_samples
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.revision_samples import RevisionSamples
from fairlead.routing import revision_split
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.revision_split import RevisionSplit
from tests.routing.engines import request_of
from tests.routing.test_revision_split import fleet, in_session, shared

OLD, NEW = "a", "b"


def split_of(made: EndpointTable) -> RevisionSplit:
    """The split, after it has seen the engines."""
    assert made.split is not None
    made.choose(request_of(), 0.0)
    return made.split


def record(revision: str, **given: object) -> RequestRecord:
    """A stream of 11 tokens: the first after half a second, the last a second later."""
    made = RequestRecord(0.0, 0.0)
    fields = {
        "status": 200,
        "stream": True,
        "replica": f"{revision}-0",
        "revision": revision,
        "sent_at": 1.0,
        "first_token_at": 1.5,
        "ended_at": 2.5,
        "prompt_tokens": 900,
        "output_tokens": 11,
        "cached_tokens": 512,
        "load_band": 3,
    }
    for name, value in {**fields, **given}.items():
        setattr(made, name, value)
    return made


def kept(*records: RequestRecord, percent: int = 50) -> list[RequestSample]:
    """What is reported of them, as the controller reads it."""
    made, samples = split_of(fleet(1, 1, percent)), RevisionSamples()
    for one in records:
        samples.add(made, in_session(7), one, 1000.0)
    return rows(samples)


def rows(samples: RevisionSamples) -> list[RequestSample]:
    """As a controller reads them."""
    found = router_client.parsed_samples(json.dumps(samples.page(0)))
    assert found is not None
    return list(found.rows)


def test_a_stream_is_kept_with_its_times_and_the_load_of_its_engine() -> None:
    assert kept(record(NEW)) == [
        RequestSample(
            at=1000.0,
            candidate=True,
            conversation="0000000000000007",
            prompt_tokens=900,
            cached_tokens=512,
            load=3,
            ttft_s=0.5,
            tpot_s=0.1,
        )
    ]


@pytest.mark.parametrize(
    ("given", "faults", "ttft_s"),
    [
        ({"status": 502}, frozenset({Fault.ERROR}), None),
        ({"cut": True}, frozenset({Fault.CUT}), None),
        ({"structured": True, "check": "not JSON"}, frozenset({Fault.INVALID_JSON}), 0.5),
        ({"structured": True, "check": "valid"}, frozenset(), 0.5),
        ({"structured": True, "check": "schema_refused"}, frozenset(), 0.5),
        ({"structured": True, "check": "too_costly"}, frozenset(), 0.5),
        ({"structured": True, "check": "unreadable"}, frozenset(), 0.5),
        ({"status": 400}, frozenset({Fault.REFUSED}), None),
        ({"status": 413}, frozenset({Fault.REFUSED}), None),
        ({"status": 422}, frozenset({Fault.REFUSED}), None),
        ({"status": 404, "reason": "not_found"}, frozenset({Fault.REFUSED}), None),
        ({"status": 404}, frozenset(), None),
        ({"status": 408, "reason": "request_timeout"}, frozenset(), None),
        ({"status": 429}, frozenset(), None),
        ({"status": 403, "reason": "budget_exceeded"}, frozenset(), None),
        ({"stream": False}, frozenset(), None),
    ],
)
def test_faults_are_kept_and_times_only_of_what_was_answered(
    given: dict[str, object], faults: frozenset[Fault], ttft_s: float | None
) -> None:
    (found,) = kept(record(NEW, **given))
    assert (found.faults, found.ttft_s) == (faults, ttft_s)


def test_a_request_whose_client_left_counts_against_no_revision() -> None:
    assert kept(record(NEW, left=next(iter(AbortStage)))) == []


def test_what_never_came_to_an_engine_is_not_compared() -> None:
    assert kept(record(NEW, replica="")) == []


def test_an_attempt_that_failed_at_the_new_revision_counts_against_it_though_the_old_one_answered() -> None:
    found = kept(record(OLD, failed_at=((NEW, AttemptEnding.FAILED), (OLD, AttemptEnding.BUSY))))
    assert [(one.candidate, one.faults) for one in found] == [(True, frozenset({Fault.ERROR})), (False, frozenset())]


def test_an_earlier_canary_is_no_side_of_the_comparison() -> None:
    made, samples = RevisionSplit(TrafficShare(revision=NEW, percent=50, stable=OLD)), RevisionSamples()
    for key, revision in enumerate((NEW, OLD, "given-up") * 5, 1):
        samples.add(made, in_session(key), record(revision), 1000.0 + key)
    assert {one.candidate for one in rows(samples)} == {True, False}
    assert len(rows(samples)) == 10


def test_a_second_try_at_the_same_revision_is_one_error() -> None:
    found = kept(record(NEW, failed_at=((NEW, AttemptEnding.SLOW),)))
    assert [(one.candidate, one.faults) for one in found] == [(True, frozenset({Fault.ERROR}))]


def test_of_the_old_revision_four_times_as_many_conversations_are_kept() -> None:
    made, samples = split_of(fleet(3, 1, 5)), RevisionSamples()
    for key in range(1, 4001):
        samples.add(made, in_session(key), record(OLD), 1000.0 + key)
    assert len(rows(samples)) == pytest.approx(4000 * 0.25, rel=0.1)


def test_at_share_nothing_nothing_is_kept_of_users() -> None:
    assert kept(record(OLD), percent=0) == []


def test_another_share_begins_anew_and_a_reader_goes_on_where_it_was() -> None:
    table, samples = fleet(1, 1, 20), RevisionSamples()
    for number in range(3):
        samples.add(split_of(table), in_session(7), record(NEW, prompt_tokens=900 + number), 1000.0 + number)
    assert [one[0] for one in samples.page(2)["rows"]] == [1002.0]
    assert samples.page(2)["count"] == 3
    shared(table, 50)
    samples.add(split_of(table), in_session(7), record(NEW), 2000.0)
    assert samples.page(0)["share"] == {"revision": NEW, "percent": 50, "step": 0}
    assert samples.page(0)["count"] == 1


def test_another_step_of_the_same_share_begins_anew_since_a_full_list_takes_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(revision_samples, "MOST", 5)
    table, samples = fleet(1, 1, None), RevisionSamples()
    for step in (1, 2):
        table.apply(Balancing(), 1, TrafficShare(revision=NEW, percent=50, step=step))
        for number in range(9):
            samples.add(split_of(table), in_session(7), record(NEW), 1000.0 * step + number)
        found = router_client.parsed_samples(json.dumps(samples.page(0)))
        assert found is not None
        assert (found.share, found.count) == (TrafficShare(revision=NEW, percent=50, step=step), 5)
        assert [one.at for one in found.rows] == [1000.0 * step + number for number in range(5)]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision_samples, "MOST", 5)
    assert len(kept(*[record(NEW)] * 9)) == 5


def busy(fails_from: float, conversations: int = 10**9) -> RevisionSamples:
    """Fifty requests a second for five minutes, of which the new revision fails all from this second on.

    Its prefix cache stays colder than the old one's.
    """
    rng = random.Random(5)  # noqa: S311  # a test
    made, samples = split_of(fleet(1, 1, 50)), RevisionSamples()
    for number in range(1, 16_001):
        key = 1 + number % conversations
        is_new = revision_split.is_within(key, NEW, 0.5)
        first = 1.0 + 0.5 * rng.lognormvariate(0, 0.4)
        made_of = {"first_token_at": first, "ended_at": first + rng.lognormvariate(0, 0.2)}
        if is_new:
            made_of["cached_tokens"] = 200
            made_of |= {"status": 502} if number / 50 > fails_from else {}
        samples.add(made, in_session(key), record(NEW if is_new else OLD, **made_of), 1000.0 + number / 50)
    return samples


def test_a_busy_router_still_reports_requests_after_the_longest_warm_up() -> None:
    samples = busy(fails_from=inf)
    assert rows(samples)[-1].at > 1000.0 + request_samples.LONGEST_WARM_UP_S
    assert service.report(rows(samples), ServicePlan()).verdict.reason is not GateReason.WARMING_UP


def test_a_revision_that_begins_to_fail_under_much_traffic_is_found_faulty() -> None:
    verdict = service.report(rows(busy(fails_from=210.0)), ServicePlan()).verdict
    assert (verdict.verdict, verdict.reason) == (Verdict.FAILED, GateReason.MORE_FAULTS)


@pytest.mark.parametrize("conversations", [20, 60, 300])
def test_it_is_found_among_few_conversations_too(conversations: int) -> None:
    reported = rows(busy(fails_from=210.0, conversations=conversations))
    assert len(reported) < 16_000 / 4, "most requests are left out"
    verdict = service.report(reported, ServicePlan()).verdict
    assert (verdict.verdict, verdict.reason) == (Verdict.FAILED, GateReason.MORE_FAULTS)


def test_an_engine_that_is_ejected_at_once_is_found_faulty_by_its_probes_at_any_second_of_a_minute() -> None:
    """Its first failures may be the first requests of a minute, beside which the old revision had none yet."""
    made, samples = fleet(2, 1, 30), RevisionSamples()
    (new,) = (one for one in made.endpoints if one.revision == NEW)
    for second in range(1000, 1060):
        ejected = second >= 1020
        if ejected:
            made.failed(new, "500", at_once=True)
        split = split_of(made)
        if ejected:
            samples.add_probe(split, NEW, float(second))
        for key in range(4 * second, 4 * second + 4):
            is_new = not ejected and revision_split.is_within(key, NEW, 0.3)
            samples.add(split, in_session(key), record(NEW if is_new else OLD), second + 0.5)
    verdict = service.report(rows(samples), ServicePlan()).verdict
    assert (verdict.verdict, verdict.reason) == (Verdict.FAILED, GateReason.MORE_FAULTS)


def refusing(of_new: float, of_old: float, by: int = 400) -> GateVerdict:
    """The verdict if engines refuse these parts of their requests, by this status."""
    rng = random.Random(3)  # noqa: S311  # a test
    made, samples = split_of(fleet(1, 1, 50)), RevisionSamples()
    for key in range(1, 4001):
        is_new = revision_split.is_within(key, NEW, 0.5)
        first = 1.0 + 0.5 * rng.lognormvariate(0, 0.4)
        status = by if rng.random() < (of_new if is_new else of_old) else 200
        times = {"first_token_at": first, "ended_at": first + rng.lognormvariate(0, 0.2)}
        samples.add(made, in_session(key), record(NEW if is_new else OLD, status=status, **times), 1000.0 + key / 2)
    return service.report(rows(samples), ServicePlan()).verdict


def test_a_revision_that_refuses_what_the_old_one_answers_fails() -> None:
    verdict = refusing(of_new=0.4, of_old=0.0)
    assert (verdict.verdict, verdict.reason) == (Verdict.FAILED, GateReason.MORE_FAULTS)
    assert verdict.message.startswith("refused requests: ")


def test_clients_mistakes_that_both_revisions_refuse_are_no_fault_of_the_new_one() -> None:
    assert refusing(of_new=0.1, of_old=0.1).verdict is Verdict.PASSED


def test_earlier_replies_that_only_engines_of_the_old_revision_hold_are_no_fault_of_the_new_one() -> None:
    assert refusing(of_new=0.05, of_old=0.0, by=404).verdict is Verdict.PASSED


def test_a_router_without_a_share_has_nothing_to_report() -> None:
    assert RevisionSamples().page(0) == {"share": None, "rows": [], "count": 0}
    assert router_client.parsed_samples('{"rows": [[1]], "count": 1}') is None
