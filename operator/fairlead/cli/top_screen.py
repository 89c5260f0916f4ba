"""The terminal of `fairlead top`: the alternate screen, single keys, and a full restore at the end."""

import asyncio
import contextlib
import os
import shutil
import termios
import tty
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TextIO

from fairlead.cli import terminal_colours, top_table
from fairlead.cli.cluster_client import ClusterUnavailable
from fairlead.cli.top_rows import TopView
from fairlead.cluster.api_errors import ApiError

_ENTER: Final = "\x1b[?1049h\x1b[?25l"
"""Switch to the alternate screen, so that the terminal's content comes back later, and hide the cursor."""
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_AGAIN: Final = "\x1b[H\x1b[J"
QUIT: Final = frozenset(b"qQ\x03\x04")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopScreen:
    """The screen for the table and the input for keys."""

    keys: TextIO | None
    """None if the input is no terminal: then only ctrl-c ends it."""
    out: TextIO

    def show(self, view: TopView) -> None:
        """Draw everything in one write, so that nothing flickers, with as many rows as fit."""
        size = shutil.get_terminal_size()
        lines = top_table.as_lines(view, width=size.columns, colour=terminal_colours.allowed())
        room = max(3, size.lines - 2)
        if len(lines) > room:
            lines = [*lines[:room], f"and {len(lines) - room} more; -n shows one namespace"]
        self.out.write(_AGAIN + "\n".join([*lines, "q quits"]))
        self.out.flush()


@contextlib.contextmanager
def alternate_screen(keys: TextIO, out: TextIO) -> Iterator[TopScreen]:
    """Use the alternate screen while the block runs."""
    held = termios.tcgetattr(keys.fileno()) if keys.isatty() else None
    try:
        if held is not None:
            tty.setcbreak(keys.fileno())
        out.write(_ENTER)
        yield TopScreen(keys=keys if held is not None else None, out=out)
    finally:
        out.write(_LEAVE)
        out.flush()
        if held is not None:
            termios.tcsetattr(keys.fileno(), termios.TCSADRAIN, held)


async def follow(screen: TopScreen, observe: Callable[[], Awaitable[TopView]], every: float) -> None:
    """Refresh until the user quits; a failed refresh keeps the last table and shows the reason."""
    quits = asyncio.Event()
    loop = asyncio.get_running_loop()
    if screen.keys is not None:
        loop.add_reader(screen.keys.fileno(), _pressed, screen.keys, quits)
    try:
        view = await observe()
        while not quits.is_set():
            screen.show(view)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(quits.wait(), every)
            if not quits.is_set():
                view = await _again(observe, view)
    finally:
        if screen.keys is not None:
            loop.remove_reader(screen.keys.fileno())


async def _again(observe: Callable[[], Awaitable[TopView]], before: TopView) -> TopView:
    try:
        return await observe()
    except (ApiError, ClusterUnavailable) as problem:
        return replace(before, not_refreshed=str(problem))


def _pressed(keys: TextIO, quits: asyncio.Event) -> None:
    """Quit on a key or at the end of input, after which no key can come."""
    pressed = os.read(keys.fileno(), 64)
    if not pressed or QUIT.intersection(pressed):
        quits.set()
