"""Inputs of `fairlead plan`; the error for an invalid argument shows a valid one."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from fairlead.api import kinds
from fairlead.cli import client_mixes, offline_data
from fairlead.cli.argument_values import duration, number
from fairlead.cli.simulate_traffic import PIPE, TraceCut, TraceFile
from fairlead.cluster import package_data
from fairlead.engines.catalogue import DEFAULT, ENGINES
from fairlead.fleet import near_names
from fairlead.fleet.accelerators import CPU, Accelerator
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.plurals import count
from fairlead.fleet.shapes import ModelShape
from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.review import engine_objections
from fairlead.simulator.traffic.arrivals import UnreadableTraffic
from fairlead.sizing import checkpoint, traces
from fairlead.sizing.capacity_planning import PlanInputs
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.traces import TraceRequest, UnreadableTrace

_NEEDED: Final = ("rate", "prompt", "reply")
DESCRIBING: Final = (*_NEEDED, "burst", "cacheable", "retries")
"""Arguments that describe the traffic and take precedence over a recording."""
MAX_TOKENS: Final = 1e7
"""Of a prompt or a reply: as much as the longest context of any model."""
MAX_ROOM: Final = 9.0
"""Ten times the traffic: a plan for more needs other traffic."""
USUAL_BURST: Final = 1.5
"""Where no recording shows one."""


class PlanArgumentError(Exception):
    """An argument is invalid; the message names it and a valid one."""


def read_inputs(chosen: argparse.Namespace) -> PlanInputs:
    """Read all inputs of a plan."""
    catalogue = offline_data.catalogue(chosen.products)
    objectives = LatencyObjectives(
        ttft_p95_s=_duration("--ttft-p95", chosen.ttft_p95), tpot_p95_s=_duration("--tpot-p95", chosen.tpot_p95)
    )
    if not re.fullmatch(kinds.NAME_PATTERN, chosen.name):
        raise PlanArgumentError(f"--name {chosen.name[:64]}: {kinds.NAME_BECAUSE}; {kinds.NAME_REMEDY}")
    shape, traffic = _shape(chosen, catalogue), _traffic(chosen)
    recorded = chosen.trace and chosen.prompt is None and chosen.reply is None
    place = f"--trace {chosen.trace}" if recorded else "--prompt, --reply"
    _check_context(traffic, shape, place, judged=objectives != LatencyObjectives())
    return PlanInputs(
        release=ENGINES[DEFAULT].memory(""),
        objection=engine_objections.of_plan(shape, ENGINES[DEFAULT]),
        shape=shape,
        accelerators=_products(chosen.product, catalogue),
        traffic=traffic,
        objectives=objectives,
        quantize=not chosen.keep_precision,
    )


def room(chosen: argparse.Namespace) -> float:
    """The share of more requests than described that the fleet is planned for."""
    return 0.0 if chosen.room is None else number("--room", chosen.room, 0.0, MAX_ROOM)


def with_room(inputs: PlanInputs, share: float) -> PlanInputs:
    """The same with so many more requests."""
    traffic = inputs.traffic
    return replace(inputs, traffic=replace(traffic, requests_per_second=traffic.requests_per_second * (1 + share)))


def _check_context(traffic: Traffic, shape: ModelShape, place: str, *, judged: bool) -> None:
    """Raise if so many requests are longer than the model's context that none, or no objective, could be kept."""
    needed, long = traffic.prompt.p50 + traffic.output.p50, max(traffic.prompt.p95, traffic.output.p95)
    holds = f"and {shape.name} holds {shape.positions:,}, so they would be refused"
    shorter = "give shorter ones, or choose a model with a longer context"
    if needed > shape.positions:
        raise PlanArgumentError(f"{place}: half of the requests have {needed:,.0f} tokens or more, {holds}; {shorter}")
    if judged and long > shape.positions:
        raise PlanArgumentError(
            f"{place}: 5 of 100 requests have {long:,.0f} tokens or more, {holds}, and no fleet keeps an "
            f"objective for 95 of 100; {shorter}"
        )


def source(model: str) -> str:
    """The model source as a deployment writes it; a path or a scheme stays unchanged."""
    return model if model.startswith("/") or "://" in model else f"hf://{model}"


def _shape(chosen: argparse.Namespace, catalogue: Catalogue) -> ModelShape:
    name = chosen.model.removeprefix("hf://")
    if chosen.config_json:
        read = checkpoint.read(name, package_data.read_text(Path(chosen.config_json)))
        if isinstance(read, ModelShape):
            return read
        raise PlanArgumentError(f"--config-json {chosen.config_json}: {read.what}")
    if name in catalogue.shapes:
        return catalogue.shapes[name]
    near = ", ".join(near_names.near_names(name, catalogue.shapes, similar=3, alike=0.4))
    like = f"near: {near}; or give" if near else "give"
    raise PlanArgumentError(f"model {name}: not in the catalogue; {like} its own config.json: --config-json FILE")


def _products(named: Sequence[str], catalogue: Catalogue) -> tuple[Accelerator, ...]:
    for name in named:
        if name.upper() == CPU:
            raise PlanArgumentError(f"--product {name}: plans compare GPUs; how fast a processor is was not measured")
        if name not in catalogue.accelerators:
            near = near_names.near_names(name, catalogue.accelerators, similar=3, alike=0.3) or tuple(
                catalogue.accelerators
            )
            raise PlanArgumentError(f"--product {name}: not in the catalogue; near: {', '.join(near)}")
    return tuple(one for name, one in catalogue.accelerators.items() if not named or name in named)


def _traffic(chosen: argparse.Namespace) -> Traffic:
    if chosen.trace:
        return _with_words(_recorded(Path(chosen.trace), timed=chosen.rate is None), chosen)
    absent = [f"--{name}" for name in _NEEDED if getattr(chosen, name) is None]
    if absent:
        raise PlanArgumentError(f"{', '.join(absent)}: say what arrives, or give a recording: --trace FILE")
    prompt, reply = _lengths("--prompt", chosen.prompt), _lengths("--reply", chosen.reply)
    rate = number("--rate", chosen.rate, 1e-6, 1e9)
    plain = Traffic(requests_per_second=rate, burst=USUAL_BURST, prompt=prompt, output=reply)
    return _with_words(plain, chosen)


def _with_words(traffic: Traffic, chosen: argparse.Namespace) -> Traffic:
    """Override the figures of the recording with the arguments."""
    rate, burst = chosen.rate, chosen.burst
    cacheable, retries = chosen.cacheable, chosen.retries
    return Traffic(
        requests_per_second=traffic.requests_per_second if rate is None else number("--rate", rate, 1e-6, 1e9),
        burst=traffic.burst if burst is None else number("--burst", burst, 1.0, 1000.0),
        prompt=traffic.prompt if chosen.prompt is None else _lengths("--prompt", chosen.prompt),
        output=traffic.output if chosen.reply is None else _lengths("--reply", chosen.reply),
        cacheable=traffic.cacheable if cacheable is None else number("--cacheable", cacheable, 0.0, 0.99),
        retries=0.0 if retries is None else number("--retries", retries, 0.0, 10.0),
    )


def _recorded(path: Path, *, timed: bool) -> Traffic:
    text = package_data.read_text(path).removeprefix("\ufeff")
    first = text.lstrip().partition("\n")[0]
    if client_mixes.has_rates(first):
        beside = path.with_name(path.name.replace(client_mixes.RATES, client_mixes.LENGTHS))
        if beside == path or not beside.is_file():
            raise PlanArgumentError(f"--trace {path}: {client_mixes.no_lengths(path)}")
        found = traces.read_rates(text, package_data.read_text(beside))
        if isinstance(found, UnreadableTrace) and not client_mixes.describes(first):
            raise PlanArgumentError(f"--trace {path}, {beside.name}: {found.because}")
    else:
        found = traces.read(text)
    return _of_arrivals(path, timed=timed) if isinstance(found, UnreadableTrace) else found


def _of_arrivals(path: Path, *, timed: bool) -> Traffic:
    """Describe a trace in a format that only `simulate` reads, such as plain columns or access lines.

    Its reader tells the formats apart, so that a bad line is reported by the rules of its own format.

    If it is not `timed`, the rate is given, and requests without times of their own only have lengths.
    """
    if path.is_fifo():
        raise PlanArgumentError(f"--trace {path}: {PIPE}")
    try:
        trace = TraceFile(path=path, cut=TraceCut()).looked_through()
    except UnreadableTraffic as problem:
        raise PlanArgumentError(f"--trace {problem}") from None
    requests = [TraceRequest(one.time, one.prompt_tokens, one.output_tokens) for one in trace.arrivals(16)]
    if trace.at_once or not trace.seconds:
        if not timed:
            return replace(traces.summarize(requests), burst=USUAL_BURST)
        arrived = f"{count(len(requests), 'request')}, and no time between the first and the last"
        raise PlanArgumentError(f"--trace {path}: {arrived}; a rate needs requests at two times: give --rate")
    return traces.summarize(requests)


def _lengths(word: str, written: str) -> TokenLengths:
    parts = [_tokens(part) for part in written.split(",")]
    if len(parts) != 3 or sorted(parts) != parts or not all(1 <= part <= MAX_TOKENS for part in parts):
        raise PlanArgumentError(
            f"{word} {written}: three rising numbers of tokens, each from 1 to {MAX_TOKENS:,.0f} "
            "(p50,p95,p99), for instance 1000,2500,4000"
        )
    found = TokenLengths.of_percentiles(*parts)
    if found.mean > found.p99:
        raise PlanArgumentError(
            f"{word} {written}: so far apart that the mean would be {found.mean:,.0f} tokens, more than the 99th "
            "percentile; check the three numbers (p50,p95,p99), for instance 1000,2500,4000"
        )
    return found


def _tokens(written: str) -> float:
    """Parse a number; what is none is below any limit."""
    try:
        return float(written)
    except ValueError:
        return 0.0


def _duration(word: str, written: str | None) -> float | None:
    return None if written is None else duration(word, written)
