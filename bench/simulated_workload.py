"""Timed requests on the simulated engine in virtual time, for comparison with a real engine's figures."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest


@dataclass(frozen=True, slots=True)
class WorkloadRequest:
    """One request: when, and how long."""

    at: float
    prompt: int
    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedWorkload:
    """Means over requests."""

    token_s: float
    """Between two tokens."""
    first_token_s: float
    running: float
    """Concurrent requests."""


def play(
    requests: Sequence[WorkloadRequest], command: Sequence[str], product: str, measured: Path | None
) -> PlayedWorkload:
    """Simulate an engine started by this command, with the steps of this sweep's file, or the fitted ones."""
    arguments = dialects.read(command, {})
    packaged = replace(packaged_data.load(measured), sweeps=())
    made = provision.provide(arguments, EmulatedMachine(product, 1), emulation_knobs.read({}), packaged)
    core = EngineCore(made.settings, made.times, random.Random(0))  # noqa: S311  # nothing is drawn
    sent = [
        EngineRequest(serial=serial, prompt_tokens=one.prompt, output_tokens=one.reply, arrived=one.at)
        for serial, one in enumerate(requests)
    ]
    now = 0.0
    for request in sent:
        now = max(core.advance(now, request.arrived, stopping=False).now, request.arrived)
        if (refused := core.add(request)) is not None:
            raise RuntimeError(f"request {request.serial} is refused: {refused}")
    while core.running or core.waiting:
        now = core.advance(now, now + 1.0, stopping=False).now
    return _figures(sent)


def _figures(sent: Sequence[EngineRequest]) -> PlayedWorkload:
    spans = [((one.ended or 0.0) - (one.first_token or 0.0), one.output_tokens) for one in sent]
    busy = max(one.ended or 0.0 for one in sent)
    return PlayedWorkload(
        token_s=statistics.fmean(span / (tokens - 1) for span, tokens in spans),
        first_token_s=statistics.fmean((one.first_token or 0.0) - one.arrived for one in sent),
        running=sum(span for span, _ in spans) / busy,
    )
