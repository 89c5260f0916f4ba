"""Pages that take long are made in slices: requests are served in between, and a bug spoils one page alone."""

import asyncio
from collections.abc import Iterator
from itertools import repeat, takewhile
from pathlib import Path

import pytest

from fairlead.router import handlers, spending_pages
from fairlead.router.long_pages import SLICE, LongPage, LongPages
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.request_heads import RequestHead
from tests.router.planes import HOST, plane, run_story, written


def page(pieces: Iterator[str]) -> LongPage:
    return LongPage(pieces=pieces, content_type=b"text/plain")


def always() -> bool:
    return True


def counted(count: int, made: list[int]) -> Iterator[str]:
    for number in range(count):
        made.append(number)
        yield f"{number},"


def test_other_work_goes_on_between_the_slices_of_a_page() -> None:
    made, seen, done = list[int](), list[int](), list[bytes | None]()

    async def story() -> None:
        LongPages().make(page(counted(3 * SLICE, made)), done.append, always)
        while not done:
            seen.append(len(made))
            await asyncio.sleep(0)

    run_story(story())
    assert seen[:4] == [0, SLICE, 2 * SLICE, 3 * SLICE]
    assert done == ["".join(f"{number}," for number in range(3 * SLICE)).encode()]


def test_a_client_that_cannot_take_its_page_keeps_no_other_from_being_made() -> None:
    done = list[bytes | None]()

    def gone(_: bytes | None) -> None:
        raise RuntimeError("Cannot call write() after write_eof()")

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: done.append(b"logged"))
        pages = LongPages()
        pages.make(page(counted(1, [])), gone, always)
        pages.make(page(counted(1, [])), done.append, always)
        while len(done) < 2:
            await asyncio.sleep(0)

    run_story(story())
    assert done == [b"logged", b"0,"]


def test_a_page_is_made_no_further_once_it_is_no_longer_wanted() -> None:
    done, made, unread = list[bytes | None](), list[int](), list[int]()

    async def story() -> None:
        pages = LongPages()
        pages.make(page(counted(9 * SLICE, made)), done.append, lambda: len(made) < 2 * SLICE)
        pages.make(page(counted(1, unread)), done.append, lambda: False)
        pages.make(page(counted(1, [])), done.append, always)
        while not done:
            await asyncio.sleep(0)

    run_story(story())
    assert (len(made), unread, done) == (2 * SLICE, [], [b"0,"])


def test_pages_are_made_one_after_the_other_also_after_one_that_hit_a_bug() -> None:
    done, last = list[bytes | None](), list[int]()

    def broken() -> Iterator[str]:
        yield "begun"
        raise IndexError

    async def story() -> None:
        pages = LongPages()
        for pieces in (counted(1, []), broken(), counted(SLICE, []), counted(2, last)):
            pages.make(page(pieces), done.append, always)
        while len(done) < 3:
            assert last == [], "its turn has not come"
            await asyncio.sleep(0)
        while len(done) < 4:
            await asyncio.sleep(0)
        pages.make(page(iter(())), done.append, always)
        while len(done) < 5:
            await asyncio.sleep(0)

    run_story(story())
    assert (done[0], done[1], done[3], done[4]) == (b"0,", None, b"0,1,", b"")
    assert done[2] is not None
    assert done[2].startswith(b"0,1,"), "nothing of the broken one is in it"


def test_a_client_whose_request_is_whole_waits_for_its_page_however_long_that_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time-outs of heads and bodies are for those that still send them."""

    def slow(_context: RouterContext, _head: RequestHead) -> LongPage:
        clock = asyncio.get_running_loop().time
        end = clock() + 0.4
        return page(takewhile(lambda _: clock() < end, repeat("")))

    async def story() -> None:
        monkeypatch.setitem(handlers.LONG, spending_pages.EXPORT, slow)
        limits = {"headSeconds": 0.1, "bodySeconds": 0.1, "idleSeconds": 0.1}
        async with (
            plane(written(tmp_path, ["127.0.0.1:1"], connections=limits)) as router,
            router.session.get(router.pages + "/fairlead/v1/usage") as answer,
        ):
            assert (answer.status, await answer.text()) == (200, "")

    run_story(story())


def test_requests_are_served_while_a_tenants_usage_of_months_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its rows at once would stop every stream: a quarter of a second for twenty models in forty days."""
    begun, others = asyncio.Event(), list[int]()

    def slow(_context: RouterContext, _head: RequestHead) -> LongPage:
        begun.set()
        return page(takewhile(lambda _: not others, repeat("")))

    async def story() -> None:
        monkeypatch.setitem(handlers.OWN_LONG, spending_pages.USAGE, slow)
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            reading = asyncio.create_task(router.session.get(router.url + "/v1/usage"))
            await begun.wait()
            async with router.session.get(router.pages + "/fairlead/v1/usage") as answer:
                assert answer.status == 200, "an operator's page waits for no tenant's"
            async with router.session.get(router.url + "/v1/models") as answer:
                others.append(answer.status)
            async with await reading as answer:
                assert (answer.status, others) == (200, [200])

    run_story(story())


def test_a_page_without_end_is_made_no_further_once_its_connection_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    def endless(_context: RouterContext, _head: RequestHead) -> LongPage:
        first = not begun.is_set()
        begun.set()
        return page(repeat("") if first else iter(("short",)))

    async def story() -> None:
        monkeypatch.setitem(handlers.LONG, spending_pages.EXPORT, endless)
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            _, writer = await asyncio.open_connection(HOST, router.metrics_port)
            writer.write(b"GET /fairlead/v1/usage HTTP/1.1\r\nHost: x\r\n\r\n")
            await begun.wait()
            writer.close()
            async with router.session.get(router.pages + "/fairlead/v1/usage") as answer:
                assert await answer.text() == "short"

    run_story(story())
