"""A replica that hangs is replaced if every router is sure, one at a time, and never where the cause is common."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.hung_replicas import HungReplicaAction, HungReplicaReason, ReplicaPod
from fairlead.planning import hung_replicas
from fairlead.planning.hung_replicas import HungReplicaFacts
from tests.planning.hung_worlds import LONG, fleet, pod, replaced, report, seen, unused
from tests.planning.states import T0

MINUTE = timedelta(minutes=1)


def reason(facts: HungReplicaFacts) -> str:
    """What is decided, and for which replica."""
    found = hung_replicas.decide(facts, T0)
    return found.reason.value + (f" {found.replaces.pod}" if found.replaces else "")


def test_a_replica_that_hangs_for_every_router_is_replaced_with_its_figures_and_a_remedy() -> None:
    found = hung_replicas.decide(fleet("abc", "b"), T0)
    assert found.replaces == replaced("b", timedelta(0))
    assert found.because == (
        "pod b on node n1 gave no token for 150 s to 2 routers although its probes pass, so it is deleted; its "
        "ReplicaSet creates another; if one hangs on this node again, cordon it and check its GPU"
    )


def test_a_pod_whose_node_is_unknown_is_named_without_it() -> None:
    facts = fleet("ab", "b")
    found = hung_replicas.decide(replace(facts, pods=(pod("a"), pod("b", node=""))), T0)
    assert found.because.startswith("pod b gave no token")


def test_where_nothing_hangs_or_no_router_reports_nothing_is_replaced() -> None:
    assert reason(fleet("abc", "")) == "NoneHangs"
    assert reason(fleet("abc", "b", routers=0)) == "NoneHangs"


def test_a_spec_that_says_keep_is_obeyed() -> None:
    assert reason(fleet("abc", "b", action=HungReplicaAction.KEEP)) == "TurnedOff"


def test_a_router_that_does_not_answer_may_still_use_it() -> None:
    facts = fleet("abc", "b")
    found = hung_replicas.decide(replace(facts, reports=(*facts.reports, None)), T0)
    assert (found.reason, found.replaces) == (HungReplicaReason.ROUTERS_SILENT, None)
    assert found.because.startswith("1 of 3 ready routers does not report the endpoints")
    assert reason(replace(facts, reports=(None, None))) == "RoutersSilent"
    assert reason(replace(fleet("abc", ""), reports=(*fleet("abc", "").reports, None))) == "NoneHangs"


@pytest.mark.parametrize(
    "other",
    [
        report(seen("a"), seen("b")),
        report(seen("a"), seen("b", 119.0)),
        report(seen("a")),
        report(seen("b", LONG), seen("b")),
    ],
    ids=["it uses it", "for less than two minutes", "it does not list it", "it has the pod at another address too"],
)
def test_one_router_that_is_not_sure_is_enough_to_keep_it(other: object) -> None:
    facts = fleet("ab", "b", routers=1)
    assert reason(replace(facts, reports=(*facts.reports, other))) == "NotConfirmed"  # type: ignore[arg-type]


def test_a_router_that_began_later_agrees_by_its_own_probes_but_not_alone() -> None:
    probing = report(seen("a"), seen("b", LONG, EndpointState.PROBING))
    facts = fleet("ab", "b", routers=1)
    assert reason(replace(facts, reports=(*facts.reports, probing))) == "Replaced b"
    assert reason(replace(facts, reports=(probing, probing))) == "NotConfirmed", "no router saw it serve"


@pytest.mark.parametrize(
    ("fields", "decided"),
    [
        ({"ready_since": T0 - MINUTE}, "NotConfirmed"),
        ({"ready_since": None}, "NoneHangs"),
        ({"ending": True}, "NoneHangs"),
        ({"asleep": True}, "NoneHangs"),
    ],
    ids=["ready again", "the kubelet sees it", "it is ending", "it sleeps"],
)
def test_only_a_replica_that_should_serve_can_hang(fields: dict[str, object], decided: str) -> None:
    assert reason(replace(fleet("ab", "b"), pods=(pod("a"), pod("b", **fields)))) == decided


@pytest.mark.parametrize(
    ("names", "hung", "decided"),
    [("ab", "b", "Replaced b"), ("abc", "bc", "MostHang"), ("abcd", "cd", "Replaced c"), ("ab", "ab", "MostHang")],
)
def test_half_of_the_replicas_may_hang_and_one_more_may_not(names: str, hung: str, decided: str) -> None:
    assert reason(fleet(names, hung)) == decided


def test_the_only_replica_is_replaced_since_nothing_else_serves_and_no_common_cause_can_be_seen() -> None:
    assert reason(fleet("a", "a")) == "Replaced a"


def test_a_hang_that_one_router_alone_sees_counts_against_a_common_cause() -> None:
    facts = fleet("abc", "b", routers=1)
    other = report(seen("a", 1.0), seen("b", LONG), seen("c"))
    found = hung_replicas.decide(replace(facts, reports=(*facts.reports, other)), T0)
    assert found.because == (
        "2 of 3 ready replicas hang, more than half, so none is replaced; a request, the revision or a driver may be "
        "the cause: read the logs, then delete the pods"
    )


@pytest.mark.parametrize(("idle", "decided"), [(LONG, "Replaced b"), (30.0, "NotConfirmed"), (None, "NotConfirmed")])
def test_a_router_that_sent_it_nothing_meanwhile_does_not_keep_it(idle: float | None, decided: str) -> None:
    """As when conversations stay at other replicas, or it has none."""
    other = report(seen("a"), unused("b", idle), seen("c"))
    facts = fleet("abc", "b", routers=1)
    assert reason(replace(facts, reports=(*facts.reports, other))) == decided


def test_replicas_that_no_router_uses_are_not_taken_for_hung() -> None:
    every = report(unused("a", LONG), unused("b", LONG))
    assert reason(replace(fleet("ab", ""), reports=(every, every))) == "NoneHangs"


def test_a_replica_that_fails_requests_is_not_replaced_beside_one_that_hangs() -> None:
    """Routers send it nothing either, and for longer."""
    failing = replace(unused("c", 3600.0), state=EndpointState.EJECTED, reason="502 from the engine")
    every = report(seen("a"), seen("b", LONG), failing, seen("d"))
    assert reason(replace(fleet("abcd", "b"), reports=(every, every))) == "Replaced b"


def test_the_longest_hang_comes_first() -> None:
    facts = fleet("abcd", "bc", routers=1)
    longer = report(seen("a"), seen("b", LONG), seen("c", 200.0), seen("d"))
    assert reason(replace(facts, reports=(longer,))) == "Replaced c"


def test_the_next_one_waits_until_the_last_has_ended_and_its_successor_is_ready() -> None:
    facts = fleet("abcd", "bc", past=[replaced("x", MINUTE)])
    pods = facts.pods
    assert reason(replace(facts, pods=(*pods, pod("x", ending=True)))) == "Replacing"
    assert reason(facts) == "Replacing", "its ReplicaSet has not created another yet"
    started = {"created_at": T0 - MINUTE}
    assert reason(replace(facts, pods=(*pods, pod("y", ready_since=None, **started)))) == "Replacing"
    assert reason(replace(facts, pods=(*pods, pod("y", ready_since=T0, **started)))) == "Replaced b"


def test_a_successor_that_never_comes_is_not_waited_for_for_ever() -> None:
    """As when the deployment was scaled down meanwhile."""
    assert reason(fleet("abcd", "bc", past=[replaced("x", 3 * MINUTE)])) == "Replaced b"


@pytest.mark.parametrize(
    "other",
    [pod("x", ending=True), pod("y", ready_since=None, created_at=T0 - MINUTE)],
    ids=["its node is lost, so it never ends", "one that came long after it finds no node"],
)
def test_a_replacement_an_hour_ago_keeps_no_replica_that_hangs_now(other: ReplicaPod) -> None:
    for ago, decided in ((59, "Replacing"), (60, "Replaced b")):
        facts = fleet("abcd", "b", past=[replaced("x", ago * MINUTE)])
        assert reason(replace(facts, pods=(*facts.pods, other))) == decided


def test_a_replica_whose_record_was_written_and_whose_pod_stays_is_deleted_first_and_counted_once() -> None:
    """As after a crash between the two."""
    past = [replaced("c", MINUTE), replaced("x", 9 * MINUTE), replaced("y", 30 * MINUTE)]
    assert reason(fleet("abcd", "bc", past=past)) == "Replaced c"


def test_the_fourth_within_an_hour_is_kept_with_the_reason() -> None:
    past = [replaced(one, timedelta(minutes=ago)) for one, ago in (("x", 10), ("y", 30), ("z", 59))]
    found = hung_replicas.decide(fleet("abc", "b", past=past), T0)
    assert found.because == (
        "1 replica hangs, and 3 were replaced within the last hour, as many as may be; find the cause: its log, its "
        "node's GPU, the routers' access logs; then delete the pod"
    )
    assert reason(fleet("abc", "b", past=[*past[:2], replaced("z", timedelta(minutes=60))])) == "Replaced b"
