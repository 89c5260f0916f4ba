"""A rollout to another kind of engine: pods of both serve, and each gets requests as its kind takes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.router.planes import (
    PROMPT,
    STREAM,
    Cluster,
    Plane,
    Raw,
    events,
    exchange_bytes,
    plane,
    posted,
    run_story,
    written,
)
from tests.router.test_engine_requests import ANSWER, DELTA, METRICS, keyed
from tests.router.test_other_kinds import FULL, body_of, of_kind

SGLANG_METRICS = (
    METRICS.replace(b"vllm:num_requests_running", b"sglang:num_running_reqs")
    .replace(b"vllm:num_requests_waiting", b"sglang:num_queue_reqs")
    .replace(b"vllm:kv_cache_usage_perc", b"sglang:token_usage")
)
DE = frozenset({"de"})


@dataclass(slots=True)
class Rollout:
    """One replica of each kind, and the router that has both."""

    router: Plane
    cluster: Cluster
    old: Raw
    new: Raw
    kinds: tuple[EngineKind, EngineKind]

    async def serves(self, *which: Raw) -> None:
        """Only these are listed and routable."""
        pairs = [(one, kind) for one, kind in zip((self.old, self.new), self.kinds, strict=True) if one in which]
        self.cluster.announce(
            *(DiscoveredEndpoint(pod=kind, address=one.address, kind=kind, adapters=DE) for one, kind in pairs)
        )
        await self.router.until(*["routable"] * len(which))


@asynccontextmanager
async def rollout(
    folder: Path,
    old: Raw,
    new: Raw,
    *kinds: EngineKind,
    adapters: tuple[str, ...] = (),
    **routing: Any,  # noqa: ANN401
) -> AsyncIterator[Rollout]:
    """The spec names the new kind, and so does the router's file."""
    before, after = kinds
    config = of_kind(after, written(folder, ["x:1"], **routing), *adapters)
    cluster = Cluster()
    async with old.listening(), new.listening(), plane(config, cluster) as router:
        yield Rollout(router=router, cluster=cluster, old=old, new=new, kinds=(before, after))


async def models(router: Plane) -> list[str]:
    """The base models that its file names now."""
    async with router.session.get(router.url + "/v1/models") as answer:
        return [one["id"] for one in (await answer.json())["data"]]


def test_an_adapter_is_named_to_each_replica_as_its_kind_takes_it(tmp_path: Path) -> None:
    """Named to TensorRT-LLM as to vLLM, the base model would answer in the adapter's name."""

    async def story() -> None:
        old, new = Raw(ANSWER, ANSWER), Raw(ANSWER, ANSWER)
        kinds = (EngineKind.TENSORRT_LLM, EngineKind.VLLM)
        async with rollout(tmp_path, old, new, *kinds, adapters=("de",)) as at:
            await at.serves(old)
            assert (await at.router.complete(PROMPT | {"model": "de"}))[0] == 200
            await at.serves(old, new)
            await at.serves(new)
            assert (await at.router.complete(PROMPT | {"model": "de"}))[0] == 200
        assert body_of(old.seen[0])["lora_request"]["lora_name"] == "de"
        assert body_of(new.seen[0]) == PROMPT | {"model": "de"}

    run_story(story())


@pytest.mark.parametrize("shown", [EngineKind.SGLANG, None], ids=["shown", "not shown"])
def test_a_request_that_waits_while_the_kind_changes_is_named_as_the_new_kind_takes_it(
    tmp_path: Path, shown: EngineKind | None
) -> None:
    async def story() -> None:
        cluster, new, config = Cluster(), Raw(ANSWER, ANSWER), written(tmp_path, ["x:1"])
        async with new.listening(), plane(of_kind(EngineKind.VLLM, config, "de"), cluster) as router:
            cluster.announce()
            waiting = [asyncio.create_task(router.complete(PROMPT | {"model": one})) for one in ("de", "chat")]
            while (await router.page())["queue"]["held"] < len(waiting):
                await asyncio.sleep(0.005)
            of_kind(EngineKind.SGLANG, written(tmp_path, ["x:1"], ["chat", "also"]), "de")
            while await models(router) != ["chat", "also"]:
                await asyncio.sleep(0.005)
            cluster.announce(DiscoveredEndpoint(pod="n", address=new.address, kind=shown, adapters=DE))
            assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200]
        bodies = sorted((body_of(one) for one in new.seen), key=lambda one: str(one["model"]))
        assert bodies == [PROMPT | {"model": "chat", "lora_path": None}, PROMPT | {"model": "chat:de"}]

    run_story(story())


def test_a_route_that_one_of_the_kinds_would_answer_as_the_base_model_is_refused_until_it_is_gone(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        old, new = Raw(), Raw(ANSWER)
        kinds = (EngineKind.TENSORRT_LLM, EngineKind.VLLM)
        needed = {"model": "de", "input": "x"}
        async with rollout(tmp_path, old, new, *kinds, adapters=("de",)) as at:
            await at.serves(old, new)
            assert (await at.router.complete(needed, "/v1/responses"))[0] == 400
            await at.serves(new)
            assert (await at.router.complete(needed, "/v1/responses"))[0] == 200
        assert (len(old.seen), len(new.seen)) == (0, 1)

    run_story(story())


def test_tenants_are_kept_apart_on_a_route_where_only_the_old_kind_would_mix_them(tmp_path: Path) -> None:
    async def story() -> None:
        old, new, bearer = Raw(), Raw(ANSWER), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path) | {"balancing": {"salt": True}}
        async with rollout(tmp_path, old, new, EngineKind.TENSORRT_LLM, EngineKind.VLLM, **routing) as at:
            await at.serves(old)
            answer = await exchange_bytes(at.router, posted(PROMPT, "/v1/completions", bearer))
            assert b"this deployment separates tenants' prefixes" in answer
            await at.serves(old, new)
            await at.serves(new)
            assert b"200 OK" in await exchange_bytes(at.router, posted(PROMPT, "/v1/completions", bearer))

    run_story(story())


def test_tenants_are_kept_apart_in_embeddings_at_the_kind_that_can_while_the_other_serves_too(tmp_path: Path) -> None:
    async def story() -> None:
        old, new, bearer = Raw(*[ANSWER] * 99), Raw(*[ANSWER] * 99), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path) | {"balancing": {"salt": True}}
        needed = {"model": "chat", "input": "x"}
        async with rollout(tmp_path, old, new, EngineKind.VLLM, EngineKind.TENSORRT_LLM, **routing) as at:
            await at.serves(old, new)
            while not (old.seen and new.seen):
                assert b"200 OK" in await exchange_bytes(at.router, posted(needed, "/v1/embeddings", bearer))
        assert body_of(old.seen[0])["cache_salt"]
        assert body_of(new.seen[0]) == needed

    run_story(story())


def test_an_error_of_the_old_kind_is_still_understood(tmp_path: Path) -> None:
    """A full queue inside SGLang's stream: the request is sent elsewhere, and its client sees no error."""

    async def story() -> None:
        old, new = Raw(*[events(FULL, b"[DONE]")] * 3), Raw(*[events(DELTA, b"[DONE]")] * 3)
        async with rollout(tmp_path, old, new, EngineKind.SGLANG, EngineKind.VLLM) as at:
            await at.serves(old, new)
            for _ in range(3):
                assert b"queue is full" not in await exchange_bytes(at.router, posted(STREAM, "/v1/completions"))
            assert old.seen, "one of three began there"

    run_story(story())


def test_the_load_of_each_is_read_from_the_page_of_its_kind(tmp_path: Path) -> None:
    async def story() -> None:
        old, new = Raw(metrics=METRICS), Raw(metrics=SGLANG_METRICS)
        async with rollout(tmp_path, old, new, EngineKind.VLLM, EngineKind.SGLANG) as at:
            await at.serves(old, new)
            while None in (figures := [one["figures"] for one in await at.router.endpoints()]):
                await asyncio.sleep(0.01)
            assert [(one["running"], one["waiting"], one["kvUsage"]) for one in figures] == [(3.0, 1.0, 0.25)] * 2

    run_story(story())


def test_a_tenants_rank_is_where_either_kind_reads_it(tmp_path: Path) -> None:
    async def story() -> None:
        old, new, bearer = Raw(ANSWER), Raw(ANSWER), "Authorization: Bearer sk-1"
        routing = keyed(tmp_path, band="gold") | {"bands": [{"name": "gold", "priority": 9}]}
        async with rollout(tmp_path, old, new, EngineKind.VLLM, EngineKind.SGLANG, **routing) as at:
            await at.serves(old)
            await exchange_bytes(at.router, posted(PROMPT | {"rid": "a"}, "/v1/completions", bearer))
            await at.serves(new)
            await exchange_bytes(at.router, posted(PROMPT | {"rid": "a"}, "/v1/completions", bearer))
        assert b"x-vllm-priority: 0\r\n" in old.seen[0]
        assert body_of(old.seen[0]) == PROMPT | {"rid": "a"}, "which vLLM ignores"
        assert body_of(new.seen[0]) == PROMPT | {"priority": 0}

    run_story(story())
