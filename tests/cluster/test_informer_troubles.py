"""Informer troubles beyond the objects themselves: errors, missing rights and kinds, and malformed events."""

import asyncio
import logging

import pytest

from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import CONFIG_MAP
from fairlead.cluster.watch_scope import InformerTimings
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import DICE, IN_USE, following, note, run, until


@pytest.mark.parametrize(
    "word",
    [
        {"type": "ERROR", "object": {"code": 410, "message": "too old"}},
        {"type": "ERROR", "object": {"code": 500, "message": "no more"}},
        {"type": "ERROR", "object": {}},
        {"type": "ADDED", "object": {"metadata": {"name": "without a version"}}},
        {"type": "SHOUTED", "object": {"metadata": {"resourceVersion": "1"}}},
        "half a {",
        "[]",
    ],
    ids=range(7),
)
def test_an_error_in_the_stream_means_listing_anew(word: dict[str, object] | str) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.send_line(word)
            await until(lambda: fake.count("list") == 2)
            await until(lambda: fake.watchers)
            fake.put(CONFIG_MAP, note("after"))
            await follower.holds(after="a")

    run(story())


def test_410_again_and_again_is_answered_with_pauses() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(code=410), "watch", times=5)
        patient = InformerTimings(stay_s=(20, 30), silence_s=5, least_s=0.02, max_s=0.03)
        async with following(fake, timings=patient):
            started = asyncio.get_running_loop().time()
            await until(lambda: fake.watchers)
            assert asyncio.get_running_loop().time() - started > 4 * 0.02
        assert fake.count("list") == 6

    run(story())


def test_a_missing_right_is_logged_once_and_the_informer_recovers_when_it_is_granted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P23."""

    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("seen"))
        fake.forbidden.add(("list", "configmaps"))
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.count("list") == 0 and follower.informer.trouble)
            assert 'cannot list resource "configmaps"' in follower.informer.trouble
            await asyncio.sleep(0.1)
            assert not follower.informer.synced.is_set()
            fake.forbidden.clear()
            await follower.holds(seen="a")
            await until(lambda: not follower.informer.trouble)

    with caplog.at_level(logging.WARNING, "fairlead.cluster.informer"):
        run(story())
    assert [line.message[:70] for line in caplog.records] == [
        'list configmaps: 403: configmaps is forbidden: User "test" cannot list',
        "the API server answers again; the problem was: list configmaps: 403: c",
    ]


def test_a_missing_kind_has_no_objects_until_it_is_there() -> None:
    """P24: absent at start, added later, removed later."""

    async def story() -> None:
        fake = FakeApi()
        fake.absent.add("configmaps")
        async with following(fake, timings=IN_USE) as follower:
            await follower.informer.synced.wait()
            assert "could not find the requested resource" in follower.informer.trouble
            fake.absent.clear()
            fake.put(CONFIG_MAP, note("there"))
            await follower.holds(there="a")
            await until(lambda: fake.watchers)
            fake.absent.add("configmaps")
            fake.cut()
            await follower.holds()
            fake.absent.clear()
            await follower.holds(there="a")

    run(story())


@pytest.mark.parametrize("body", ["{}", '{"items": []}', '{"items": [3], "metadata": {"resourceVersion": "1"}}', "[3]"])
def test_a_malformed_list_is_requested_again(body: str) -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("there"))
        fake.fail(Fault(code=200, body=body), "list")
        async with following(fake, timings=IN_USE) as follower:
            await follower.holds(there="a")
        assert fake.count("list") == 2

    run(story())


def test_a_server_that_fails_for_long_makes_us_list_anew() -> None:
    """After three failures the version to resume from is given up."""

    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.fail(Fault(code=500), "watch", times=3)
            fake.cut()
            await until(lambda: fake.count("list") == 2)
            fake.put(CONFIG_MAP, note("after"))
            await follower.holds(after="a")

    run(story())


def test_a_watch_that_ends_at_once_is_opened_with_pauses() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(code=200), "watch", times=4)
        patient = InformerTimings(stay_s=(20, 30), silence_s=5, least_s=0.02, max_s=0.03)
        async with following(fake, timings=patient):
            started = asyncio.get_running_loop().time()
            await until(lambda: fake.watchers)
            assert asyncio.get_running_loop().time() - started > 4 * 0.02
        assert fake.count("list") == 1

    run(story())


def test_the_pause_grows_to_its_limit_and_never_ends_before_its_least() -> None:
    pauses = [InformerTimings().pause(failures, DICE) for failures in range(40)]
    assert (pauses[0], pauses[1]) == (0.0, 1.0)
    assert all(1.0 <= pause <= 30.0 for pause in pauses[1:])
    assert all(pause >= 15.0 for pause in pauses[6:])


def test_a_kind_that_a_cluster_may_lack_is_absent_until_it_is_installed(caplog: pytest.LogCaptureFixture) -> None:
    """Looked up again with growing pauses, and logged once."""

    async def story() -> None:
        fake = FakeApi()
        fake.fail(Fault(code=404), "list", times=4)
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: follower.informer.availability is KindAvailability.ABSENT)
            await until(lambda: follower.informer.availability is KindAvailability.SERVED)
            fake.put(CONFIG_MAP, note("seen"))
            await follower.holds(seen="a")
            await until(lambda: not follower.informer.trouble)
        assert len([one for one in caplog.records if "trying again" in one.message]) == 1

    with caplog.at_level(logging.WARNING):
        run(story())


def test_a_missing_right_makes_a_kind_forbidden_until_it_is_granted() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.forbidden.add(("list", "configmaps"))
        async with following(fake, timings=IN_USE) as follower:
            assert follower.informer.availability is KindAvailability.AWAITED
            await until(lambda: follower.informer.availability is KindAvailability.FORBIDDEN)
            fake.forbidden.clear()
            await until(lambda: follower.informer.availability is KindAvailability.SERVED)

    run(story())


def test_after_a_restore_of_the_servers_data_its_older_state_counts(caplog: pytest.LogCaptureFixture) -> None:
    """Versions went back: a watch from the last one is silent, and each list and event is older than what is held."""

    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("changed", "before"))
        fake.put(CONFIG_MAP, note("deleted-since"))
        backup = fake.objects.copied()
        async with following(fake) as follower:
            await until(lambda: fake.watchers)
            fake.put(CONFIG_MAP, note("changed", "since"))
            fake.put(CONFIG_MAP, note("made-since"))
            fake.remove(CONFIG_MAP, "serving", "deleted-since")
            await follower.holds(**{"changed": "since", "made-since": "a"})
            fake.objects = backup
            fake.cut()
            await follower.holds(**{"changed": "before", "deleted-since": "a"})
            fake.put(CONFIG_MAP, note("new"))
            fake.remove(CONFIG_MAP, "serving", "deleted-since")
            await follower.holds(changed="before", new="a")

    with caplog.at_level(logging.WARNING, "fairlead.cluster.informer"):
        run(story())
    (line,) = [one.message for one in caplog.records if "restored" in one.message]
    assert line == (
        "configmaps: the list is of version 102, older than 105, which was received before: the API server was "
        "restored from an older backup; the local cache is rebuilt from this list"
    )


def test_one_list_of_a_server_that_lags_behind_is_not_taken() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.put(CONFIG_MAP, note("there"))
            await follower.holds(there="a")
            fake.fail(Fault(code=200, body='{"items": [], "metadata": {"resourceVersion": "100"}}'), "list")
            fake.expire()
            await until(lambda: fake.count("list") == 3)
            await until(lambda: fake.watchers)
        assert follower.changes == [("came", "there=a")]

    run(story())
