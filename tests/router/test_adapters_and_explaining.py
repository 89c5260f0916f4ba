"""What clients learn of adapters that no replica has now, and why a replica was chosen (docs/router.md)."""

import asyncio
import json
from pathlib import Path
from typing import Any

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import explain_headers
from tests.router.observability.recorders import recorded
from tests.router.planes import PROMPT, Cluster, Raw, exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import ANSWER, keyed, router_before

EXPLAIN = "x-fairlead-explain: 1"


def with_adapter(config: Path) -> Path:
    """The same file, in which `de` is an adapter."""
    config.write_text(json.dumps(json.loads(config.read_text()) | {"adapters": ["de"]}))
    return config


def code(text: str) -> str:
    return str(json.loads(text)["error"]["code"])


def head_of(answer: bytes) -> str:
    return answer.partition(b"\r\n\r\n")[0].decode()


def test_an_adapter_that_no_replica_has_now_is_503_and_an_unknown_one_404(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, engine = Cluster(), Raw(ANSWER)
        config = with_adapter(written(tmp_path, ["x:1"]))
        async with engine.listening(), plane(config, cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            status, text = await router.complete(PROMPT | {"model": "de"})
            assert (status, code(text)) == (503, "adapter_not_loaded")
            status, text = await router.complete(PROMPT | {"model": "fr"})
            assert (status, code(text)) == (404, "model_not_found")
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, adapters=frozenset({"de"})))
            assert (await router.complete(PROMPT | {"model": "de"}))[0] == 200

    run_story(story())


def test_an_adapter_goes_only_where_it_is_loaded(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, plain, adapted = Cluster(), Raw(), Raw(*[ANSWER] * 5)
        config = with_adapter(written(tmp_path, ["x:1"]))
        async with plain.listening(), adapted.listening(), plane(config, cluster) as router:
            has = DiscoveredEndpoint(pod="b", address=adapted.address, adapters=frozenset({"de"}))
            cluster.announce(DiscoveredEndpoint(pod="a", address=plain.address), has)
            await router.until("routable", "routable")
            for _ in range(5):
                assert (await router.complete(PROMPT | {"model": "de"}))[0] == 200
            assert plain.seen == []

    run_story(story())


def test_tenants_get_explanations_only_where_they_are_permitted(tmp_path: Path) -> None:
    async def story() -> None:
        bearer = "Authorization: Bearer sk-1"
        for explain in (False, True):
            engine, tenants = Raw(ANSWER, ANSWER), keyed(tmp_path, explain=explain)
            async with router_before(tmp_path, engine, **tenants) as router:
                head = head_of(await exchange_bytes(router, posted(PROMPT, "/v1/completions", bearer, EXPLAIN)))
                for name in ("replica", "decision", "candidates", "lane"):
                    assert (f"x-fairlead-{name}: " in head) is explain
                assert ("server-timing: read;dur=" in head) is explain
                plain = head_of(await exchange_bytes(router, posted(PROMPT, "/v1/completions", bearer)))
                assert "x-fairlead-" not in plain
                assert "server-timing" not in plain

    run_story(story())


def test_replicas_that_were_not_chosen_are_shown_with_the_reason(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, engine = Cluster(), Raw(ANSWER)
        async with engine.listening(), plane(written(tmp_path, ["x:1"]), cluster) as router:
            cluster.announce(
                DiscoveredEndpoint(pod="a", address=engine.address),
                DiscoveredEndpoint(pod="b", address="x:2", ready=False),
            )
            await router.until("routable", "notReady")
            head = head_of(await exchange_bytes(router, posted(PROMPT, "/v1/completions", EXPLAIN)))
            explained: dict[str, Any] = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
            assert explained["x-fairlead-replica"] == "a"
            assert explained["x-fairlead-lane"] == "interactive"
            assert explained["x-fairlead-candidates"].startswith("a adjusted=")
            assert ", b dropped (" in explained["x-fairlead-candidates"]
            await asyncio.sleep(0)

    run_story(story())


def test_each_phase_is_in_milliseconds_and_a_clock_that_goes_back_makes_none_negative() -> None:
    late = recorded(10.0, 10.001, first_sent_at=10.021, sent_at=10.521)
    assert explain_headers.phases(late, 10.921) == (
        b"server-timing: read;dur=1.00, queue;dur=20.00, retries;dur=500.00, engine;dur=400.00\r\n"
    )
    assert explain_headers.phases(recorded(10.0, 9.0, first_sent_at=9.5, sent_at=9.5), 9.4) == (
        b"server-timing: read;dur=0.00, queue;dur=500.00, retries;dur=0.00, engine;dur=0.00\r\n"
    )
