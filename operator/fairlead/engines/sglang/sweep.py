"""SGLang 0.5.23 as a sweep starts and reads it.

Its gauge of running requests is up to half a minute old when nothing runs, so that figure comes from `/v1/loads`, which
is as recent as the last batch of prompts, the last fifteen steps, or the moment at which it became idle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.engines import engine_sample
from fairlead.engines.engine_sample import EngineSample
from fairlead.engines.sglang import metrics, start_log
from fairlead.engines.sglang.arguments import LOG_INTERVAL
from fairlead.engines.sglang.http_api import API
from fairlead.engines.sglang.metrics import CAPACITY
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.engines.sweep import EngineProgram
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.sweeps import EngineVariant, KvCapacity, SkippedWork

INTERPRETER: Final = "FAIRLEAD_SGLANG_PYTHON"
LOADS: Final = "/v1/loads?include=core"
FLAGS: Final[Mapping[EngineVariant, tuple[str, ...]]] = MappingProxyType(
    {
        EngineVariant.AS_GIVEN: (),
        EngineVariant.FP8: ("--quantization", "fp8"),
        EngineVariant.KV_FP8: ("--kv-cache-dtype", "fp8_e4m3"),
        EngineVariant.BFLOAT16: ("--dtype", "bfloat16"),
    }
)
_DRAFTED: Final = (EngineVariant.NGRAM, EngineVariant.NGRAM_GPU, EngineVariant.DRAFT, EngineVariant.EAGLE3)
_NEEDED: Final = (
    ("--load-format", ("dummy",)),
    ("--enable-metrics", ()),
    ("--decode-log-interval", (str(LOG_INTERVAL),)),
)
"""Flags, with their values, that a sweep adds if the command lacks them."""
_STAGE: Final = "sglang:per_stage_req_latency_seconds"
_SUM, _COUNT, _PAGE = f"{_STAGE}_sum", f"{_STAGE}_count", "sglang:page_size"
_PREFILL: Final = MappingProxyType({"stage": "prefill_forward"})
"""From a prompt's first step to its last, over all its chunks."""
_COMMAND: Final = "from sglang.cli.main import main; main()"
"""Its module does nothing when run as a program."""
PROGRAM: Final = EngineProgram(
    variable=INTERPRETER,
    package="sglang",
    words=("-c", _COMMAND),
    absent=f"SGLang is not installed here: pip install sglang, or name an interpreter that has it in {INTERPRETER}",
)
_OUTPUT: Final = MappingProxyType({"PYTHONUNBUFFERED": "1", "PYTHONPATH": ""})


class SglangSweep:
    """How SGLang is swept."""

    name = "SGLang"
    program = PROGRAM
    sleep_endpoints = None
    cpu_cache = None
    pages = (LOADS, API.metrics_path)
    version_page = LOADS
    caches: Mapping[str, str] = MappingProxyType(
        {
            "SGLANG_CACHE_DIR": "sglang",
            "TRITON_CACHE_DIR": "triton",
            "TORCHINDUCTOR_CACHE_DIR": "inductor",
            "CUDA_CACHE_PATH": "cuda",
            "FLASHINFER_WORKSPACE_BASE": "flashinfer",
        }
    )

    def lacks(self, *, on_cpu: bool) -> tuple[SkippedWork, ...]:
        """What its metrics do not show, what Fairlead never uses of it, and what a CPU does not have."""
        drafts = "SGLang counts tokens and not steps, so the cost of a draft cannot be measured"
        always = (
            *(SkippedWork(what=one, why=drafts) for one in _DRAFTED),
            SkippedWork(what=EngineVariant.GRAPHS, why="Fairlead does not set SGLang's graphs"),
            SkippedWork(what=EngineVariant.SLEEP, why="Fairlead does not put SGLang to sleep"),
        )
        graphs = SkippedWork(what="memory of CUDA graphs", why="SGLang captures none on CPUs")
        return (*always, graphs) if on_cpu else always

    def added(self, words: Sequence[str]) -> tuple[str, ...]:
        """Without weights and with up-to-date metrics, unless the command says otherwise."""
        given = {word.partition("=")[0] for word in words}
        return tuple(word for flag, values in _NEEDED if flag not in given for word in (flag, *values))

    def flags(self, variant: EngineVariant) -> tuple[str, ...]:
        """Flags as its parser accepts them."""
        return FLAGS[variant]

    def drafting(self, variant: EngineVariant, model: str) -> tuple[str, ...]:
        """Empty: it is never swept with drafts."""
        del variant, model
        return ()

    def environment(self, variant: EngineVariant) -> Mapping[str, str]:
        """The same for every variant."""
        del variant
        return _OUTPUT

    def start(self, lines: Sequence[LogLine], ready_s: float) -> StartLog:
        """Read from its own log lines."""
        return start_log.of_start(lines, ready_s)

    def slept(self, lines: Sequence[LogLine]) -> tuple[float, float] | None:
        """None: it never sleeps."""
        del lines
        return None

    def sample(self, pages: Sequence[str]) -> EngineSample | None:
        """Read its metrics page, with the current numbers of running and waiting requests."""
        loads, page = pages
        now, load = _loads(loads), metrics.load(page)
        if now is None or not isinstance(load, EngineLoad):
            return None
        sums = engine_sample.added_up(page, frozenset({_SUM, _COUNT}), _PREFILL)
        cache = engine_sample.added_up(page, frozenset({CAPACITY, _PAGE}), {"pp_rank": "0"})
        return EngineSample(
            load=replace(load, running=_sum(now, "num_running_reqs"), waiting=_sum(now, "num_waiting_reqs")),
            prefill_s=sums.get(_SUM, 0.0),
            prefills=sums.get(_COUNT, 0.0),
            capacity=_capacity(round(cache.get(CAPACITY, 0.0)), round(cache.get(_PAGE, 0.0))),
        )

    def version(self, page: str | None) -> str:
        """Its version, as reported beside its load."""
        now = _loads(page)
        return f"SGLang {now['version']}" if now and now.get("version") else "SGLang"


def _loads(text: str | None) -> dict[str, Any] | None:
    try:
        found = json_document.read(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("loads"), list) else None


def _sum(now: Mapping[str, Any], name: str) -> float:
    return float(sum(one.get(name, 0) for one in now["loads"]))


def _capacity(tokens: int, page: int) -> KvCapacity | None:
    return KvCapacity(tokens=tokens, blocks=tokens // page, block_tokens=page) if tokens and page else None
