"""docs/reference/gpu.md and its plots: every sweep of a real engine that is kept.

`python -m house.gpu_page` writes it; a test fails when it is stale. To add one, copy the file that `fairlead calibrate
--sweep --out` wrote: of a GPU into the package, which then uses it, of a processor into docs/reference/sweeps.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fairlead.emulator import dialects
from fairlead.fleet.accelerators import CPU
from fairlead.simulator.sweep import errors, sweep_file
from fairlead.simulator.sweep.errors import WorkError
from fairlead.simulator.sweep.measurements import EngineVariant, StepMeasurement, SweepRecord, SweepWork
from house import scatter, served_section
from house.scatter import Panel
from house.tree import ROOT

PAGE: Final = "docs/reference/gpu.md"
SWEEPS: Final = ROOT / "docs" / "reference" / "sweeps"
PACKAGED: Final = ROOT / "operator" / "fairlead" / "simulator" / "data" / "sweeps"
"""Those that every simulation of the same deployment uses."""
_HEAD: Final = """\
# Real engines, measured

Written by `python -m house.gpu_page` from the files of `docs/reference/sweeps` and of the package; changes here are
lost. Each is what [`fairlead calibrate --sweep`](../simulator.md#sweep) wrote, whole. The simulated engine takes each
as it is, and those of GPUs without being told, for the deployment that was swept.

"""
_NO_GPU: Final = """\
**GPUs: not measured.** No GPU was at hand, so nothing on this page is about one: not the sweep's decode, prefill and
mixed steps, not cold starts with compilation and CUDA graphs, not sleep, not FP8. How well step times hold against
GPU runs that others published is on [their page](step-times.md). With a GPU, run the sweep and keep its file.

"""
_ONE_GPU: Final = """\
**One kind of GPU was measured**, an H100 with vLLM 0.32, in three sessions of a quarter of an hour, each on another
machine. What it shows for a fleet:

- The fit is right before the first start: the KV cache had the size that was promised to a twentieth of a percent, in
  16 bits and in FP8, which holds twice the tokens; to a quarter of a percent with FP8 weights, which leave room for
  12 % more; and to 0.6 % with a draft model beside it, which takes 24 %.
- A sweep of four minutes makes the simulator right on its machine: the time per token of traffic that it never saw is
  predicted within half a percent. Packaged step times, which are for cards that nobody measured, are 17 to 43 % too
  slow here, more so with more requests at once: plans by them are on the safe side, and dearer than need be. Weights
  are read 12 % faster than they say, and the KV cache at 3.1 TB/s where they have 1.9.
- The same card is not the same machine: the third session's took 7 % longer a token for chat and 28 % for busy chat
  than the first session's, with one command. Steps that run from CUDA graphs took the same to 3 %: it is the host that
  launches every other step kernel by kernel. By the first two sessions' sweep the simulator has the third's chat 6 %
  and busy chat 22 % too fast, and with longer graphs 4 and 9 %.
- Prompts longer than the largest captured graph are such steps: 256 tokens take 12 ms, 512 take 26 ms, and 1,024 hardly
  more. vLLM captures up to twice `batching.maxSequences` tokens (here 256) and at most 512. With graphs to 1,024 tokens
  512 take 15 ms, and busy chat, played once each on one machine, had its first tokens 25 % and all others 20 % sooner,
  for 6 s of capturing and 0.07 GiB.
- FP8 weights, quantized as they are loaded, take a third off a token where few requests run (6.43 to 4.25 ms), 18 %
  with 128 at once, and 30 % off a whole step of prompts. Very short prompts take longer. Fitted step times, corrected
  by the sweep in 16 bits, predict these tokens within 4 %; uncorrected they are 10 to 20 % too slow.
- An FP8 KV cache takes nothing off a token while contexts are short, and 5 % with eight of 4,096 tokens: it is for
  room.
- Looking drafts up (n-gram) costs 2.3 ms a step before any token is verified where the host does it, since vLLM then
  schedules while the GPU waits, and 0.4 ms where the GPU does (`ngram_gpu`, one outlier left out). With one request it
  pays from 36 % more tokens a step on by the host and from 7 % by the GPU; with 128 either way from 2.3 to 2.6 times
  the tokens: `speculation.maxConcurrency` is for that.
- A draft model costs 19 to 42 ms a step for three tokens, four times the step itself: vLLM 0.32 runs a draft model
  without CUDA graphs, so that the host's launching decides, 0.4 to 0.7 ms a layer and token. On a target of 8 billion
  parameters it cannot pay. EAGLE-3 heads and MTP layers do run from graphs; they were not measured.
- Sleep gives 71 of 72 GiB back. Falling asleep takes 11 s, since the weights are copied to the host; waking takes
  0.8 s.
- Of a start with empty caches, half is Python: importing takes longer than loading 15 GiB, compiling and capturing.
  Kept caches save 22 s of compiling and 23 s of compiling Triton's kernels, which warming up is mostly made of:
  `storage.cache.claimName` keeps both.
- The router takes no throughput that could be measured: 14.6 requests/s either way with 16 at once, 34 with 64 and 41
  with 128, where first tokens came 5 % sooner through it. A SIGTERM under 16 streams cut none.

"""
_NO_SWEEP: Final = "No sweep of a real engine is kept yet: not measured.\n"
_OWN: Final = """\

Each measurement predicted from all others, against what was measured:

| work | measurements | median error | worst |
|---|---|---|---|
"""


def kept() -> dict[str, SweepRecord]:
    """Every sweep by the name of its file."""
    paths = sorted((*SWEEPS.glob("*.jsonl"), *PACKAGED.glob("*.jsonl")), key=lambda path: path.name)
    return {path.stem: sweep_file.read(path.read_text(encoding="utf-8")) for path in paths}


def page(sweeps: dict[str, SweepRecord]) -> str:
    """The whole page."""
    gpus = any(one.deployment.product != CPU for one in sweeps.values())
    parts = [_HEAD, _ONE_GPU if gpus else _NO_GPU, *(_section(*one) for one in sweeps.items())]
    return "".join(parts if sweeps else [*parts, _NO_SWEEP]).rstrip() + "\n"


def plots(sweeps: dict[str, SweepRecord]) -> dict[str, str]:
    """A plot for each sweep by its path: what the others predict over what was measured."""
    unit = "ms a step, predicted by all others"
    return {_plot(name): scatter.drawing([_panel(record)], unit) for name, record in sweeps.items()}


def _plot(name: str) -> str:
    return f"docs/reference/sweep-{name}.svg"


def _panel(record: SweepRecord) -> Panel:
    """Milliseconds a step, or a prompt."""
    points: dict[str, list[tuple[float, float]]] = {work.value: [] for work in SweepWork}
    for one, error in errors.each_left_out(record):
        step_ms = 1e3 * one.seconds / one.steps
        points[one.point.work.value].append((step_ms, step_ms * (1 + error)))
    return Panel(f"{record.deployment.model} on {record.deployment.product}", points)


def _section(name: str, record: SweepRecord) -> str:
    swept = record.deployment
    lines = [
        f"## {swept.model} on {swept.product}, {swept.engine}\n",
        f"`{' '.join((*dialects.DIALECTS[swept.kind].words, swept.model, *swept.command))}`.\n",
        f"{swept.batch_tokens:,} tokens and {swept.sequences} requests a step at most, context {swept.context:,}.\n",
        *_starts(record),
        *_steps(record),
        _OWN.rstrip("\n"),
        *map(_error, errors.left_one_out(record)),
        f"\n![Predicted over measured](sweep-{name}.svg)\n",
        *(f"- not measured: {one.what}, since {one.why}" for one in record.skipped),
        "",
        "",
    ]
    return "\n".join(lines) + served_section.section(SWEEPS / f"{name}.jsonl")


def _error(one: WorkError) -> str:
    return f"| {one.work} | {len(one.errors)} | {one.size:.1%} | {max(one.errors, key=abs):+.1%} |"


def _starts(record: SweepRecord) -> Iterator[str]:
    names = list(dict.fromkeys(name for one in record.starts for name in one.phases))
    yield f"| start | caches | seconds | {' | '.join(names)} | CUDA graphs | KV cache |"
    yield f"|---|---|---|{'---|' * len(names)}---|---|"
    for one in record.starts:
        caches = "kept" if one.kept else "empty"
        phases = " | ".join(f"{one.phases[name]:.1f}" if name in one.phases else "" for name in names)
        graphs = "none" if one.graphs_gib is None else f"{one.graphs_gib:.2f} GiB"
        tokens = "" if one.capacity is None else f"{one.capacity.tokens:,} tokens"
        yield f"| {one.variant} | {caches} | {one.seconds:.1f} | {phases} | {graphs} | {tokens} |"
    for nap in record.sleeps:
        memory = (
            "" if nap.freed_gib is None else f", {nap.freed_gib:.1f} GiB freed, {nap.left_gib:.1f} GiB still in use"
        )
        yield f"\nSleep: {nap.asleep_s:.2f} s to fall asleep, {nap.awake_s:.2f} s to wake{memory}."
    yield ""


def _steps(record: SweepRecord) -> Iterator[str]:
    """Milliseconds a step, by batch and context; prompts by length."""
    decodes = [one for one in record.steps if one.point.work is SweepWork.DECODE]
    contexts = sorted({one.point.context for one in decodes})
    yield f"| requests that decode | variant | {' | '.join(f'at {context:,}, ms a step' for context in contexts)} |"
    yield f"|---|---|{'---|' * len(contexts)}"
    for variant, batch in sorted({(one.point.variant, one.point.batch) for one in decodes}, key=_by_variant):
        row = {one.point.context: one for one in decodes if (one.point.variant, one.point.batch) == (variant, batch)}
        yield f"| {batch} | {variant} | {' | '.join(_ms(row.get(context)) for context in contexts)} |"
    yield ""
    yield "| prompt of | variant | beside decoding | ms a prompt, or a step of those that decode |"
    yield "|---|---|---|---|"
    for one in (one for one in record.steps if one.point.work is not SweepWork.DECODE):
        yield f"| {one.point.prompt:,} | {one.point.variant} | {one.point.batch or 'none'} | {_ms(one)} |"


def _by_variant(key: tuple[EngineVariant, int]) -> tuple[int, int]:
    return list(EngineVariant).index(key[0]), key[1]


def _ms(one: StepMeasurement | None) -> str:
    return "" if one is None else f"{1e3 * one.seconds / one.steps:.2f}"


def main() -> int:
    """Writes page and plots."""
    sweeps = kept()
    for name, text in {PAGE: page(sweeps), **plots(sweeps)}.items():
        Path(ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
