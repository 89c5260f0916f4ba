"""The signals that end a process. Imports nothing heavy: routers use it too."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

ExitSignals = asyncio.Queue[int]
Result = TypeVar("Result")


def on_exit_signal(notify: Callable[[int], object]) -> None:
    """Handle SIGTERM and SIGINT from now on: a container's PID 1 has no default action for them."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, notify, int(number))


def exit_signals() -> ExitSignals:
    """Return a queue of all signals from now on."""
    seen: ExitSignals = asyncio.Queue()
    on_exit_signal(seen.put_nowait)
    return seen


async def cancelled_by_sigterm(work: Coroutine[Any, Any, Result]) -> Result:
    """Return the work's result; SIGTERM cancels it, as an interrupt does, so that it ends what it started."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await work
