"""Two revisions behind one router: conversations are split between them, and ended requests reported by revision."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.router.planes import PROMPT, Cluster, Plane, Raw, plane, run_story, whole, written

ANSWER = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}')
BROKEN = whole(b'{"error":{"message":"no","type":"InternalServerError","code":500}}', status=500)
NEW = "1a2b3c4d"


def dividing(folder: Path, percent: int | None, **routing: Any) -> Path:  # noqa: ANN401 - any JSON
    """The file of a router that gives the new revision this share."""
    document = json.loads(written(folder, ["x:1"], **routing).read_text(encoding="utf-8"))
    share = None if percent is None else {"revision": NEW, "percent": percent}
    fresh = folder / "router.json.new"
    fresh.write_text(json.dumps(document | {"share": share}), encoding="utf-8")
    return fresh.replace(folder / "router.json")


@asynccontextmanager
async def halved(folder: Path, answer: bytes, **routing: Any) -> AsyncIterator[tuple[Plane, Raw, Raw]]:  # noqa: ANN401
    """A router in front of an old engine and a new one, which gives this answer to half of the conversations."""
    cluster, old, new = Cluster(), Raw(*[ANSWER] * 80), Raw(*[answer] * 80)
    async with old.listening(), new.listening(), plane(dividing(folder, 50, **routing), cluster) as router:
        cluster.announce(
            DiscoveredEndpoint(pod="a", address=old.address, revision="0f0f0f0f"),
            DiscoveredEndpoint(pod="b", address=new.address, revision=NEW),
        )
        await router.until("routable", "routable")
        yield router, old, new


async def in_session(router: Plane, session: str) -> None:
    """One request of this session."""
    headers = {"x-session-id": session}
    async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=headers) as answer:
        assert answer.status == 200
        await answer.read()


async def samples(router: Plane, query: str = "") -> Any:  # noqa: ANN401 - any JSON
    """Its report on both revisions."""
    async with router.session.get(router.pages + "/fairlead/v1/samples" + query) as answer:
        return await answer.json()


def test_each_conversation_has_one_revision_and_share_nothing_reaches_a_router_like_any_change(tmp_path: Path) -> None:
    async def story() -> None:
        async with halved(tmp_path, ANSWER) as (router, _, new):
            for _ in range(2):
                for number in range(20):
                    await in_session(router, f"talk-{number}")
            found = await samples(router)
            assert found["share"] == {"revision": NEW, "percent": 50, "step": 0}
            sides = {(row[2], row[1]) for row in found["rows"]}
            assert len(sides) == 20
            assert len({conversation for conversation, _ in sides}) == 20
            assert sum(row[1] for row in found["rows"]) == len(new.seen)
            assert 2 <= len(new.seen) <= 38
            assert (await samples(router, "?after=38"))["rows"] == found["rows"][38:]
            assert (await samples(router, "?after=x"))["count"] == 40
            assert "ns/none" in json.dumps(await samples(router, "?deployment=ns/none"))

            before = len(new.seen)
            dividing(tmp_path, 0)
            while (await router.page())["share"]["percent"] != 0:
                await asyncio.sleep(0.005)
            for number in range(20):
                await in_session(router, f"talk-{number}")
            assert len(new.seen) == before

    run_story(story())


def test_without_balancing_by_prefix_a_conversation_is_still_known_by_its_beginning(tmp_path: Path) -> None:
    async def story() -> None:
        async with halved(tmp_path, ANSWER, balancing={"prefix": False}) as (router, _, new):
            sides = []
            for number in range(16):
                before, opening = len(new.seen), f"conversation {number} " * 40
                for turn in range(3):
                    await router.complete(PROMPT | {"prompt": opening + "and then? " * turn})
                sides.append(len(new.seen) - before)
            assert set(sides) == {0, 3}

    run_story(story())


def test_what_the_new_revision_fails_the_old_one_answers_and_the_report_says_who_failed(tmp_path: Path) -> None:
    async def story() -> None:
        async with halved(tmp_path, BROKEN) as (router, old, new):
            for number in range(20):
                await in_session(router, f"talk-{number}")
            rows = (await samples(router))["rows"]
            assert len(old.seen) == 20
            assert 1 <= sum(row[1] for row in rows) <= len(new.seen)

    run_story(story())


def test_a_new_revision_that_only_fails_is_reported_beyond_the_three_failures_that_eject_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with halved(tmp_path, BROKEN) as (router, _, new):
            new.to_probes = BROKEN
            for number in range(20):
                await in_session(router, f"talk-{number}")
            assert len(new.seen) == 3, "it gets no more of users' requests"
            failed: list[Any] = []
            while len(failed) < 6:
                await asyncio.sleep(0.02)
                failed = [row for row in (await samples(router))["rows"] if row[1]]
            assert all(row[8] == 1 for row in failed)
            assert len({row[2] for row in failed}) == len(failed), "each by itself"

            new.to_probes = whole(b'{"usage": {"completion_tokens": 1}}')
            await router.until("routable", "routable")
            counted = (await samples(router))["count"]
            await asyncio.sleep(0.3)
            assert (await samples(router))["count"] == counted

    run_story(story())
