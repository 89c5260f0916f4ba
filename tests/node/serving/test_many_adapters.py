"""Many adapters on many replicas of a node, and more adapters than slots under load."""

import asyncio
import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from fairlead.adapting.loader_steps import UNLOAD_AFTER_S
from house import tiny_images
from tests.node.adapter_stage import apply_adapter, completed, engine_part, open_hub, ready_reason, written_many
from tests.node.operator_stage import Deployed, engine
from tests.node.serving.claims import Record
from tests.node.stories import Stage
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("operated")

ADAPTERS, REPLICAS, EACH = (100, 8, 3) if os.environ.get("FAIRLEAD_MANY_ADAPTERS") else (24, 4, 2)
"""EACH replicas have an adapter; `make prove ITEM=delivery.11` takes the larger fleet, three minutes of two cores."""
REST_S: Final = 30.0
QUIET_S: Final = 10.0
TOKENS: Final = 50
"""A stream lives for two seconds."""
SLOTS: Final = 2
COLD_STREAMS: Final = 12
COLD_PAUSE_S: Final = 1.0
HEAD_START_S: Final = 3.0


def fleet(stage: Stage, hub: str, replicas: int, **lora: object) -> Deployed:
    """Simulated engines with room for adapters from this hub."""
    simulated, parts = engine(), engine_part(hub)
    both = simulated | parts | {"env": [*simulated["env"], *parts["env"]], "lora": parts["lora"] | lora}
    model = {"source": "hf://acme/tiny", "servedName": "chat", "shape": dict(tiny_images.SHAPE)}
    chat = Deployed(stage, engine=both, model=model, replicas=replicas)
    chat.serves(150)
    return chat


def test_many_adapters_come_to_the_replicas_chosen_and_then_nothing_is_written(
    stage: Stage, our_image: str, tmp_path: Path, record_property: Record
) -> None:
    adapters = written_many(tmp_path, ADAPTERS)
    chat = fleet(stage, open_hub(stage, our_image, tmp_path), REPLICAS, cpuSlots=ADAPTERS)
    address = chat.address()

    began = time.monotonic()
    stage.apply(*(adapter_object(name, one.version(), EACH) for name, one in adapters.items()))
    applied = time.monotonic()
    record_property("seconds_to_apply", round(applied - began, 1))
    eventually(lambda: loaded(stage) == dict.fromkeys(adapters, EACH), "all are loaded where they were chosen", 90)
    record_property("seconds_to_all_loaded", round(time.monotonic() - applied, 1))
    for name in list(adapters)[:: ADAPTERS // 10]:
        assert completed(address, name)[0] == 200

    time.sleep(UNLOAD_AFTER_S)  # what moved while the objects were created
    before, turns = at_rest(stage, chat)
    time.sleep(REST_S)
    record_property("writes_at_rest", sum(one != before.get(key) for key, one in versions(stage).items()))
    record_property("loads_at_rest", loader_lines(chat) - turns)
    assert (versions(stage), loader_lines(chat)) == (before, turns)

    victim = min(chat.observe().engines)
    stage.kubectl("delete", "pod", victim, "--wait=false")
    eventually(lambda: victim not in chat.observe().engines and chat.observe().ready == REPLICAS, "another one", 90)
    eventually(lambda: loaded(stage) == dict.fromkeys(adapters, EACH), "its adapters found other replicas", 60)


def test_a_cold_adapter_beside_hot_ones_waits_for_a_stream_and_no_longer(
    stage: Stage, our_image: str, tmp_path: Path, record_property: Record
) -> None:
    adapters = written_many(tmp_path, 3)
    chat = fleet(stage, open_hub(stage, our_image, tmp_path), 1, slots=SLOTS)
    for name, one in adapters.items():
        apply_adapter(chat, name, one.version())
    for name in adapters:
        eventually(lambda: ready_reason(chat, name)[0] == "AdapterLoaded", f"{name} is loaded", 60)  # noqa: B023
    hot, warm, cold = adapters
    found = asyncio.run(Mix(chat.address(), hot, warm, cold).played())

    longest = max(one for streams in found.whole.values() for one in streams)
    waits = found.first[cold]
    p95 = statistics.quantiles(waits, n=20, method="inclusive")[-1]
    record_property("cold_wait_in_streams", round(p95 / longest, 2))
    record_property("base_first_token_ms", round(1000 * statistics.median(found.first["chat"])))
    record_property("failed", len(found.failed))
    assert found.failed == []
    assert len(waits) == COLD_STREAMS
    assert p95 <= 1.5 * longest, f"{p95:.1f} s, and a stream lives {longest:.1f} s"
    assert min(len(found.first[name]) for name in (hot, warm)) > len(waits), "the hot ones go on"


@dataclass
class Mix:
    """Two adapters that always have streams at both routers, one that has one now and then, and the base model."""

    address: str
    hot: str
    warm: str
    cold: str
    first: dict[str, list[float]] = field(default_factory=dict)
    """Seconds to the first token, by model."""
    whole: dict[str, list[float]] = field(default_factory=dict)
    """From the first token to the last."""
    failed: list[str] = field(default_factory=list)
    ends: bool = False

    async def played(self) -> "Mix":
        """Run until the cold one has had its streams."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True), timeout=aiohttp.ClientTimeout(total=60)
        ) as session:
            others = [(self.hot, 0.0)] * 6 + [(self.warm, 0.0)] * 3 + [("chat", 0.5)]
            tasks = [asyncio.create_task(self._client(session, name, pause)) for name, pause in others]
            await asyncio.sleep(HEAD_START_S)
            for _ in range(COLD_STREAMS):
                await self._stream(session, self.cold)
                await asyncio.sleep(COLD_PAUSE_S)
            self.ends = True
            await asyncio.gather(*tasks)
        return self

    async def _client(self, session: aiohttp.ClientSession, name: str, pause: float) -> None:
        while not self.ends:
            await self._stream(session, name)
            await asyncio.sleep(pause)

    async def _stream(self, session: aiohttp.ClientSession, name: str) -> None:
        body: dict[str, Any] = {"model": name, "prompt": "tell me of the sea", "max_tokens": TOKENS}
        body |= {"ignore_eos": True, "stream": True}
        sent_at, events = time.monotonic(), list[float]()
        async with session.post(f"http://{self.address}/v1/completions", json=body) as answer:
            async for line in answer.content:
                if line.startswith(b"data: {"):
                    events.append(time.monotonic())
            if answer.status != 200 or len(events) < TOKENS:
                self.failed.append(f"{name}: {answer.status}, {len(events)} events")
                return
        self.first.setdefault(name, []).append(events[0] - sent_at)
        self.whole.setdefault(name, []).append(events[-1] - events[0])


def adapter_object(name: str, version: dict[str, Any], replicas: int) -> dict[str, Any]:
    """As a user applies it."""
    spec = {"deployment": "chat", "versions": [version], "replicas": replicas}
    return {"apiVersion": "fairlead.dev/v1alpha1", "kind": "Adapter", "metadata": {"name": name}, "spec": spec}


def loaded(stage: Stage) -> dict[str, int]:
    """On how many replicas each is, where all chosen ones have it."""
    found = {one["metadata"]["name"]: one.get("status", {}) for one in stage.objects("adp")}
    return {name: one.get("loaded", 0) for name, one in found.items() if one.get("loaded") == one.get("chosen")}


def versions(stage: Stage) -> dict[str, str]:
    """The version of everything that the operator writes."""
    found: Sequence[dict[str, Any]] = stage.objects("adp,infd,configmaps,deployments,services")
    return {one["metadata"]["uid"]: one["metadata"]["resourceVersion"] for one in found}


def at_rest(stage: Stage, chat: Deployed) -> tuple[dict[str, str], int]:
    """The writes and loads so far, once nothing has changed for a while."""
    seen: list[tuple[dict[str, str], int]] = []

    def still() -> bool:
        seen.append((versions(stage), loader_lines(chat)))
        time.sleep(QUIET_S)
        return (versions(stage), loader_lines(chat)) == seen[-1]

    eventually(still, "nothing more is done", 150)
    return seen[-1]


def loader_lines(chat: Deployed) -> int:
    """What loaders have done so far."""
    logs = [chat.stage.kubectl("logs", pod, "-c", "loader", "--tail=-1") for pod in sorted(chat.observe().engines)]
    return sum(len(one.splitlines()) for one in logs)
