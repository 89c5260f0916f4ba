"""`vllm bench serve`, vLLM's own load generator, directly and through the router in turn; and real vLLM behind it.

The emulator keeps its model's pace whatever is in front of it, so what a router costs shows as lost throughput.
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.clients import servers
from bench.clients.rows import Row
from bench.clients.servers import Server
from devcluster.cache import Cache
from house import real_vllm, tiny_model

LOST_AT_MOST: Final = 0.02
ROUNDS: Final = 3
ENGINE_PORT: Final = 8295
ROUTER_PORT: Final = 8277
REAL_PORT: Final = 8296
TIMEOUT_S: Final = 600.0
CLOSED: Final = ("--num-prompts", "240", "--max-concurrency", "16", "--random-output-len", "128")
"""Each request follows an answer, so whatever a router adds is lost throughput; more at once would measure how two
cores are shared by a client, a router and an engine in Python.
"""
REAL: Final = ("--num-prompts", "40", "--max-concurrency", "4", "--random-output-len", "32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One run, in vLLM's own figures."""

    completed: int
    failed: int
    tokens_per_second: float
    ttft_ms: float
    tpot_ms: float

    @property
    def shown(self) -> str:
        """One line for people."""
        return (
            f"{self.completed} answered, {self.failed} failed, {self.tokens_per_second:,.0f} output tokens/s, "
            f"median first token {self.ttft_ms:.1f} ms, token {self.tpot_ms:.2f} ms"
        )


def through_the_router(cache: Cache, logs: Path) -> Row:
    """Alternate rounds with and without the router; compare medians."""
    with tempfile.TemporaryDirectory(prefix="fairlead-serve-") as made:
        engine, router = _pair(Path(made), servers.engine(ENGINE_PORT))
        direct: list[Served] = []
        through: list[Served] = []
        with servers.running((engine, router), logs):
            for _ in range(ROUNDS):
                direct.append(_bench(engine, cache, CLOSED))
                through.append(_bench(router, cache, CLOSED))
    speeds = [median(one.tokens_per_second for one in side) for side in (direct, through)]
    lost = 1 - speeds[1] / speeds[0]
    failed = sum(one.failed for one in (*direct, *through))
    return _row(
        "through the router, simulated engine",
        lost <= LOST_AT_MOST and failed == 0,
        f"directly {_middle(direct).shown}; through the router {_middle(through).shown}: {lost:+.2%} lost",
    )


def before_real_vllm(cache: Cache, logs: Path) -> Row:
    """Put real vLLM on CPU behind the router: its worker spins, so only the success of every request is checked."""
    with tempfile.TemporaryDirectory(prefix="fairlead-serve-") as made:
        real, router = _pair(Path(made), _real(cache))
        with servers.running((real, router), logs):
            served = _bench(router, cache, REAL)
    return _row("through the router, real vLLM on CPU", served.failed == 0 and served.completed == 40, served.shown)


def _pair(folder: Path, engine: Server) -> tuple[Server, Server]:
    config = folder / "router.json"
    config.write_text(json.dumps({"endpoints": [engine.address], "models": [servers.MODEL]}), encoding="utf-8")
    return engine, servers.router(ROUTER_PORT, config)


def _real(cache: Cache) -> Server:
    vllm = real_vllm.python(cache).parent / "vllm"
    words: tuple[str, ...] = (str(vllm), "serve", str(tiny_model.model(cache)), "--served-model-name", servers.MODEL)
    words += ("--max-model-len", "1024", "--dtype", "float32", "--enforce-eager", "--max-num-seqs", "8")
    texts = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind", "OMP_NUM_THREADS": "1"}
    return Server(
        name="real-vllm",
        words=(*words, "--host", servers.ENGINE_HOST, "--port", str(REAL_PORT)),
        address=f"{servers.ENGINE_HOST}:{REAL_PORT}",
        ready="/health",
        environment=real_vllm.environment() | texts,
        timeout_s=300.0,
    )


def _bench(target: Server, cache: Cache, load: Sequence[str]) -> Served:
    with tempfile.TemporaryDirectory(prefix="fairlead-serve-") as made:
        vllm = real_vllm.python(cache).parent / "vllm"
        words = [str(vllm), "bench", "serve", "--backend", "openai-chat", "--endpoint", "/v1/chat/completions"]
        words += ["--base-url", target.url, "--model", servers.MODEL, "--tokenizer", str(tiny_model.model(cache))]
        words += ["--dataset-name", "random", "--random-input-len", "128", "--ignore-eos"]
        words += ["--save-result", "--result-dir", made, "--result-filename", "found.json", "--seed", "7", *load]
        environment = os.environ | dict(real_vllm.environment())
        ran = subprocess.run(words, check=False, capture_output=True, text=True, env=environment, timeout=TIMEOUT_S)
        if ran.returncode != 0:
            raise SystemExit(f"bench: vllm bench serve: {ran.stdout[-1000:]} {ran.stderr[-1500:]}")
        found: dict[str, Any] = json.loads((Path(made) / "found.json").read_text(encoding="utf-8"))
    return Served(
        completed=found["completed"],
        failed=found.get("failed", 0),
        tokens_per_second=found["output_throughput"],
        ttft_ms=found["median_ttft_ms"],
        tpot_ms=found["median_tpot_ms"],
    )


def _middle(side: Sequence[Served]) -> Served:
    return sorted(side, key=lambda one: one.tokens_per_second)[len(side) // 2]


def _row(call: str, well: bool, note: str) -> Row:
    return Row(
        client="vllm bench serve", version=real_vllm.VERSION, call=call, well=well, note=re.sub(r"\s+", " ", note)
    )
