"""Inputs of `fairlead calibrate`: its arguments, and scrapes of a running engine or the rows of a recording."""

import argparse
import asyncio
import difflib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.cli import argument_values, offline_data
from fairlead.cluster import package_data, pod_http
from fairlead.emulator import dialects
from fairlead.emulator.command_line import InvalidCommandLine
from fairlead.emulator.engine import provision
from fairlead.engines.catalogue import DEFAULT, ENGINES
from fairlead.fleet.engine_load import EngineLoad
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.replay import first_seconds, recordings, scrape_intervals
from fairlead.simulator.replay.scrape_intervals import TimedScrape
from fairlead.simulator.timing import rate_shares
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.rate_shares import RateShares, WorkStretch
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.measured_rows import BadMeasurement
from fairlead.sizing.sizing_input import SizingInput

_ENGINE: Final = ENGINES[DEFAULT]
"""The engine kind whose command and metrics are read."""
_OF_SWEEPS: Final = ("config_json", "draft_config_json", "variants")
_AT_LIMIT: Final = 0.001
_REPORTED_EVERY_S: Final = 10.0
_TRIED: Final = Provenance(level=ProvenanceLevel.RECORDED, source="tried while calibrating")


class CalibrateArgumentError(Exception):
    """An argument is invalid, or its target does not respond; the message says what to do."""


@dataclass(frozen=True, slots=True)
class CalibrationTarget:
    """The deployment to measure."""

    sizing: SizingInput
    blocks: int | None
    """Blocks of its KV cache, if the command sets them."""
    block_tokens: int

    def times(self, reached: RateShares) -> PhysicalStepTimes:
        """Compute its step times with these shares."""
        return rate_shares.step_times_with_shares(self.sizing, reached, _TRIED)


def read(chosen: argparse.Namespace) -> CalibrationTarget:
    """Read the target from the engine's command after `--` and from the GPU; check the other options first."""
    _check(chosen)
    try:
        serve_arguments = dialects.DIALECTS[DEFAULT].read(chosen.vllm, {})
    except InvalidCommandLine as problem:
        raise CalibrateArgumentError(str(problem)) from problem
    catalogue = offline_data.catalogue(chosen.products)
    shape = catalogue.shapes.get(serve_arguments.model)
    if shape is None:
        raise CalibrateArgumentError(
            f"model {serve_arguments.model}: not in the catalogue; {_near(serve_arguments.model, catalogue.shapes)}"
        )
    accelerator = catalogue.accelerators.get(chosen.product)
    if accelerator is None:
        raise CalibrateArgumentError(
            f"--product {chosen.product}: not in the catalogue; {_near(chosen.product, catalogue.accelerators)}"
        )
    if serve_arguments.memory.parallelism.gpus != chosen.gpus:
        needed = serve_arguments.memory.parallelism.gpus
        raise CalibrateArgumentError(f"--gpus {chosen.gpus}: the command spreads over {needed}; write --gpus {needed}")
    sizing = provision.question_of(serve_arguments, shape, accelerator, catalogue)
    return CalibrationTarget(sizing, serve_arguments.memory.blocks, serve_arguments.limits.block_tokens)


def _check(chosen: argparse.Namespace) -> None:
    """Raise an error for options that would fail, or make no sense, only after the measurement."""
    if chosen.out is not None:
        argument_values.check_writable("--out", chosen.out)
    argument_values.number("--seconds", str(chosen.seconds), 1, 86_400)
    argument_values.number("--every", str(chosen.every), 0.05, 60)
    if chosen.url is not None and not chosen.url.startswith(("http://", "https://")):
        raise CalibrateArgumentError(
            f"--url {chosen.url}: not an HTTP address; write one, such as http://10.0.0.7:8000"
        )
    if chosen.recorded == "":
        raise CalibrateArgumentError("--recorded: no file; write the path of timeseries.csv")
    given = next((name for name in _OF_SWEEPS if getattr(chosen, name) is not None), None)
    if given is not None:
        raise CalibrateArgumentError(f"--{given.replace('_', '-')}: only --sweep uses it; add --sweep, or leave it out")


def undetermined(shares: RateShares) -> str:
    """Say that the share of bandwidth stopped at a limit of what is tried: the times are not this GPU's; else empty."""
    because = _unexplained("bandwidth", shares.bandwidth)
    return because and f"{because}; check --product and the command, and watch under steadier load"


def doubtful(shares: RateShares) -> str:
    """Say the same of the share of arithmetic, which matters only for long prompts and large batches; else empty."""
    because = _unexplained("arithmetic", shares.arithmetic)
    return because and f"warning: {because}; before you plan for long prompts, watch again under more load"


def _unexplained(name: str, share: float) -> str:
    limits = (rate_shares.LOWEST, rate_shares.HIGHEST)
    if not any(abs(share - one) < _AT_LIMIT for one in limits):
        return ""
    return f"no share of {name} from {limits[0]:.0%} to {limits[1]:.0%} explains the times"


def observations(
    chosen: argparse.Namespace, target: CalibrationTarget, report: Callable[[str], None]
) -> list[WorkStretch]:
    """Collect observations from scrapes of the engine or from the recording."""
    if chosen.url is not None:
        plan = _ScrapePlan(chosen.url.rstrip("/") + _ENGINE.api.metrics_path, chosen.seconds, chosen.every)
        scrapes = asyncio.run(_watch(plan, report))
        return scrape_intervals.stretches(scrapes, target.sizing.batch_tokens)
    if target.blocks is None:
        raise CalibrateArgumentError(
            "--recorded: the size of the run's KV cache is unknown; "
            "add --num-gpu-blocks-override N to its command, as its log says"
        )
    try:
        rows = recordings.read_seconds(package_data.read_text(Path(chosen.recorded)))
    except BadMeasurement as problem:
        raise CalibrateArgumentError(f"--recorded {chosen.recorded}: {problem}") from problem
    limits = EngineSettings(
        blocks=target.blocks, block_tokens=target.block_tokens, batch_tokens=target.sizing.batch_tokens
    )
    return first_seconds.stretches(rows, limits)


def source(chosen: argparse.Namespace) -> str:
    """Describe the origin in the result; without the address, which means nothing to readers elsewhere."""
    if chosen.url is not None:
        return f"a running engine's metrics, {chosen.seconds:.0f} s"
    return f"the recorded run {Path(chosen.recorded).parent.name or chosen.recorded}"


def write(place: str, text: str, report: Callable[[str], None]) -> bool:
    """Write the result to the file given by `--out`; if that fails, report it and return False."""
    try:
        Path(place).write_text(text, encoding="utf-8")
    except OSError as problem:
        report(f"fairlead calibrate: --out {place}: {problem.strerror or problem}; the result is above, -o json has it")
        return False
    return True


@dataclass(frozen=True, slots=True)
class _ScrapePlan:
    """What to scrape, for how long, and how often."""

    url: str
    seconds: float
    every: float


async def _watch(plan: _ScrapePlan, report: Callable[[str], None]) -> list[TimedScrape]:
    scrapes: list[TimedScrape] = []
    started = reported = time.monotonic()
    async with aiohttp.ClientSession() as session:
        while (now := time.monotonic()) - started < plan.seconds:
            page = await pod_http.fetch(session, plan.url)
            load = _ENGINE.load(page) if page is not None else None
            if not isinstance(load, EngineLoad):
                raise CalibrateArgumentError(
                    f"--url: no engine's metrics at {plan.url}; give the address that vLLM serves on"
                )
            scrapes.append(TimedScrape(time.monotonic(), load))
            if now - reported >= _REPORTED_EVERY_S:
                reported = now
                running, waiting = load.running or 0, load.waiting or 0
                report(f"{now - started:.0f} of {plan.seconds:.0f} s: {running:.0f} running, {waiting:.0f} waiting")
            await asyncio.sleep(plan.every)
    return scrapes


def _near(word: str, names_by: object) -> str:
    names = list(names_by) if isinstance(names_by, dict) else []
    near = ", ".join(difflib.get_close_matches(word, names, n=3, cutoff=0.3))
    return f"near: {near}" if near else "no name there is similar"
