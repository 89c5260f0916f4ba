"""The signals that end a process, as it waits for them. Imports nothing heavy: routers use it too."""

import asyncio
import signal
from collections.abc import Callable

ExitSignals = asyncio.Queue[int]


def on_exit_signal(notify: Callable[[int], object]) -> None:
    """Handle SIGTERM and SIGINT from now on: a container's PID 1 has no default action for them."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, notify, int(number))


def exit_signals() -> ExitSignals:
    """The numbers of all signals from now on."""
    seen: ExitSignals = asyncio.Queue()
    on_exit_signal(seen.put_nowait)
    return seen
