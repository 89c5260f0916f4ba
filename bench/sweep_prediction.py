"""`python -m bench.sweep_prediction`: real vLLM on CPU is swept, then serves workloads that the sweep did not contain.

With `--engine sglang` it is real SGLang on CPU instead.

The file of the sweep gives the simulated engine its steps and its KV cache; both get the same requests at the same
times, and their mean TPOT is compared. The real figure comes from the sum of the engine's own histogram, the
simulator's from virtual time.
A shared machine's speed changes within minutes: before and after each workload some points of the sweep are measured
again, and the prediction is multiplied by their time now over their time then. This corrected error is printed beside
the plain one; on a quiet machine both are the same.
The tiny model makes no difference to the method: on a GPU, only --product and a model of the catalogue change.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench import sent_workload, simulated_workload
from bench.simulated_workload import WorkloadRequest
from devcluster.cache import Cache
from fairlead.cli import engine_interpreter
from fairlead.cli.sweep import engine_process, load_client, point_measurement
from fairlead.cli.sweep.load_client import LoadClient
from fairlead.cli.sweep.point_measurement import MeasuringLimits
from fairlead.cli.sweep.swept_kinds import KINDS
from fairlead.emulator import dialects
from fairlead.fleet.accelerators import CPU
from fairlead.fleet.desired_state import EngineKind
from fairlead.simulator.sweep import sweep_file
from fairlead.simulator.sweep.measurements import SweepPoint, SweepWork
from house import real_sglang, real_vllm, tiny_model
from house.check import surroundings
from house.tree import ROOT

NAME: Final = "tiny"
CONTEXT: Final = 1024
SEQUENCES: Final = 16
VLLM_FLAGS: Final = (
    *("--served-model-name", NAME, "--max-model-len", str(CONTEXT), "--max-num-seqs", str(SEQUENCES)),
    *("--dtype", "float32", "--enforce-eager"),
)
SPACE: Final = {"VLLM_CPU_KVCACHE_SPACE": "1", "OMP_NUM_THREADS": "1", "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
"""As in pods with two cores."""
SGLANG_FLAGS: Final = (
    *("--served-model-name", NAME, "--context-length", str(CONTEXT), "--max-running-requests", str(SEQUENCES)),
    *("--max-total-tokens", str(CONTEXT * SEQUENCES), "--mem-fraction-static", "0.95"),
    *("--chunked-prefill-size", "2048"),
    *("--device", "cpu", "--dtype", "float32"),
)
RUNS: Final = 6
"""The most runs of the sweep until no point is left."""
SEEDS: Final = (1, 2, 3)
REQUESTS: Final = 60
START_S, END_S = 300.0, 300.0
PROBES: Final = tuple(SweepPoint(work=SweepWork.DECODE, batch=batch, context=64) for batch in (2, 8))
"""Points of the sweep that show the machine's current speed."""
PROBE_S: Final = 2.0
QUIET_S: Final = 1.0
"""After it counters are complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptServer:
    """A real engine on this machine's CPU."""

    kind: EngineKind
    flags: tuple[str, ...]
    environment: Mapping[str, str]
    """The environment of its tests, plus this tree and its interpreter."""

    @property
    def command(self) -> tuple[str, ...]:
        """The start command, with the model under its name."""
        return (*dialects.DIALECTS[self.kind].words, NAME, *self.flags)


def vllm() -> SweptServer:
    """Real vLLM; installed if missing (6 GB)."""
    named = {KINDS[EngineKind.VLLM].program.variable: str(real_vllm.python(Cache.chosen()))}
    own = real_vllm.environment() | surroundings(ROOT) | SPACE | {"VLLM_LOGGING_LEVEL": "INFO"} | named
    return SweptServer(kind=EngineKind.VLLM, flags=VLLM_FLAGS, environment=own)


def sglang() -> SweptServer:
    """Real SGLang; installed if missing (7 GB)."""
    named = {KINDS[EngineKind.SGLANG].program.variable: str(real_sglang.python(Cache.chosen()))}
    return SweptServer(
        kind=EngineKind.SGLANG,
        flags=SGLANG_FLAGS,
        environment=real_sglang.environment() | surroundings(ROOT) | named,
    )


SERVERS: Final[Mapping[str, Callable[[], SweptServer]]] = {"vllm": vllm, "sglang": sglang}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """One workload on both engines."""

    seed: int
    real_ms: float
    simulated_ms: float
    slowdown: float
    """Time of the sweep's points beside this workload over their time in the sweep."""
    running: float
    """Concurrent requests: the simulated engine's mean."""

    @property
    def plain_error(self) -> float:
        """Signed, relative to the real figure."""
        return self.simulated_ms / self.real_ms - 1

    @property
    def error(self) -> float:
        """The same, had the machine been as fast as during the sweep."""
        return self.simulated_ms * self.slowdown / self.real_ms - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedWorkload:
    """What real vLLM measured."""

    token_s: float
    step_s: tuple[float, ...]
    """A step of each probe during the workload: the mean of before and after."""


def workload(seed: int) -> list[WorkloadRequest]:
    """Random arrivals of random lengths: batches, contexts and mixtures that no point of a sweep has."""
    chance = random.Random(seed)  # noqa: S311  # requests, not secrets
    at, found = 0.0, []
    for _ in range(REQUESTS):
        at += chance.expovariate(3.0 + seed)
        found.append(WorkloadRequest(at, chance.randint(20, 400), chance.randint(80, 500)))
    return found


def sweep(place: Path, server: SweptServer) -> Iterator[str]:
    """Sweep into this file, in runs of nine minutes; yield the lines of each run."""
    words = [sys.executable, "-m", "fairlead", "calibrate", "--sweep", "--product", "CPU", "--out", str(place)]
    for _ in range(RUNS):
        ran = subprocess.run(
            [*words, "--", *server.command],
            cwd=tiny_model.model(Cache.chosen()).parent,
            env=dict(server.environment),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        yield ran.stdout
        if ran.returncode == 0:
            return
    raise RuntimeError(f"the sweep did not end in {RUNS} runs")


async def served(
    workloads: Sequence[Sequence[WorkloadRequest]], server: SweptServer, log: Path
) -> list[ServedWorkload]:
    """Run each workload on the real engine: mean TPOT from its own histogram."""
    kind, own = KINDS[server.kind], server.flags
    words = ("serve", str(tiny_model.model(Cache.chosen())), *own, *kind.added((*own, "--load-format")))
    program = engine_interpreter.command(kind.program)
    engine = await engine_process.start(program, words, {**server.environment, "PYTHONPATH": ""}, log)
    try:
        await engine.wait_until_ready(START_S)
        async with asyncio.timeout(END_S), load_client.session(()) as session:
            client = LoadClient(
                kind=kind,
                session=session,
                url=engine.url,
                model=NAME,
                vocabulary=tiny_model.VOCABULARY,
                chance=random.Random(0),  # noqa: S311  # prompts
            )
            await point_measurement.warm_up(client)
            found, before = list[ServedWorkload](), await _probed(client)
            for requests in workloads:
                token_s, after = await _token_s(client, requests), await _probed(client)
                beside = tuple(statistics.fmean(pair) for pair in zip(before, after, strict=True))
                found.append(ServedWorkload(token_s=token_s, step_s=beside))
                before = after
            return found
    finally:
        await engine.end()


async def _probed(client: LoadClient) -> list[float]:
    """Seconds of a step at each probe, measured as a sweep measures them."""
    limits = MeasuringLimits(context=CONTEXT, capacity_tokens=CONTEXT * SEQUENCES, window_s=PROBE_S)
    found = [await point_measurement.measure(client, one, limits) for one in PROBES]
    return [one.seconds / one.steps for one in found]


async def _token_s(client: LoadClient, requests: Sequence[WorkloadRequest]) -> float:
    """Mean seconds between tokens, over requests; each must have been counted."""
    await asyncio.sleep(QUIET_S)
    before = (await client.sample()).load.request_pace
    await sent_workload.send(client, requests)
    await asyncio.sleep(QUIET_S)
    after = (await client.sample()).load.request_pace
    if before is None or after is None or after.count - before.count != len(requests):
        raise RuntimeError("the engine did not count all requests of the workload")
    return (after.total - before.total) / (after.count - before.count)


def predictions(place: Path, server: SweptServer) -> Iterator[Prediction]:
    """Run each workload on both."""
    workloads = [workload(seed) for seed in SEEDS]
    real = asyncio.run(served(workloads, server, place.with_suffix(".log")))
    record = sweep_file.read(place.read_text(encoding="utf-8"))
    then = {one.point: one.seconds / one.steps for one in record.steps}
    for seed, requests, one in zip(SEEDS, workloads, real, strict=True):
        mine = simulated_workload.play(requests, server.command, CPU, place)
        slower = statistics.fmean(now / then[probe] for now, probe in zip(one.step_s, PROBES, strict=True))
        yield Prediction(
            seed=seed,
            real_ms=1e3 * one.token_s,
            simulated_ms=1e3 * mine.token_s,
            slowdown=slower,
            running=mine.running,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep, serve and predict; print the figures as JSON on the last line."""
    parser = argparse.ArgumentParser(prog="python -m bench.sweep_prediction", description=__doc__)
    parser.add_argument("--keep", metavar="FILE", help="where the sweep goes, or lies already; else it is thrown away")
    parser.add_argument("--engine", choices=tuple(SERVERS), default="vllm", help="the real engine (vllm)")
    chosen = parser.parse_args(argv)
    server = SERVERS[chosen.engine]()
    os.environ.update({name: value for name, value in server.environment.items() if name.startswith("FAIRLEAD_")})
    with tempfile.TemporaryDirectory(prefix="fairlead-sweep-") as folder:
        place = Path(chosen.keep).absolute() if chosen.keep else Path(folder) / "cpu.jsonl"
        for text in sweep(place, server):
            print(text, flush=True)
        found = list(predictions(place, server))
    for one in found:
        print(
            f"workload {one.seed}: {one.real_ms:.2f} ms a token, predicted {one.simulated_ms:.2f} "
            f"({one.plain_error:+.1%}); the sweep's points take {one.slowdown:.2f} times as long now: {one.error:+.1%}"
        )
    print(json.dumps([asdict(one) for one in found]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
