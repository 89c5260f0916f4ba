"""Several processes share the deployments: one decides each, whichever join, die, go silent or lose their watch."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.autoscaler import members
from fairlead.autoscaler.members import Heartbeat
from fairlead.autoscaler.sharding import Membership
from fairlead.cluster.api_errors import ApiRequest, Conflict, Unreachable
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import LEASE, Manifest, Resource
from fairlead.cluster.lease import LeaseDurations, LeaseSettings

UIDS = [f"uid-{number}" for number in range(24)]
DICE = random.Random(1)  # noqa: S311 - nobody pauses here
TERMS = LeaseDurations(duration_s=15.0, deadline_s=10.0, retry_s=2.0)


@dataclass
class PretendLeases:
    """Leases on an API server that some members temporarily cannot reach."""

    now: float = 0.0
    version: int = 0
    held: dict[str, Manifest] = field(default_factory=dict)
    cut_off: set[str] = field(default_factory=set)

    def clock(self) -> float:
        return self.now


@dataclass
class Way:
    """One member's connection to it."""

    leases: PretendLeases
    who: str

    def _reach(self) -> None:
        if self.who in self.leases.cut_off:
            raise Unreachable(ApiRequest(verb="get", resource=LEASE), 0, {})

    async def read(self, _: Resource, __: str | None, name: str) -> Manifest | None:
        self._reach()
        return self.leases.held.get(name)

    async def listing(self, _: Resource, __: str | None = None, ___: str = "") -> ObjectList:
        self._reach()
        return ObjectList(list(self.leases.held.values()), str(self.leases.version))

    async def create(self, manifest: Manifest) -> Manifest:
        return self._write(manifest, None)

    async def replace(self, manifest: Manifest) -> Manifest:
        return self._write(manifest, manifest["metadata"]["resourceVersion"])

    async def remove(self, manifest: Manifest, *, uid: str, resource_version: str | None = None) -> bool:
        self._reach()
        name = manifest["metadata"]["name"]
        there = self.leases.held.get(name)
        if there is None or resource_version not in (None, there["metadata"]["resourceVersion"]):
            return False
        assert there["metadata"]["uid"] == uid
        del self.leases.held[name]
        return True

    def _write(self, manifest: Manifest, expected: str | None) -> Manifest:
        self._reach()
        name = manifest["metadata"]["name"]
        there = self.leases.held.get(name)
        if (there["metadata"]["resourceVersion"] if there else None) != expected:
            raise Conflict(ApiRequest(verb="update", resource=LEASE, name=name), 409, {})
        self.leases.version += 1
        metadata: dict[str, Any] = manifest["metadata"] | {
            "resourceVersion": str(self.leases.version),
            "uid": manifest["metadata"].get("uid", f"uid of {name} {self.leases.version}"),
        }
        self.leases.held[name] = manifest | {"metadata": metadata}
        return self.leases.held[name]


@pytest.mark.trial(8)
def test_a_members_lease_goes_with_the_deployment_that_runs_it() -> None:
    """At an uninstall the members' rights go before they do."""
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fairlead-autoscaler", "uid": "u"}

    async def ours() -> Manifest:
        return owner

    leases = PretendLeases()
    lease = LeaseSettings(namespace="fairlead", name="a", identity="a", owner=ours)
    beat(Membership(Way(leases, "a"), lease, TERMS, DICE, leases.clock))
    assert leases.held["a"]["metadata"]["ownerReferences"] == [owner]


def member(leases: PretendLeases, name: str) -> Membership:
    lease = LeaseSettings(namespace="fairlead", name=name, identity=name)
    return Membership(Way(leases, name), lease, TERMS, DICE, leases.clock)


def beat(*some: Membership) -> None:
    async def all_of_them() -> None:
        for one in some:
            await one.beat()

    asyncio.run(all_of_them())


def pass_time(leases: PretendLeases, seconds: float, *some: Membership) -> None:
    """Let every member renew each second second."""
    for _ in range(int(seconds / 2)):
        leases.now += 2.0
        beat(*some)


def deciders(uid: str, *some: Membership) -> int:
    return sum(one.mine(uid) for one in some)


def test_three_members_share_all_deployments_and_no_two_decide_the_same_one() -> None:
    leases = PretendLeases()
    some = [member(leases, f"member-{number}") for number in range(3)]
    beat(*some)
    pass_time(leases, 40, *some)
    assert [deciders(uid, *some) for uid in UIDS] == [1] * len(UIDS)
    assert all(any(one.mine(uid) for uid in UIDS) for one in some)
    assert {one.count for one in some} == {3}


def test_no_member_decides_before_all_others_must_have_seen_its_lease() -> None:
    leases = PretendLeases()
    one = member(leases, "first")
    beat(one)
    pass_time(leases, 14, one)
    assert not one.may_write()
    pass_time(leases, 2, one)
    assert all(one.mine(uid) for uid in UIDS)


def test_what_a_dead_member_decided_is_taken_over_after_its_lease() -> None:
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one, two)
    pass_time(leases, 40, one, two)
    pass_time(leases, 14, one)
    assert not all(one.mine(uid) for uid in UIDS)
    pass_time(leases, 4, one)
    assert all(one.mine(uid) for uid in UIDS)


def test_the_deployments_of_a_member_that_leaves_are_taken_over_at_the_next_read_of_the_leases() -> None:
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one, two)
    pass_time(leases, 40, one, two)
    asyncio.run(two.leave())
    assert not any(two.mine(uid) for uid in UIDS)
    pass_time(leases, 2, one)
    assert all(one.mine(uid) for uid in UIDS)


def test_while_one_comes_the_others_go_on_with_what_will_be_its_own() -> None:
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one)
    pass_time(leases, 40, one)
    beat(two)
    pass_time(leases, 8, one, two)
    assert all(one.mine(uid) for uid in UIDS)
    pass_time(leases, 16, one, two)
    assert [deciders(uid, one, two) for uid in UIDS] == [1] * len(UIDS)


def test_who_cannot_see_the_others_stops_before_they_stop_counting_on_it() -> None:
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one, two)
    pass_time(leases, 40, one, two)
    leases.cut_off.add("two")
    pass_time(leases, 12, one, two)
    assert not two.may_write()
    assert not all(one.mine(uid) for uid in UIDS)


def test_who_was_blind_for_a_moment_does_not_take_the_others_for_silent() -> None:
    """By its clock the other one was silent for a whole Lease; the other one decides as before."""
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one, two)
    pass_time(leases, 40, one, two)
    pass_time(leases, 6, two)
    leases.cut_off.add("two")
    leases.now += 1.0
    pass_time(leases, 8, one, two)
    assert [deciders(uid, one, two) for uid in UIDS] == [1] * len(UIDS)
    leases.cut_off.discard("two")
    leases.now += 0.5
    beat(one, two)
    assert [deciders(uid, one, two) for uid in UIDS] == [1] * len(UIDS)


def test_the_lease_of_a_dead_member_is_removed_in_the_end() -> None:
    leases = PretendLeases()
    one, two = member(leases, "one"), member(leases, "two")
    beat(one, two)
    pass_time(leases, 400, one)
    assert set(leases.held) == {"one"}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["beat", "silent", "cut", "heal", "leave"]),
        st.sampled_from(["one", "two", "three", "four"]),
        st.floats(0.1, 7.0),
    ),
    max_size=40,
)


@given(STEPS)
@example([("silent", "one", 6.0), ("cut", "four", 1.0), ("beat", "one", 1.0), ("beat", "one", 7.0)])
def test_two_never_decide_the_same_deployment(steps: list[tuple[str, str, float]]) -> None:
    """Late, cut off or returning: at no moment do two processes both hold the same deployment."""

    async def live() -> None:
        leases = PretendLeases()
        some = {name: member(leases, name) for name in ("one", "two", "three", "four")}
        for _ in range(10):
            leases.now += 2.0
            for one in some.values():
                await one.beat()
        for act, name, seconds in steps:
            leases.now += seconds
            if act == "cut":
                leases.cut_off.add(name)
            elif act == "heal":
                leases.cut_off.discard(name)
            elif act == "leave" and name in some:
                await some.pop(name).leave()
            for other, one in some.items():
                if (act, name) != ("silent", other):
                    await one.beat()
            assert all(deciders(uid, *some.values()) <= 1 for uid in UIDS[:6])

    asyncio.run(live())


@given(st.sets(st.text(min_size=1), min_size=1, max_size=6), st.text())
def test_the_winner_among_more_is_the_winner_among_fewer(some: set[str], uid: str) -> None:
    winner = members.owner(uid, some)
    assert winner in some
    rest = {one for one in some if one == winner or len(one) % 2}
    assert members.owner(uid, rest) == winner


def test_without_members_a_deployment_has_no_owner() -> None:
    assert members.owner("uid", ()) is None


def test_a_sign_that_did_not_move_grows_old() -> None:
    first = members.heartbeats_after({}, {"one": ("5", 15.0)}, 100.0, float("-inf"))
    again = members.heartbeats_after(first, {"one": ("5", 15.0)}, 112.0, 100.0)
    assert again == {"one": Heartbeat(version="5", at=100.0, lasts=15.0)}
    assert members.alive(again, 114.0, 114.0) == {"one"}
    assert members.alive(again, 115.0, 115.0) == frozenset()
