"""Pages that take long are made in slices: requests are served in between, and a bug spoils one page alone."""

import asyncio
from collections.abc import Iterator

from fairlead.router.long_pages import SLICE, LongPage, LongPages
from tests.router.planes import run_story


def page(pieces: Iterator[str]) -> LongPage:
    return LongPage(pieces=pieces, content_type=b"text/plain")


def counted(count: int, made: list[int]) -> Iterator[str]:
    for number in range(count):
        made.append(number)
        yield f"{number},"


def test_other_work_goes_on_between_the_slices_of_a_page() -> None:
    made, seen, done = list[int](), list[int](), list[bytes | None]()

    async def story() -> None:
        LongPages().make(page(counted(3 * SLICE, made)), done.append)
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
        pages.make(page(counted(1, [])), gone)
        pages.make(page(counted(1, [])), done.append)
        while len(done) < 2:
            await asyncio.sleep(0)

    run_story(story())
    assert done == [b"logged", b"0,"]


def test_pages_are_made_one_after_the_other_also_after_one_that_hit_a_bug() -> None:
    done, last = list[bytes | None](), list[int]()

    def broken() -> Iterator[str]:
        yield "begun"
        raise IndexError

    async def story() -> None:
        pages = LongPages()
        for pieces in (counted(1, []), broken(), counted(SLICE, []), counted(2, last)):
            pages.make(page(pieces), done.append)
        while len(done) < 3:
            assert last == [], "its turn has not come"
            await asyncio.sleep(0)
        while len(done) < 4:
            await asyncio.sleep(0)
        pages.make(page(iter(())), done.append)
        while len(done) < 5:
            await asyncio.sleep(0)

    run_story(story())
    assert (done[0], done[1], done[3], done[4]) == (b"0,", None, b"0,1,", b"")
    assert done[2] is not None
    assert done[2].startswith(b"0,1,"), "nothing of the broken one is in it"
