"""The text report of a sweep: our predictions' errors, the errors of its own step times, and what was left out."""

from collections.abc import Iterator
from typing import Final

from fairlead.cli.sweep.target import SweepTarget
from fairlead.emulator import packaged_data
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.sweep import errors
from fairlead.simulator.sweep.measurements import SweepRecord, SweepWork
from fairlead.simulator.sweep.step_table import TooFewMeasurements
from fairlead.simulator.timing import catalogue as timing
from fairlead.sizing import kv_pages, memory

_DRAFTED: Final = {
    EngineVariant.NGRAM: "n-gram speculation by the host",
    EngineVariant.NGRAM_GPU: "n-gram speculation by the GPU",
    EngineVariant.DRAFT: "a draft model",
    EngineVariant.EAGLE3: "an EAGLE-3 head",
}


def lines(record: SweepRecord, target: SweepTarget, left: int) -> Iterator[str]:
    """Yield all lines; predictions made without the sweep come before the sweep's own figures."""
    yield from _starts(record)
    yield _capacity(record, target)
    yield from _predictions(record, target)
    yield from _own(record)
    yield from (f"skipped {one.what}: {one.why}" for one in record.skipped)
    if left:
        yield f"{left} points are left: run the same command again, it continues where it stopped"


def _starts(record: SweepRecord) -> Iterator[str]:
    for one in record.starts:
        caches = "with caches kept" if one.kept else "with empty caches"
        phases = ", ".join(f"{name} {seconds:.1f}" for name, seconds in one.phases.items())
        graphs = "" if one.graphs_gib is None else f"; CUDA graphs {one.graphs_gib:.2f} GiB"
        spent = f": {phases}" if phases else "; its log does not say on what"
        yield f"start of {one.variant} {caches}: {one.seconds:.1f} s{spent}{graphs}"
    for nap in record.sleeps:
        memory_words = "" if nap.freed_gib is None else f", freed {nap.freed_gib} GiB, {nap.left_gib} GiB still in use"
        yield f"sleep: {nap.asleep_s:.2f} s to fall asleep, {nap.awake_s:.2f} s to wake{memory_words}"


def _capacity(record: SweepRecord, target: SweepTarget) -> str:
    found, sizing = record.capacity, target.sizing
    if found is None:
        return "KV cache: the engine does not report how many tokens it holds"
    text = f"KV cache: {found.tokens:,} tokens in blocks of {found.block_tokens}"
    flags = target.serve_arguments.memory
    if any(one is not None for one in (flags.blocks, flags.cache_bytes, flags.most_tokens)):
        return f"{text}, as the command says: nothing to compare"
    if sizing.accelerator.is_cpu and not sizing.accelerator.memory_bytes:
        if target.kind.cpu_cache is None:
            return f"{text}; the fit has none for {record.deployment.kind} on a processor"
        return f"{text}; set {target.kind.cpu_cache} to compare it with the fit"
    if sizing.accelerator.is_cpu:
        predicted = kv_pages.tokens(sizing, sizing.accelerator.memory_bytes)
        return (
            f"{text}; the fit says {predicted:,} for this {target.kind.cpu_cache} ({predicted / found.tokens - 1:+.1%})"
        )
    estimate, _ = kv_pages.spans(sizing, memory.memory(sizing).kv)
    inside = "inside" if estimate.low <= found.tokens <= estimate.high else "outside"
    off = f"({estimate.likely / found.tokens - 1:+.1%})"
    span = f"{estimate.low:,.0f} to {estimate.high:,.0f}"
    return f"{text}; the fit says {estimate.likely:,.0f} {off}, and it is {inside} {span}"


def _predictions(record: SweepRecord, target: SweepTarget) -> Iterator[str]:
    times = timing.step_times(target.sizing, packaged_data.load().fitted)
    if isinstance(times, timing.RatesUnknown):
        yield f"our predictions: none for {target.sizing.accelerator.product}, whose rates are not in the catalogue"
        return
    yield f"our predictions without this sweep ({times.provenance.level}):"
    for one in errors.of_predictions(record, times):
        yield f"  {one.words}"


def _own(record: SweepRecord) -> Iterator[str]:
    times = errors.step_times(record)
    if isinstance(times, TooFewMeasurements):
        yield f"step times of this sweep: {times}"
        return
    yield "step times of this sweep, each measurement predicted from all others:"
    for one in errors.left_one_out(record):
        yield f"  {one.words}"
    for measured in record.steps:
        if measured.point.variant in _DRAFTED and measured.point.work is SweepWork.DECODE:
            line = times.decode_line(measured.point.batch, measured.point.batch)
            step_s = measured.seconds / measured.steps
            name, drafts = _DRAFTED[measured.point.variant], measured.decode_tokens / measured.point.batch - 1
            yield (
                f"  {name}, {measured.point.batch} decoding: {1e3 * step_s:.2f} ms a step with "
                f"{drafts:.1f} drafted tokens each, {step_s / line.seconds(measured.attended) - 1:+.0%} against none"
            )
