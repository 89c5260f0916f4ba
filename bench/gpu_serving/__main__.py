"""From a deployment's file to the measured figures, as one JSON file."""

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench import sent_workload
from bench.clients import servers
from bench.clients.servers import Server
from bench.gpu_serving import load_rounds
from bench.gpu_serving.workloads import WORKLOADS
from bench.simulated_workload import WorkloadRequest
from fairlead.cli import engine_interpreter
from fairlead.cli.sweep import engine_process, load_client, point_measurement
from fairlead.cli.sweep import target as targets
from fairlead.cli.sweep.engine_process import EngineProcess
from fairlead.cli.sweep.load_client import LoadClient
from fairlead.cli.sweep.swept_kinds import KINDS
from fairlead.fleet.desired_state import EngineKind
from fairlead.process.exit_signals import cancelled_by_sigterm

ROUTER_PORT: Final = 8277
START_S: Final = 300.0
QUIET_S: Final = 1.0
ROUNDS: Final = 3
CONCURRENCIES: Final = (16, 64, 128)
PROMPT, REPLY = 512, 128
PER_SLOT: Final = 6
"""Requests per round for each concurrent one."""
STREAMS: Final = 16
STREAM_TOKENS: Final = 600
QUIET: Final = {"HF_HUB_OFFLINE": "1", "VLLM_LOGGING_LEVEL": "ERROR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """What the operator would start."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    router: dict[str, Any]


def rendered(deployment: Path) -> Rendered:
    """Run `fairlead render`."""
    words = [sys.executable, "-m", "fairlead", "render", str(deployment), "-o", "json"]
    (one,) = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    return Rendered(
        name=one["name"],
        command=tuple(one["command"]),
        environment=one["environment"],
        router=one["router"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPlan:
    """What is measured."""

    out: Path
    concurrencies: tuple[int, ...] = CONCURRENCIES
    rounds: int = ROUNDS
    workloads: Mapping[str, tuple[WorkloadRequest, ...]] = field(default_factory=lambda: WORKLOADS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The engine and client of one run."""

    engine: EngineProcess
    client: LoadClient
    model: Path
    plan: ServingPlan
    deployment: Rendered

    @property
    def out(self) -> Path:
        """The file with the figures; other files go beside it."""
        return self.plan.out


async def measure(deployment: Rendered, config: str, plan: ServingPlan) -> None:
    """Start the engine as rendered, load it, and save the results after each part."""
    out, vocabulary = plan.out, int(json.loads(config)["vocab_size"])
    model = targets.model_folder(out.parent / "gpu-serving.model", config, vocabulary)
    kind = KINDS[EngineKind.VLLM]
    words = ("serve", str(model), *deployment.command[3:], *kind.added(deployment.command))
    environment = os.environ | deployment.environment | {"VLLM_CACHE_ROOT": str(out.parent / "gpu-serving.caches")}
    engine = await engine_process.start(
        engine_interpreter.command(kind.program), words, environment | {"HF_HUB_OFFLINE": "1"}, out.with_suffix(".log")
    )
    found: dict[str, Any] = {"notes": [], "command": list(deployment.command), "environment": deployment.environment}
    try:
        await engine.wait_until_ready(START_S)
        async with load_client.session(()) as session:
            client = LoadClient(
                kind=kind,
                session=session,
                url=engine.url,
                model=deployment.name,
                vocabulary=vocabulary,
                chance=random.Random(0),  # noqa: S311  # prompts
            )
            site = Site(engine=engine, client=client, model=model, plan=plan, deployment=deployment)
            await _parts(site, found)
    finally:
        await engine.end()


async def _parts(site: Site, found: dict[str, Any]) -> None:
    capacity = (await site.client.sample()).capacity
    found |= {
        "engine": await site.client.version(),
        "start_s": site.engine.ready_s,
        "kv_tokens": None if capacity is None else capacity.tokens,
        "kv_tokens_predicted": site.deployment.router["kvTokens"],
    }
    _keep(site, found)
    await point_measurement.warm_up(site.client)
    found["workloads"] = []
    for name, requests in site.plan.workloads.items():
        found["workloads"].append({"name": name, **await served(site.client, requests)})
        _keep(site, found)
    router = _router(site)
    with servers.running((router,), site.out.parent):
        rounds = found["rounds"] = []

        def keep(row: dict[str, Any]) -> None:
            rounds.append(row)
            _keep(site, found)

        await _rounds(site, router, keep)
        found["drain"] = await drained(site, router)
    _keep(site, found)


def _keep(site: Site, found: dict[str, Any]) -> None:
    site.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found)[-1500:], flush=True)


async def served(client: LoadClient, requests: Sequence[WorkloadRequest]) -> dict[str, float]:
    """Mean seconds between tokens and to the first one, from the engine's own histograms."""
    await asyncio.sleep(QUIET_S)
    before = await client.sample()
    await sent_workload.send(client, requests)
    await asyncio.sleep(QUIET_S)
    after = await client.sample()
    found = {"requests": float(len(requests))}
    for name in ("request_pace", "time_to_first_token"):
        one, then = getattr(after.load, name), getattr(before.load, name)
        if one.count - then.count != len(requests):
            raise RuntimeError(f"{name}: counted {one.count - then.count} of {len(requests)} requests")
        found[f"{name}_s"] = (one.total - then.total) / len(requests)
    return found


def _router(site: Site) -> Server:
    """Run the rendered configuration, with the engine's address in place of the pod selector."""
    config = {name: one for name, one in site.deployment.router.items() if "elector" not in name}
    place = site.out.with_suffix(".router.json")
    config |= {"endpoints": [site.engine.url.removeprefix("http://")], "routers": 1}
    place.write_text(json.dumps(config, indent=1), encoding="utf-8")
    return servers.router(ROUTER_PORT, place)


async def _rounds(site: Site, router: Server, keep: Callable[[dict[str, Any]], None]) -> None:
    """Run rounds directly and through the router in turn, after a discarded warm-up of each; save each as it ends."""
    ways = {"direct": site.engine.url, "router": router.url}
    sizes = site.plan.concurrencies
    first = [(way, sizes[0]) for way in ways]
    plan = [*first, *((way, most) for most in sizes for _ in range(site.plan.rounds) for way in ways)]
    words = [_words(site, ways[way], most, seed) for seed, (way, most) in enumerate(plan)]
    with site.out.with_suffix(".rounds.log").open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(_with_vllm(), "-u", str(Path(load_rounds.__file__))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=sink,
            env=os.environ | QUIET,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(words).encode())
            process.stdin.close()
            await _kept(process.stdout, plan, len(first), keep)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _kept(
    output: asyncio.StreamReader, plan: Sequence[tuple[str, int]], warm_ups: int, keep: Callable[[dict[str, Any]], None]
) -> None:
    """Save each round's result as it arrives, except warm-ups."""
    number, mark = 0, load_rounds.MARK.encode()
    async for line in output:
        if line.startswith(mark):
            way, most = plan[number]
            if number >= warm_ups:
                keep(_round(way, most, json.loads(line[len(mark) :])))
            number += 1


def _round(way: str, most: int, found: dict[str, Any]) -> dict[str, Any]:
    rate = found["completed"] / found["duration"]
    return {"way": way, "concurrency": most, "requestsPerSecond": rate, **found}


def _with_vllm() -> str:
    """The interpreter that has vLLM."""
    return engine_interpreter.command(KINDS[EngineKind.VLLM].program)[0]


def _words(site: Site, url: str, most: int, seed: int) -> list[str]:
    words = ["--backend", "openai", "--endpoint", "/v1/completions", "--base-url", url]
    words += ["--model", site.deployment.name, "--tokenizer", str(site.model), "--dataset-name", "random"]
    words += ["--random-input-len", str(PROMPT), "--random-output-len", str(REPLY), "--ignore-eos"]
    return [*words, "--seed", str(seed), "--num-prompts", str(PER_SLOT * most), "--max-concurrency", str(most)]


async def drained(site: Site, router: Server) -> dict[str, Any]:
    """Send SIGTERM to the engine under streams through the router: how many ended whole, and how long it took."""
    url = f"{router.url}/v1/completions"
    body = {"model": site.deployment.name, "max_tokens": STREAM_TOKENS, "ignore_eos": True, "stream": True}
    tasks = [
        asyncio.create_task(_stream(site.client, url, body | {"prompt": f"t{number} t5 t7 " * 40}))
        for number in range(STREAMS)
    ]
    await asyncio.sleep(1.0)
    began = asyncio.get_running_loop().time()
    site.engine.process.terminate()
    whole = sum(await asyncio.gather(*tasks))
    streams_s = asyncio.get_running_loop().time() - began
    await asyncio.wait_for(site.engine.process.wait(), 60)
    return {
        "streams": STREAMS,
        "whole": whole,
        "streams_s": streams_s,
        "exit_s": asyncio.get_running_loop().time() - began,
        "exit_code": site.engine.process.returncode,
    }


async def _stream(client: LoadClient, url: str, body: dict[str, Any]) -> bool:
    """Whether the stream ended normally."""
    text = b""
    async with client.session.post(url, json=body) as answer:
        async for piece in answer.content.iter_any():
            text = (text + piece)[-400:]
        return answer.status == 200 and b"[DONE]" in text and b'"length"' in text


def main(argv: Sequence[str] | None = None) -> int:
    """Measure everything."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu_serving", description=__doc__)
    parser.add_argument("deployment", help="an InferenceDeployment's file")
    parser.add_argument("--config-json", required=True, help="its model's own config.json")
    parser.add_argument("--out", required=True, type=Path, help="where the figures go")
    parser.add_argument("--concurrency", type=int, action="append", help="requests at once; may stand several times")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each way and concurrency (3)")
    parser.add_argument("--no-workloads", action="store_true", help="rounds and drain alone")
    chosen = parser.parse_args(argv)
    plan = ServingPlan(
        out=chosen.out.absolute(),
        concurrencies=tuple(chosen.concurrency or CONCURRENCIES),
        rounds=chosen.rounds,
        workloads={} if chosen.no_workloads else WORKLOADS,
    )
    config = Path(chosen.config_json).read_text(encoding="utf-8")
    # A leftover engine keeps the GPU's memory.
    asyncio.run(cancelled_by_sigterm(measure(rendered(Path(chosen.deployment)), config, plan)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
