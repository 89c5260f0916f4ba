"""Starts and reads SGLang for a sweep.

Its gauge of running requests is up to half a minute old when nothing runs, so that figure comes from `/v1/loads`, which
is as recent as the last batch of prompts, the last fifteen steps, or the moment at which it became idle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import aiohttp

from fairlead.cli import engine_interpreter
from fairlead.cli.sweep import engine_sample
from fairlead.cli.sweep.engine_sample import EngineSample
from fairlead.cli.sweep.swept_kind import EngineAbsent
from fairlead.cluster import pod_http
from fairlead.documents import json_document
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.sglang import start_log
from fairlead.engines.sglang.arguments import LOG_INTERVAL
from fairlead.engines.sglang.metrics import CAPACITY
from fairlead.engines.start_log import LogLine, StartLog
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from fairlead.simulator.sweep.measurements import EngineVariant, KvCapacity, SkippedWork

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
_OUTPUT: Final = MappingProxyType({"PYTHONUNBUFFERED": "1", "PYTHONPATH": ""})


class SglangKind:
    """SGLang 0.5.23."""

    name = "SGLang"
    naps = None
    caches: Mapping[str, str] = MappingProxyType(
        {
            "SGLANG_CACHE_DIR": "sglang",
            "TRITON_CACHE_DIR": "triton",
            "TORCHINDUCTOR_CACHE_DIR": "inductor",
            "CUDA_CACHE_PATH": "cuda",
            "FLASHINFER_WORKSPACE_BASE": "flashinfer",
        }
    )

    def program(self) -> list[str]:
        """The program that runs `sglang`."""
        program = engine_interpreter.found(INTERPRETER, "sglang")
        if program is None:
            raise EngineAbsent(
                f"SGLang is not installed here: pip install sglang, or name an interpreter that has it in {INTERPRETER}"
            )
        return [str(program), "-c", _COMMAND]

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

    async def sample(self, session: aiohttp.ClientSession, url: str) -> EngineSample | None:
        """Read its metrics page, with the current numbers of running and waiting requests."""
        engine = ENGINES[EngineKind.SGLANG]
        now, page = await _loads(session, url), await pod_http.fetch(session, url + engine.api.metrics_path)
        load = None if page is None else engine.load(page)
        if now is None or page is None or not isinstance(load, EngineLoad):
            return None
        sums = engine_sample.added_up(page, frozenset({_SUM, _COUNT}), _PREFILL)
        cache = engine_sample.added_up(page, frozenset({CAPACITY, _PAGE}), {"pp_rank": "0"})
        return EngineSample(
            load=replace(load, running=_sum(now, "num_running_reqs"), waiting=_sum(now, "num_waiting_reqs")),
            prefill_s=sums.get(_SUM, 0.0),
            prefills=sums.get(_COUNT, 0.0),
            capacity=_capacity(round(cache.get(CAPACITY, 0.0)), round(cache.get(_PAGE, 0.0))),
        )

    async def version(self, session: aiohttp.ClientSession, url: str) -> str:
        """Its version, as reported beside its load."""
        now = await _loads(session, url)
        return f"SGLang {now['version']}" if now and now.get("version") else "SGLang"


async def _loads(session: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    text = await pod_http.fetch(session, url + LOADS)
    try:
        found = json_document.read(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("loads"), list) else None


def _sum(now: Mapping[str, Any], name: str) -> float:
    return float(sum(one.get(name, 0) for one in now["loads"]))


def _capacity(tokens: int, page: int) -> KvCapacity | None:
    return KvCapacity(tokens=tokens, blocks=tokens // page, block_tokens=page) if tokens and page else None
