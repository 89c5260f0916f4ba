"""Random lives of a fleet whose replicas hang: what never happens, whatever happens."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint, RouterReport
from fairlead.fleet.hung_replicas import HungReplicaAction, HungReplicaDecision, ReplacedReplica, ReplicaPod
from fairlead.planning import hung_replicas
from fairlead.planning.hung_replicas import HOUR, HUNG_SECONDS, MAX_AN_HOUR, HungReplicaFacts
from tests.planning.hung_worlds import LONG, pod, replaced, report, seen
from tests.planning.states import T0

numbers = st.integers(0, 9)


@dataclass(slots=True, kw_only=True)
class Router:
    """Since when it has seen each replica hang, by name; a silent one does not answer."""

    silent: bool = False
    hung: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Fleet:
    """A ReplicaSet's pods, routers, and an operator that replaces replicas."""

    wanted: int
    now: datetime = T0
    pods: list[ReplicaPod] = field(default_factory=list)
    routers: list[Router] = field(default_factory=lambda: [Router(), Router()])
    records: tuple[ReplacedReplica, ...] = ()
    deleted: list[datetime] = field(default_factory=list)
    serial: "count[int]" = field(default_factory=count)

    def facts(self) -> HungReplicaFacts:
        """What the operator sees."""
        reports = tuple(None if one.silent else self._report(one) for one in self.routers)
        return HungReplicaFacts(
            action=HungReplicaAction.REPLACE, reports=reports, pods=tuple(self.pods), replaced=self.records
        )

    def _report(self, router: Router) -> RouterReport:
        return RouterReport(endpoints=tuple(self._seen(router, one) for one in self.pods if one.ready_since))

    def _seen(self, router: Router, one: ReplicaPod) -> RouterEndpoint:
        began = router.hung.get(one.name)
        seconds = None if began is None else (self.now - began).total_seconds()
        state = EndpointState.ROUTABLE if began is None else EndpointState.EJECTED
        return RouterEndpoint(pod=one.name, address="", state=state, inflight=0, hung_seconds=seconds)

    def change(self, which: int, **fields: object) -> None:
        """Change one pod."""
        if self.pods:
            at = which % len(self.pods)
            self.pods[at] = replace(self.pods[at], **fields)  # type: ignore[arg-type]  # fields of a pod

    def operate(self, *, crashes: bool) -> None:
        """Decide, write the record, and delete the pod, unless the operator ends between the two."""
        facts = self.facts()
        found = hung_replicas.decide(facts, self.now)
        if found.replaces is None:
            return
        self.check(facts, found)
        if all(one.uid != found.replaces.uid for one in self.records):
            self.records = (found.replaces, *self.records)[:MAX_AN_HOUR]
        if not crashes:
            self.deleted.append(self.now)
            self.pods = [replace(one, ending=one.ending or one.name == found.replaces.pod) for one in self.pods]

    def check(self, facts: HungReplicaFacts, found: HungReplicaDecision) -> None:
        """What must hold whenever a replica is replaced."""
        assert found.replaces is not None
        hanging = [
            one for one in facts.serving if any(one.name in each.hung for each in self.routers if not each.silent)
        ]
        few = len(hanging) == 1 or 2 * len(hanging) <= len(facts.serving)
        assert few, "never when more than half hang, except the only one"
        assert sum(at > self.now - HOUR for at in self.deleted) < MAX_AN_HOUR, "never more than three an hour"
        ours = {one.uid for one in self.records}
        assert not any(one.ending and one.uid in ours for one in self.pods), "never more than one at once"
        assert not any(one.silent for one in self.routers), "never while a router is silent"
        since = [each.hung[found.replaces.pod] for each in self.routers]
        assert max(since) <= self.now - timedelta(seconds=HUNG_SECONDS), "never sooner than any router is sure"


def hang(fleet: Fleet, which: int) -> None:
    """One hangs for every router."""
    if fleet.pods:
        for router in fleet.routers:
            router.hung.setdefault(fleet.pods[which % len(fleet.pods)].name, fleet.now)


def notice(fleet: Fleet, which: int) -> None:
    """One hangs for one router alone."""
    if fleet.pods:
        fleet.routers[which % 2].hung.setdefault(fleet.pods[which % len(fleet.pods)].name, fleet.now)


def heal(fleet: Fleet, which: int) -> None:
    """One answers again."""
    if fleet.pods:
        for router in fleet.routers:
            router.hung.pop(fleet.pods[which % len(fleet.pods)].name, None)


def restart(fleet: Fleet, which: int) -> None:
    """A router begins anew."""
    fleet.routers[which % 2].hung.clear()


def turn(fleet: Fleet, which: int) -> None:
    """A router answers no more, or again."""
    router = fleet.routers[which % 2]
    router.silent = not router.silent


def end(fleet: Fleet, _: int) -> None:
    """Pods that were being deleted are gone, and the ReplicaSet creates others."""
    fleet.pods = [one for one in fleet.pods if not one.ending]
    while len(fleet.pods) < fleet.wanted:
        fleet.pods.append(pod(f"p{next(fleet.serial)}", created_at=fleet.now, ready_since=None))


def ready(fleet: Fleet, which: int) -> None:
    """One becomes ready."""
    if fleet.pods and fleet.pods[which % len(fleet.pods)].ready_since is None:
        fleet.change(which, ready_since=fleet.now)


def delete(fleet: Fleet, which: int) -> None:
    """A person deletes one."""
    fleet.change(which, ending=True)


def scale(fleet: Fleet, which: int) -> None:
    """Another number is wanted."""
    fleet.wanted = which


def wait(fleet: Fleet, which: int) -> None:
    """Time passes."""
    fleet.now += timedelta(seconds=30 * which)


def operate(fleet: Fleet, _: int) -> None:
    """The operator reconciles."""
    fleet.operate(crashes=False)


def crash(fleet: Fleet, _: int) -> None:
    """The operator ends after it has written the record."""
    fleet.operate(crashes=True)


EVENTS: tuple[Callable[[Fleet, int], None], ...] = (
    *(hang, hang, notice, heal, restart, turn, end, end, ready, ready, ready),
    *(delete, scale, wait, wait, operate, operate, operate, crash),
)


@given(st.integers(1, 6), st.lists(st.tuples(st.sampled_from(EVENTS), numbers), max_size=80))
def test_whatever_happens_replicas_are_replaced_one_by_one_for_sure_and_seldom(
    wanted: int, events: list[tuple[Callable[[Fleet, int], None], int]]
) -> None:
    fleet = Fleet(wanted, pods=[pod(f"q{each}") for each in range(wanted)])
    for event, which in events:
        event(fleet, which)


def test_a_fleet_of_which_one_after_another_hangs_loses_three_in_an_hour_and_the_fourth_later() -> None:
    """The walks above are not empty: this one replaces as many as may be."""
    fleet = Fleet(4, pods=[pod(f"q{each}") for each in range(4)])
    for _ in range(60):
        hang(fleet, 0)
        wait(fleet, 4)
        operate(fleet, 0)
        end(fleet, 0)
        for each in range(4):
            ready(fleet, each)
    minutes = [int((at - T0).total_seconds() // 60) for at in fleet.deleted]
    assert minutes[:4] == [2, 4, 6, 62]


seconds = st.sampled_from((None, None, 10.0, LONG, LONG, LONG))
views = st.lists(st.tuples(seconds, seconds), min_size=1, max_size=6)
ages = st.lists(st.integers(1, 90), max_size=4)


@given(views, ages)
def test_whatever_routers_report_a_replica_is_replaced_only_if_all_are_sure_and_half_at_most_hang(
    hung: list[tuple[float | None, float | None]], minutes: list[int]
) -> None:
    names = [f"q{number}" for number in range(len(hung))]
    reports = tuple(
        report(*(seen(name, each[router]) for name, each in zip(names, hung, strict=True))) for router in (0, 1)
    )
    facts = HungReplicaFacts(
        action=HungReplicaAction.REPLACE,
        reports=reports,
        pods=tuple(map(pod, names)),
        replaced=tuple(replaced(f"x{ago}", timedelta(minutes=ago)) for ago in sorted(minutes)),
    )
    found = hung_replicas.decide(facts, T0)
    sure = [name for name, each in zip(names, hung, strict=True) if min(one or 0.0 for one in each) >= HUNG_SECONDS]
    hanging = sum(any(one is not None for one in each) for each in hung)
    recent = sum(ago < 60 for ago in minutes)
    waits = min(minutes, default=9) < 2
    few = hanging == 1 or 2 * hanging <= len(names)
    allowed = bool(sure) and few and recent < MAX_AN_HOUR and not waits
    assert (found.replaces is not None) == allowed
    assert found.replaces is None or found.replaces.pod in sure
