"""Measures one point of a sweep on the running engine: load it, wait until it is steady, read its counters twice.

Durations are the engine's own: sums of its histograms, whose buckets do not matter. No clock of ours affects a result.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.cli.sweep import load_client
from fairlead.cli.sweep.load_client import LoadClient
from fairlead.engines.engine_sample import EngineSample
from fairlead.engines.http_api import SleepEndpoints
from fairlead.simulator.sweep.measurements import SleepMeasurement, StepMeasurement, SweepPoint, SweepWork

LONGEST_WINDOW_S: Final = 30.0
MIN_STEPS: Final = 20
"""The fewest steps to measure, as far as the longest window allows."""
FEWEST, MOST = 3, 20
"""Prompts of one measurement."""
ROOM_SHARE: Final = 0.75
"""The part of their longest reply that requests may write within a window."""
_PACE_S: Final = 0.3
_POLL_S: Final = 0.05
_QUIET_S: Final = 30.0
_SHOWN_S: Final = 2.0
"""How late an engine may report its running requests: SGLang does every fifteen steps."""


class NotMeasured(Exception):
    """A point could not be measured on this engine; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringLimits:
    """What requests may use of this engine."""

    context: int
    capacity_tokens: int
    window_s: float
    """How long a steady engine is measured."""

    def reply(self, point: SweepPoint) -> int:
        """The longest reply that all requests of a point may write at once."""
        fair = (self.capacity_tokens - point.prompt) // max(1, point.batch) - point.context
        return min(self.context - point.context, fair)


@dataclass(frozen=True, slots=True)
class _Window:
    """How long to measure, and how many tokens a reply may have."""

    seconds: float
    reply: int


async def measure(client: LoadClient, point: SweepPoint, limits: MeasuringLimits) -> StepMeasurement:
    """Measure one point; the engine is idle before and after."""
    if point.work is SweepWork.PREFILL:
        return await _prefill(client, point, limits.window_s)
    reply = limits.reply(point)
    if reply < MIN_STEPS:
        raise NotMeasured(f"replies could have {reply} tokens, and {MIN_STEPS} are needed")
    before = await client.sample()
    requests = [client.decode(point.context, reply) for _ in range(point.batch)]
    try:
        first = await _all_decode(client, requests, before)
        gather = _with_prompts if point.work is SweepWork.MIXED else _steady
        last = await gather(client, point, first, _Window(limits.window_s, reply))
    finally:
        await load_client.leave(requests)
    await _idle(client)
    return _steps(point, (before, first, last))


async def sleep(client: LoadClient, sleep_endpoints: SleepEndpoints) -> SleepMeasurement:
    """Measure one sleep that keeps weights in main memory, and the wake-up."""
    now = asyncio.get_running_loop().time
    began = now()
    await client.post(sleep_endpoints.sleep)
    asleep = now()
    await client.post(sleep_endpoints.wake)
    return SleepMeasurement(asleep_s=asleep - began, awake_s=now() - asleep)


async def warm_up(client: LoadClient) -> None:
    """Send a few requests that are not measured, so that first-use work happens here."""
    for tokens in (16, 64):
        await client.read_prompt(tokens)
    await asyncio.gather(*(client.decode(16, 16) for _ in range(2)))


async def _prefill(client: LoadClient, point: SweepPoint, window_s: float) -> StepMeasurement:
    await client.read_prompt(point.prompt)
    now = asyncio.get_running_loop().time
    began, sent = now(), 0
    before = await _settled(client)
    while sent < FEWEST or (sent < MOST and now() - began < window_s):
        await client.read_prompt(point.prompt)
        sent += 1
    after = await _counted(client, before, sent)
    return StepMeasurement(point=point, seconds=after.prefill_s - before.prefill_s, steps=sent, prompts=sent)


async def _all_decode(
    client: LoadClient, requests: "Sequence[asyncio.Task[None]]", before: EngineSample
) -> EngineSample:
    """Wait until every request has its first token and none has ended."""
    batch, clock, late = len(requests), asyncio.get_running_loop().time, None
    while True:
        for one in requests:
            if one.done() and (problem := one.exception()) is not None:
                raise NotMeasured(f"a request failed: {problem}")
        now = await client.sample()
        running = now.load.running or 0
        if now.first_tokens - before.first_tokens >= batch:
            if running == batch:
                return now
            late = late or clock()
            if clock() - late > _SHOWN_S:
                raise NotMeasured(f"{running:.0f} of {batch} requests ran at once: the others had ended by then")
        await asyncio.sleep(_POLL_S)


async def _steady(client: LoadClient, point: SweepPoint, first: EngineSample, window: _Window) -> EngineSample:
    """Return the counters after a window in which all requests decoded."""
    pace_s = min(_PACE_S, window.seconds)
    await asyncio.sleep(pace_s)
    early = await client.sample()
    rate = _steps_between(first, early, point.batch) / pace_s
    left = ROOM_SHARE * window.reply - _written(first, early) / point.batch
    wanted = min(max(window.seconds, MIN_STEPS / rate if rate else LONGEST_WINDOW_S), LONGEST_WINDOW_S)
    await asyncio.sleep(max(0.0, min(wanted, left / rate if rate else wanted)))
    late = await client.sample()
    return _last_whole((early, late), first, point.batch)


async def _with_prompts(client: LoadClient, point: SweepPoint, first: EngineSample, window: _Window) -> EngineSample:
    """Return the counters after some prefills while all other requests decoded."""
    now = asyncio.get_running_loop().time
    began, found = now(), [first]
    while len(found) <= FEWEST or (len(found) <= MOST and now() - began < window.seconds):
        await client.read_prompt(point.prompt)
        after = await _counted(client, found[-1], 1)
        if (after.load.running or 0) < point.batch or _written(first, after) > ROOM_SHARE * window.reply * point.batch:
            break
        found.append(after)
    return _last_whole(found[1:], first, point.batch)


def _last_whole(samples: Sequence[EngineSample], first: EngineSample, batch: int) -> EngineSample:
    """The last sample in which all requests were still decoding."""
    whole = [one for one in samples if (one.load.running or 0) >= batch and _steps_between(first, one, batch) > 1]
    if not whole:
        raise NotMeasured("replies ended before there was time to measure: the context is too short for this engine")
    return whole[-1]


def _steps(point: SweepPoint, samples: tuple[EngineSample, EngineSample, EngineSample]) -> StepMeasurement:
    before, first, last = samples
    steps = _steps_between(first, last, point.batch)
    drafted = (last.load.draft_tokens or 0.0) - (first.load.draft_tokens or 0.0)
    written = (_written(before, first) + _written(before, last)) / 2
    return StepMeasurement(
        point=point,
        seconds=(last.gaps[1] - first.gaps[1]) / point.batch,
        steps=steps,
        decode_tokens=point.batch + drafted / steps,
        attended=point.batch * point.context + written,
        prompts=round(last.first_tokens - first.first_tokens),
    )


def _steps_between(first: EngineSample, last: EngineSample, batch: int) -> float:
    return (last.gaps[0] - first.gaps[0]) / batch


def _written(first: EngineSample, last: EngineSample) -> float:
    return (last.load.generation_tokens or 0.0) - (first.load.generation_tokens or 0.0)


async def _counted(client: LoadClient, before: EngineSample, prompts: int) -> EngineSample:
    """Wait until the counters include `prompts` more: an answer may arrive before its counters."""
    while True:
        now = await client.sample()
        if now.prefills - before.prefills >= prompts:
            return now
        await asyncio.sleep(_POLL_S)


async def _settled(client: LoadClient) -> EngineSample:
    """Wait until the counters include everything sent before."""
    while True:
        now = await client.sample()
        await asyncio.sleep(_POLL_S)
        after = await client.sample()
        if now.prefills == after.prefills and not after.load.running:
            return after


async def _idle(client: LoadClient) -> None:
    """Wait until nothing is running."""
    async with asyncio.timeout(_QUIET_S):
        now = await client.sample()
        while now.load.running or now.load.waiting:
            await asyncio.sleep(_POLL_S)
            now = await client.sample()
