"""A store follows the API server through whatever happens to its watch."""

import asyncio

import pytest

from fairlead.cluster.kinds import CONFIG_MAP
from fairlead.cluster.watch_scope import InformerTimings
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import IN_USE, following, note, run, until


def test_it_lists_then_watches_and_reports_each_change_once() -> None:
    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("old", "a"))
        async with following(fake, timings=IN_USE) as follower:
            await follower.informer.synced.wait()
            await until(lambda: fake.watchers)
            fake.put(CONFIG_MAP, note("new", "b"))
            fake.put(CONFIG_MAP, note("new", "c"))
            fake.remove(CONFIG_MAP, "serving", "old")
            await follower.holds(new="c")
        assert follower.changes == [("came", "old=a"), ("came", "new=b"), ("changed", "new=c"), ("went", "old=a")]
        assert (fake.count("list"), follower.informer.relists) == (1, 0)

    run(story())


def test_an_object_deleted_in_a_410_gap_is_lost_after_the_relist() -> None:
    """P9: no DELETED event was ever received."""

    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("kept"))
        fake.put(CONFIG_MAP, note("deleted"))
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.muted = True
            fake.remove(CONFIG_MAP, "serving", "deleted")
            fake.lose()
            fake.muted = False
            fake.expire()
            await follower.holds(kept="a")
        assert follower.changes == [("came", "deleted=a"), ("came", "kept=a"), ("went", "deleted=a")]
        assert follower.informer.relists == 1

    run(story())


def test_an_object_recreated_under_the_same_name_is_first_reported_as_deleted() -> None:
    """P7: an object is more than its name."""

    async def story() -> None:
        fake = FakeApi()
        fake.put(CONFIG_MAP, note("name", "first"))
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.muted = True
            fake.remove(CONFIG_MAP, "serving", "name")
            fake.put(CONFIG_MAP, note("name", "second"))
            fake.lose()
            fake.muted = False
            fake.expire()
            await follower.holds(name="second")
        assert follower.changes == [("came", "name=first"), ("went", "name=first"), ("came", "name=second")]

    run(story())


def test_a_silent_watch_is_left_and_goes_on_from_the_last_version() -> None:
    """P10: the connection is open and sends nothing."""

    async def story() -> None:
        fake = FakeApi()
        async with following(fake) as follower:
            await until(lambda: fake.watchers)
            fake.muted = True
            fake.put(CONFIG_MAP, note("late"))
            await until(lambda: fake.count("watch") > 1)
            fake.muted = False
            await follower.holds(late="a")
        assert fake.count("list") == 1

    run(story())


def test_bookmarks_keep_a_quiet_watch_and_carry_its_version_forward() -> None:
    async def story() -> None:
        fake = FakeApi()
        patient = InformerTimings(stay_s=(20, 30), silence_s=0.4, least_s=0.01, max_s=0.03)
        async with following(fake, timings=patient) as follower:
            await until(lambda: fake.watchers)
            fake.objects.version += 50
            for _ in range(12):
                fake.bookmark()
                await asyncio.sleep(0.04)
            assert (fake.count("watch"), follower.informer.age() < 0.4) == (1, True)
            fake.cut()
            await until(lambda: fake.count("watch") == 2)
        assert fake.requests[-1].query["resourceVersion"] == "150"

    run(story())


def test_our_own_write_is_in_the_store_before_the_watch_says_so() -> None:
    """P11: and the watch's event, when it comes, is passed on to no listener."""

    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.muted = True
            follower.informer.note(fake.put(CONFIG_MAP, note("ours")))
            assert follower.texts() == {"ours": "a"}
            fake.muted = False
            fake.publish()
            fake.put(CONFIG_MAP, note("next"))
            await follower.holds(ours="a", next="a")
        assert follower.changes == [("came", "ours=a"), ("came", "next=a")]

    run(story())


def test_each_named_namespace_is_followed_and_no_other() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with following(fake, "one", "two", selector="app=x", timings=IN_USE) as follower:
            await until(lambda: fake.watchers == 2)
            for namespace in ("one", "two", "three"):
                fake.put(CONFIG_MAP, note(f"in-{namespace}", namespace=namespace, labels={"app": "x"}))
            fake.put(CONFIG_MAP, note("other", namespace="one"))
            await follower.holds(**{"in-one": "a", "in-two": "a"})
            fake.put(CONFIG_MAP, note("in-one", namespace="one"))
            await follower.holds(**{"in-two": "a"})

    run(story())


def test_a_listener_that_fails_does_not_blind_us(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            fake.put(CONFIG_MAP, note("bad") | {"data": {}})
            fake.put(CONFIG_MAP, note("good"))
            await until(lambda: follower.changes)
        assert follower.changes == [("came", "good=a")]

    run(story())
    assert "a listener of configmaps failed" in caplog.text


def test_an_object_of_a_megabyte_and_an_empty_line_do_no_harm() -> None:
    async def story() -> None:
        fake = FakeApi()
        async with following(fake, timings=IN_USE) as follower:
            await until(lambda: fake.watchers)
            large = "x" * 10**6
            fake.send_line("")
            fake.put(CONFIG_MAP, note("large", large))
            await follower.holds(large=large)
        assert fake.count("list") == 1

    run(story())
