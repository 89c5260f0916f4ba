"""One process leads at a time, by its own clock, and stops before another may start."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Final

import pytest

from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import LEASE, Manifest
from fairlead.cluster.lease import (
    Leadership,
    LeaseDurations,
    LeaseObservation,
    LeaseSettings,
    held_by,
    hold,
    observation,
)
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import DICE, run, until

QUICK: Final = LeaseDurations(duration_s=15, deadline_s=0.2, retry_s=0.01)
STEADY: Final = LeaseDurations(duration_s=15, deadline_s=5, retry_s=0.01)
WALL: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    """A clock that a test can advance."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


def place(identity: str) -> LeaseSettings:
    """The settings of a candidate for leadership."""
    return LeaseSettings(namespace="fairlead", name="operator", identity=identity)


def lease(version: str, **spec: object) -> Manifest:
    """A Lease as read."""
    return {"metadata": {"name": "operator", "namespace": "fairlead", "resourceVersion": version}, "spec": spec}


def holder(fake: FakeApi) -> object:
    """The holder according to the server."""
    return fake.objects.held[LEASE.title, "fairlead", "operator"]["spec"]["holderIdentity"]


def test_a_shorter_lease_is_renewed_sooner_and_ends_sooner() -> None:
    """P22: we stop writing before another may begin."""
    durations = LeaseDurations.lasting(6.0)
    assert durations.retry_s < durations.deadline_s < durations.duration_s == 6.0


def test_a_lease_is_free_when_not_renewed_for_as_long_as_its_holder_promised() -> None:
    """Whatever the holder wrote about its own clock, ten minutes off or not."""
    durations = LeaseDurations()
    first = observation(
        lease("7", holderIdentity="other", leaseDurationSeconds=15, renewTime="1999"), None, 100.0, durations
    )
    assert first == LeaseObservation(version="7", holder="other", duration_s=15.0, at=100.0)
    same = observation(lease("7", holderIdentity="other"), first, 114.0, durations)
    assert (same, same.free("us", 114.9), same.free("us", 115.0)) == (first, False, True)
    renewed = observation(lease("8", holderIdentity="other"), same, 114.0, durations)
    assert (renewed.at, renewed.free("us", 128.9), renewed.free("us", 129.0)) == (114.0, False, True)
    assert observation(lease("9", holderIdentity=""), renewed, 115.0, durations).free("us", 115.0), "it was given back"
    assert observation(lease("9", holderIdentity="us"), renewed, 115.0, durations).free("us", 115.0)


def test_taking_it_counts_a_transition_and_renewing_it_does_not() -> None:
    taken = held_by(lease("7", holderIdentity="other", leaseTransitions=3), place("us"), WALL, LeaseDurations())
    assert taken["spec"] == {
        "holderIdentity": "us",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-11-20T12:00:00.000000Z",
        "renewTime": "2026-11-20T12:00:00.000000Z",
        "leaseTransitions": 4,
    }
    later = held_by(taken, place("us"), WALL.replace(minute=1), LeaseDurations())
    assert later["spec"] == taken["spec"] | {"renewTime": "2026-11-20T12:01:00.000000Z"}


def test_the_deadline_ends_before_the_lease_does() -> None:
    assert LeaseDurations().deadline_s + 2 * LeaseDurations().retry_s < LeaseDurations().duration_s


def test_the_second_leads_as_soon_as_the_first_gives_it_back() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            first, second = (Leadership(ApiServer(connection), place(who), DICE, STEADY) for who in ("a", "b"))
            async with hold(first):
                waiting = asyncio.create_task(second.acquire())
                await asyncio.sleep(0.05)
                assert (first.may_write(), second.may_write(), holder(fake)) == (True, False, "a")
            await waiting
            assert (first.may_write(), second.may_write(), holder(fake)) == (False, True, "b")
            assert not first.lost.is_set()

    run(story())


def test_a_leader_that_cannot_renew_stops_writing_by_the_deadline_and_signals_the_loss() -> None:
    """P22: cut off from the API server, before any other process may take over."""

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            leader = Leadership(ApiServer(connection), place("a"), DICE, QUICK)
            async with hold(leader):
                fake.fail(Fault(code=503), "update", times=1000)
                fake.fail(Fault(code=503), "get", times=1000)
                started = asyncio.get_running_loop().time()
                await leader.lost.wait()
                assert asyncio.get_running_loop().time() - started < 2
                assert not leader.may_write()

    run(story())


def test_a_renewal_that_hangs_does_not_keep_us_writing() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            leader = Leadership(ApiServer(connection), place("a"), DICE, QUICK)
            async with hold(leader):
                fake.fail(Fault(code=503, delay=5), "update")
                async with asyncio.timeout(3):
                    await leader.lost.wait()

    run(story())


def test_a_standby_takes_over_when_the_lease_ends_and_the_old_leader_finds_out() -> None:
    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        patient = LeaseDurations(duration_s=15, deadline_s=10, retry_s=0.01)
        async with fake.connected() as connection:
            api = ApiServer(connection)
            old = Leadership(api, place("old"), DICE, patient)
            await old.acquire()
            new = Leadership(api, place("new"), random.Random(1), patient, clock)  # noqa: S311  # waiting times
            waiting = asyncio.create_task(new.acquire())
            await until(lambda: fake.count("get") > 2)
            assert not waiting.done()
            waiting.cancel()  # a try that began before the clock moves would count from then
            await asyncio.gather(waiting, return_exceptions=True)
            clock.ahead = 15.1
            await new.acquire()
            await old.keep()
            assert (old.lost.is_set(), old.may_write(), new.may_write(), holder(fake)) == (True, False, True, "new")

    run(story())


def test_a_foreign_annotation_on_the_lease_costs_a_read_and_not_the_leadership() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            leader = Leadership(ApiServer(connection), place("a"), DICE, STEADY)
            async with hold(leader):
                held = fake.objects.held[LEASE.title, "fairlead", "operator"]
                fake.put(LEASE, held | {"metadata": held["metadata"] | {"annotations": {"note": "1"}}})
                renewed = fake.count("update")
                await until(lambda: fake.count("update") > renewed + 3)
                assert leader.may_write()

    run(story())


@pytest.mark.trial(8)
@pytest.mark.parametrize("end", [RuntimeError, asyncio.CancelledError, KeyboardInterrupt])
def test_however_the_leaders_work_ends_the_lease_is_released(end: type[BaseException]) -> None:
    """A bug, a SIGTERM that cancels it, an interrupt."""

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            with pytest.raises(end):
                async with hold(Leadership(ApiServer(connection), place("a"), DICE)):
                    raise end
            assert holder(fake) == ""

    run(story())


def test_a_lease_that_cannot_be_given_back_ends_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            leader = Leadership(ApiServer(connection), place("a"), DICE)
            async with hold(leader):
                fake.fail(Fault(code=500), "update")
            assert (leader.may_write(), holder(fake)) == (False, "a")

    run(story())
    assert "the Lease fairlead/operator could not be released, another process leads 15 s from now" in caplog.text


def test_a_missing_right_is_logged_once_and_the_lease_is_taken_when_it_is_granted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.forbidden.add(("get", LEASE.title))
        async with fake.connected() as connection:
            leader = Leadership(ApiServer(connection), place("a"), DICE, STEADY)
            waiting = asyncio.create_task(leader.acquire())
            await asyncio.sleep(0.05)
            fake.forbidden.clear()
            await waiting
            assert leader.may_write()

    run(story())
    lines = [line.message[:52] for line in caplog.records if line.levelname == "WARNING"]
    assert lines == ["the Lease fairlead/operator can be neither taken nor"]


def test_a_renewal_that_was_broken_off_but_done_does_not_keep_the_lease_from_being_given_back() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            async with hold(Leadership(ApiServer(connection), place("a"), DICE)):
                held = fake.objects.held[LEASE.title, "fairlead", "operator"]
                fake.put(LEASE, held | {"spec": held["spec"] | {"renewTime": "by the renewal we never heard of"}})
            assert holder(fake) == ""

    run(story())


@pytest.mark.trial(22)
def test_a_standby_logs_once_which_holder_it_waits_for_and_how_it_became_leader(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second replica's log says that it does not lead, who does, and what happens when the leader dies."""
    caplog.set_level("INFO")

    async def story() -> None:
        fake, clock = FakeApi(), Clock()
        async with fake.connected() as connection:
            api = ApiServer(connection)
            first, second = (Leadership(api, place(who), DICE, STEADY) for who in ("a", "b"))
            third = Leadership(api, place("c"), DICE, STEADY, clock)
            async with hold(first):
                waiting = asyncio.create_task(second.acquire())
                await asyncio.sleep(0.1)
            await waiting
            waiting = asyncio.create_task(third.acquire())
            await asyncio.sleep(0.1)
            clock.ahead = 15.1
            await waiting
            await second.keep()

    run(story())
    assert [line.message for line in caplog.records if line.name == "fairlead.cluster.lease"] == [
        "a now holds the Lease fairlead/operator: it leads",
        "b stands by: a holds the Lease fairlead/operator; if its renewals stop, this process takes over within 16 s",
        "a released the Lease fairlead/operator: a standby leads within seconds",
        "b now holds the Lease fairlead/operator, which a released: it leads",
        "c stands by: b holds the Lease fairlead/operator; if its renewals stop, this process takes over within 16 s",
        "c now holds the Lease fairlead/operator, which b no longer renewed: it leads",
        "b lost the Lease fairlead/operator: c holds it; this process ends, and the kubelet restarts it",
    ]


@pytest.mark.trial(8)
def test_a_fresh_lease_goes_with_the_deployment_that_runs_the_operator() -> None:
    """After an uninstall it could not be removed: the account's rights go before its processes do."""
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "fairlead", "uid": "u"}

    async def ours() -> Manifest:
        return owner

    async def story() -> None:
        fake = FakeApi()
        async with fake.connected() as connection:
            mine = LeaseSettings(namespace="fairlead", name="operator", identity="a", owner=ours)
            async with hold(Leadership(ApiServer(connection), mine, DICE)):
                pass
            held = fake.objects.held[LEASE.title, "fairlead", "operator"]
            assert (held["metadata"]["ownerReferences"], held["spec"]["holderIdentity"]) == ([owner], "")

    run(story())
