"""Where requests wait until they may be sent."""

import asyncio

import pytest

from fairlead.batcher.send_gate import SendGate
from fairlead.batching.send_window import SendWindow


def test_a_pause_that_ends_while_the_gate_looks_at_the_clock_does_not_last_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        loop, window = asyncio.get_running_loop(), SendWindow(4)
        gate = SendGate(window)
        window.resume_at = loop.time() + 0.02
        waits = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        readings = iter((window.resume_at - 0.001, *[window.resume_at + 0.001] * 9))
        with monkeypatch.context() as ticking:
            ticking.setattr(loop, "time", lambda: next(readings))
            gate.advance()
        async with asyncio.timeout(10):
            assert await waits == 0

    asyncio.run(story())
