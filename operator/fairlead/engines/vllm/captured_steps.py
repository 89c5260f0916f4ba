"""CUDA graph sizes for a field that gives the longest step to run from a graph, and the limits of that field.

A step takes the graph of the next size and is padded to it; one longer than all is launched kernel by kernel, by a host
that then takes longer than the GPU (docs/reference/gpu.md: 512 tokens take 26 ms without and 15 ms with a graph on an
H100).
"""

from typing import Final

from fairlead.engines import captured_graphs, extra_args
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_speculation import draft_tokens
from fairlead.engines.vllm import defaults, json_flags
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.plurals import count

FIELD: Final = "spec.engine.batching.cudaGraphTokens"
FLAGS: Final = ("--cudagraph-capture-sizes", "--max-cudagraph-capture-size")
COMPILATION: Final = ("--compilation-config", "-cc")
_NO_MODE: Final = frozenset({"NONE", "0"})


def arguments(setup: EngineSetup) -> tuple[str, ...]:
    """Return the flag and every size; nothing if vLLM is to choose."""
    most = setup.engine.cuda_graph_tokens
    return () if most is None or most < 1 else flags(most)


def flags(most: int) -> tuple[str, ...]:
    """Write the flag with graph sizes up to so many tokens."""
    return (FLAGS[0], *map(str, captured_graphs.sizes(most)))


def of_an_eager_engine(setup: EngineSetup) -> SpecRefusal | None:
    """With `--enforce-eager` vLLM ignores the sizes and captures none."""
    most = setup.engine.cuda_graph_tokens
    if most is None or not setup.engine.eager:
        return None
    return SpecRefusal(
        field=FIELD,
        value=str(most),
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="with spec.engine.eager no CUDA graph is captured",
        remedy="remove it, or spec.engine.eager",
    )


def sizes_given_twice(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "cudagraph_capture_sizes and compilation_config.cudagraph_capture_sizes are mutually exclusive", and
    "customized max_cudagraph_capture_size(=N) should be consistent with the max value of cudagraph_capture_sizes"."""
    most, config = setup.engine.cuda_graph_tokens, json_flags.keys(setup, *COMPILATION)
    if most is None:
        return None
    longest = config.get("max_cudagraph_capture_size")
    differs = longest not in (None, most) and not _off(setup) and setup.accelerator is not None
    if config.get("cudagraph_capture_sizes") is None and not differs:
        return None
    return SpecRefusal(
        field=FIELD,
        value=str(most),
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="--compilation-config in spec.engine.extraArgs gives the sizes of CUDA graphs too",
        remedy="remove it, or those keys of the argument",
    )


def of_graphs_switched_off(setup: EngineSetup) -> SpecWarning | None:
    """Without a CUDA graph mode vLLM drops the sizes; level 0 has none unless it is given."""
    most = setup.engine.cuda_graph_tokens
    if most is None or setup.engine.eager or not _off(setup):
        return None
    return SpecWarning(
        field=FIELD,
        value=str(most),
        reason=EngineReason.SLOWER,
        because="spec.engine.extraArgs switch CUDA graphs off, so that none is captured",
        remedy="remove it, or the argument: -O0, --optimization-level 0 or cudagraph_mode NONE",
    )


def _off(setup: EngineSetup) -> bool:
    mode = json_flags.keys(setup, *COMPILATION).get("cudagraph_mode")
    if mode is not None:
        return str(mode).upper() in _NO_MODE
    return _level(setup) == "0"


def _level(setup: EngineSetup) -> str | None:
    """Return the optimization level; `-O0`, `-O=0` and `-O 0` are one flag."""
    found = None
    words = setup.engine.extra_args
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if word.startswith("-O"):
            found = word[2:].removeprefix("=") or following
        elif extra_args.flag(word) == "--optimization-level":
            found = word.partition("=")[2] or following
    return found


def longer_than_a_step(setup: EngineSetup) -> SpecRefusal | None:
    """vLLM drops sizes above its token budget for a step."""
    most, batched = setup.engine.cuda_graph_tokens, defaults.batched_tokens(setup)
    if most is None or batched is None or most <= batched:
        return None
    return SpecRefusal(
        field=FIELD,
        value=str(most),
        reason=EngineReason.OUT_OF_RANGE,
        because=f"no step has more than {count(batched, 'token')}",
        remedy=f"write {batched} or less, or raise spec.engine.batching.maxBatchedTokens",
    )


def shorter_than_a_full_batch(setup: EngineSetup) -> SpecWarning | None:
    """A decoding request takes one token of the step, and one more for each draft token."""
    most = setup.engine.cuda_graph_tokens
    each = 1 + max(0, draft_tokens(setup))
    full = defaults.sequences(setup) * each
    if most is None or setup.engine.max_sequences is None or most >= full:
        return None
    return SpecWarning(
        field=FIELD,
        value=str(most),
        reason=EngineReason.SLOWER,
        because=f"with {count(setup.engine.max_sequences, 'request')} a step has {count(full, 'token')} and runs "
        "without a CUDA graph, so that every token then waits for the host",
        remedy=f"write {full} or more, or leave it out",
    )
