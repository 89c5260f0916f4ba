"""What both sources observe: two simulated engines, a real router, a real Prometheus that scrapes them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.fleet.desired_state import EngineKind
from house import prometheus_server
from house.tree import ROOT

HOST: Final = "127.0.0.44"
ENGINES: Final = (8461, 8462)
ROUTER: Final = 8463
ROUTER_METRICS: Final = 8464
PROMETHEUS: Final = 8465
NAMESPACE: Final = "demo"
SCRAPE_SECONDS: Final = 2.0
START_SECONDS: Final = 60.0
ENGINE_TARGETS: Final = tuple(
    ScrapeTarget(
        uid=f"engine-{n}", namespace=NAMESPACE, name=f"engine-{n}", ip=HOST, port=port, kind=EngineKind.SIMULATED
    )
    for n, port in enumerate(ENGINES)
)
ROUTER_TARGET: Final = ScrapeTarget(
    uid="router-0", namespace=NAMESPACE, name="router-0", ip=HOST, port=ROUTER_METRICS, kind=None
)
TARGETS: Final = (*ENGINE_TARGETS, ROUTER_TARGET)
ENGINE: Final = (
    *("engine", "--product", "NVIDIA-L4", "--", "vllm", "serve", "meta-llama/Llama-3.1-8B-Instruct"),
    *("--served-model-name", "chat", "--max-model-len", "8192", "--max-num-seqs", "16"),
)


class CouldNotStart(Exception):
    """A program ended, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Load:
    """Clients that each send one request after the other."""

    clients: int
    seconds: float


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[None]:
    """Serve all of it until the block ends."""
    async with AsyncExitStack() as stack:
        for port in ENGINES:
            words = [*ENGINE, "--host", HOST, "--port", str(port)]
            await stack.enter_async_context(_fairlead(words, folder / f"engine-{port}.log"))
        config = folder / "router.json"
        config.write_text(json.dumps({"models": ["chat"], "endpoints": [f"{HOST}:{port}" for port in ENGINES]}))
        words = ["router", "--config", str(config), "--host", HOST, "--port", str(ROUTER), "--linger", "0"]
        words += ["--metrics-port", str(ROUTER_METRICS), "--access-log", str(folder / "access.log")]
        await stack.enter_async_context(_fairlead(words, folder / "router.log"))
        await stack.enter_async_context(_prometheus(folder))
        async with aiohttp.ClientSession() as session:
            for url in (f"http://{HOST}:{ROUTER}/ready", f"http://{HOST}:{PROMETHEUS}/-/ready"):
                await _answering(session, url)
        yield


async def put(load: Load) -> int:
    """Run the load's clients for its duration; return how many requests were answered."""
    answered = 0

    async def client(session: aiohttp.ClientSession, number: int) -> None:
        nonlocal answered
        prompt = f"client {number} tells a story of some length about a harbour " * 20
        body = {"model": "chat", "prompt": prompt, "max_tokens": 60, "ignore_eos": True}
        while True:
            async with session.post(f"http://{HOST}:{ROUTER}/v1/completions", json=body) as answer:
                await answer.read()
                answered += answer.status == 200

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        tasks = [asyncio.create_task(client(session, number)) for number in range(load.clients)]
        await asyncio.sleep(load.seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return answered


@asynccontextmanager
async def _fairlead(words: Sequence[str], log: Path) -> AsyncIterator[None]:
    async with _running([sys.executable, "-m", "fairlead", *words], log):
        yield


@asynccontextmanager
async def _prometheus(folder: Path) -> AsyncIterator[None]:
    program = prometheus_server.found()
    if program is None:
        raise CouldNotStart("there is no prometheus here; python -m house.prometheus_server installs one")
    config = folder / "prometheus.yml"
    config.write_text(json.dumps(_scrapes()), encoding="utf-8")
    words = [program, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", "--log.level=warn"]
    async with _running([*words, f"--web.listen-address={HOST}:{PROMETHEUS}"], folder / "prometheus.log"):
        yield


def _scrapes() -> dict[str, object]:
    """Targets labelled as by a PodMonitor."""
    static = [
        {"targets": [target.host], "labels": {"namespace": target.namespace, "pod": target.name}} for target in TARGETS
    ]
    every = f"{SCRAPE_SECONDS:g}s"
    return {
        "global": {"scrape_interval": every, "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "pods", "static_configs": static}],
    }


@asynccontextmanager
async def _running(words: Sequence[str], log: Path) -> AsyncIterator[None]:
    paths = os.environ | {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "FAIRLEAD_ENGINE_START_SECONDS": "0"}
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(*words, stdout=sink, stderr=sink, env=paths)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answering(session: aiohttp.ClientSession, url: str) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                with suppress(aiohttp.ClientError):
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise CouldNotStart(f"{url} did not answer within {START_SECONDS:g} s") from None
