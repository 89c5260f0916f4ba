"""vLLM 0.32 as a sweep starts and reads it."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from fairlead.documents import json_document
from fairlead.engines import engine_sample
from fairlead.engines.engine_sample import EngineSample
from fairlead.engines.http_api import SleepEndpoints
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.engines.sweep import EngineProgram
from fairlead.engines.vllm import captured_steps, metrics, start_log
from fairlead.engines.vllm.cpu.settings import CACHE_SPACE
from fairlead.engines.vllm.environment import QUIET
from fairlead.engines.vllm.http_api import API
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.sweeps import MAX_CAPTURED, EngineVariant, KvCapacity, SkippedWork

INTERPRETER: Final = "FAIRLEAD_VLLM_PYTHON"
PROGRAM: Final = EngineProgram(
    variable=INTERPRETER,
    package="vllm",
    words=("-m", "vllm.entrypoints.cli.main"),
    absent=f"vLLM is not installed here: set {INTERPRETER} to a Python that has it, "
    "or pip install '.[vllm]' in a clone",
)
DRAFTED: Final = 3
"""Draft tokens per step."""
_METHODS: Final = {EngineVariant.DRAFT: "draft_model", EngineVariant.EAGLE3: "eagle3"}
_LOOKUPS: Final = {"num_speculative_tokens": DRAFTED, "prompt_lookup_max": 3, "prompt_lookup_min": 1}


def _speculating(**config: object) -> tuple[str, ...]:
    return ("--speculative-config", json.dumps(config, separators=(",", ":")))


FLAGS: Final[Mapping[EngineVariant, tuple[str, ...]]] = MappingProxyType(
    {
        EngineVariant.AS_GIVEN: (),
        EngineVariant.NGRAM: _speculating(method="ngram", **_LOOKUPS),
        EngineVariant.NGRAM_GPU: _speculating(method="ngram_gpu", **_LOOKUPS),
        EngineVariant.FP8: ("--quantization", "fp8"),
        EngineVariant.KV_FP8: ("--kv-cache-dtype", "fp8"),
        EngineVariant.GRAPHS: captured_steps.flags(MAX_CAPTURED),
        EngineVariant.BFLOAT16: ("--dtype", "bfloat16"),
        EngineVariant.SLEEP: ("--enable-sleep-mode",),
    }
)
_GPUS_ALONE: Final = (
    EngineVariant.NGRAM_GPU,
    EngineVariant.GRAPHS,
    EngineVariant.SLEEP,
    "memory of CUDA graphs",
)
_LOAD: Final = "--load-format"
_PREFILL: Final = "vllm:request_prefill_time_seconds"
_SUM, _COUNT = f"{_PREFILL}_sum", f"{_PREFILL}_count"
_OUTPUT: Final[Mapping[str, str]] = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "INFO",
    "PYTHONUNBUFFERED": "1",
    "PYTHONPATH": QUIET["PYTHONPATH"],
}
"""Unbuffered output, so that the phases of a start have the right times in the log."""


class VllmSweep:
    """How vLLM is swept."""

    name = "vLLM"
    program = PROGRAM
    sleep_endpoints = SleepEndpoints(sleep="/sleep?level=1", wake="/wake_up")
    """Without the waiting mode of its API: nothing runs when a sweep puts it to sleep."""
    cpu_cache = CACHE_SPACE
    pages = (API.metrics_path,)
    version_page = "/version"
    caches: Mapping[str, str] = MappingProxyType(
        {
            "VLLM_CACHE_ROOT": "vllm",
            "TRITON_CACHE_DIR": "triton",
            "TORCHINDUCTOR_CACHE_DIR": "inductor",
            "CUDA_CACHE_PATH": "cuda",
        }
    )

    def lacks(self, *, on_cpu: bool) -> tuple[SkippedWork, ...]:
        """What a CPU cannot do."""
        absent = _GPUS_ALONE if on_cpu else ()
        return tuple(SkippedWork(what=what, why="vLLM's build for processors has none") for what in absent)

    def added(self, words: Sequence[str]) -> tuple[str, ...]:
        """Without weights, unless the command says how to load them."""
        return () if any(word.startswith(_LOAD) for word in words) else (_LOAD, "dummy")

    def flags(self, variant: EngineVariant) -> tuple[str, ...]:
        """Flags as vLLM's parser accepts them."""
        return FLAGS[variant]

    def drafting(self, variant: EngineVariant, model: str) -> tuple[str, ...]:
        """A draft is read as its configuration says, whatever the model's own flags are."""
        return _speculating(method=_METHODS[variant], model=model, num_speculative_tokens=DRAFTED)

    def environment(self, variant: EngineVariant) -> Mapping[str, str]:
        """Sleep is an endpoint of its development mode."""
        return {**_OUTPUT, **({"VLLM_SERVER_DEV_MODE": "1"} if variant is EngineVariant.SLEEP else {})}

    def start(self, lines: Sequence[LogLine], ready_s: float) -> StartLog:
        """Read from vLLM's own log lines."""
        return start_log.of_start(lines, ready_s)

    def slept(self, lines: Sequence[LogLine]) -> tuple[float, float] | None:
        """Read from vLLM's own log line."""
        return start_log.of_sleep(lines)

    def sample(self, pages: Sequence[str]) -> EngineSample | None:
        """Read its metrics page, also for the histogram of prefill times, which nothing else of ours reads."""
        (page,) = pages
        load = metrics.load(page)
        if not isinstance(load, EngineLoad):
            return None
        sums = engine_sample.added_up(page, frozenset({_SUM, _COUNT}), {})
        return EngineSample(
            load=load, prefill_s=sums.get(_SUM, 0.0), prefills=sums.get(_COUNT, 0.0), capacity=_capacity(load)
        )

    def version(self, page: str | None) -> str:
        """Its version, from its own endpoint."""
        try:
            return f"vLLM {json_document.read(page or '')['version']}"
        except (ValueError, LookupError, TypeError):
            return self.name


def _capacity(load: EngineLoad) -> KvCapacity | None:
    if not (load.capacity_tokens and load.capacity_blocks and load.block_tokens):
        return None
    return KvCapacity(tokens=load.capacity_tokens, blocks=load.capacity_blocks, block_tokens=load.block_tokens)
