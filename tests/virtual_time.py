"""An event loop whose time stops while tasks run and jumps when all wait: tests of hours take no time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Jumping(selectors.SelectSelector):
    """Never waits: adds the timeout to the time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - as the base class has it
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = _Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


def run_story(story: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(story)


def now() -> float:
    """The current time of the test."""
    return asyncio.get_running_loop().time()
