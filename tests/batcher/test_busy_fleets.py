"""Fleets that refuse for hours, in virtual time: what is waited for, what fails, and what is sent meanwhile."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fairlead.batcher.batch_endpoint import BatchAttempt
from fairlead.batching import model_rests
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.run_tally import RunEnd
from tests.batcher.virtual_runs import Fleet, VirtualRun, attempt, requests
from tests.virtual_time import now, run_story

HELD_S: Final = 300.0
"""How long a router holds requests of a model without a replica."""
ANSWER_S: Final = 2.0


def one_a_minute() -> Fleet:
    """A tenant's rate; more are refused at once."""
    free_at = 0.0

    async def send(_: BatchRequest) -> BatchAttempt:
        nonlocal free_at
        if now() < free_at:
            return attempt(429, "token_rate", free_at - now())
        free_at = now() + 60.0
        await asyncio.sleep(ANSWER_S)
        return attempt(200)

    return send


def one_at_a_time() -> Fleet:
    """A tenant's concurrency, with answers that take a minute."""
    place = asyncio.Semaphore()

    async def send(_: BatchRequest) -> BatchAttempt:
        if place.locked():
            return attempt(429, "tenant_concurrency", 1.0)
        async with place:
            await asyncio.sleep(60.0)
        return attempt(200)

    return send


def before_replicas(serves: Callable[[str], bool]) -> Fleet:
    """A router that holds what no replica serves."""

    async def send(request: BatchRequest) -> BatchAttempt:
        until = now() + HELD_S
        while not serves(request.model):
            if now() >= until:
                return attempt(503, "no_replica_routable", 10.0)
            await asyncio.sleep(10.0)
        await asyncio.sleep(ANSWER_S)
        return attempt(200)

    return send


@pytest.mark.parametrize("made", [one_a_minute, one_at_a_time])
def test_a_fleet_that_is_slow_for_its_tenant_fails_nothing(tmp_path: Path, made: Callable[[], Fleet]) -> None:
    """Requests wait for hours behind the others of their run, and are refused a few times only."""

    async def story() -> None:
        batch = VirtualRun(tmp_path, made())
        assert await batch.run(requests(["chat"] * 200)) is RunEnd.COMPLETE
        assert (batch.tally.answered, batch.tally.failed) == (200, 0)

    run_story(story())


def test_a_model_without_a_replica_fails_alone_and_keeps_no_other_waiting(tmp_path: Path) -> None:
    """Of 2,000 requests each 20th names it. The others need four minutes, and until the first refusal five more."""

    async def story() -> None:
        batch, began = VirtualRun(tmp_path, before_replicas("chat".__eq__), concurrency=16), now()
        given = requests("lost" if line % 20 == 0 else "chat" for line in range(2000))
        assert await batch.run(given) is RunEnd.COMPLETE
        assert (batch.tally.answered, batch.tally.failures) == (1900, {"503 no_replica_routable": 100})
        assert batch.answered_at["chat"] - began < 600
        assert 1800 < now() - began < 3600
        failed = [json.loads(line) for line in (tmp_path / "errors.jsonl").read_text().splitlines()]
        assert len({one["custom_id"] for one in failed}) == 100
        assert {one["error"]["message"] for one in failed if one["error"]} == {
            "not sent again: for 30 min no replica served its model"
        }
        assert [one["response"]["status_code"] for one in failed if one["response"]] == [503]

    run_story(story())


@pytest.mark.parametrize(("concurrency", "lost"), [(1, 1), (4, 4), (16, 16)])
def test_models_without_a_replica_take_no_places_of_the_others(tmp_path: Path, concurrency: int, lost: int) -> None:
    """As many of them as there are places, with half of the file; until their first refusal they do take all."""

    async def story() -> None:
        batch, began = VirtualRun(tmp_path, before_replicas("chat".__eq__), concurrency), now()
        number = 500 * concurrency
        await batch.run(requests("chat" if line % 2 else f"lost{line // 2 % lost}" for line in range(2 * number)))
        assert (batch.tally.answered, batch.tally.failed + batch.tally.left) == (number, number)
        at_full_speed = number * ANSWER_S / concurrency
        assert batch.answered_at["chat"] - began < at_full_speed + 2 * HELD_S

    run_story(story())


def test_a_model_whose_first_replica_comes_late_answers_all(tmp_path: Path) -> None:
    async def story() -> None:
        began = now()
        fleet = before_replicas(lambda model: model == "chat" or now() > began + 1500)
        batch = VirtualRun(tmp_path, fleet, concurrency=16)
        given = requests("late" if line % 20 == 0 else "chat" for line in range(2000))
        assert await batch.run(given) is RunEnd.COMPLETE
        assert (batch.tally.answered, batch.tally.failed) == (2000, 0)
        assert now() - began < 1700

    run_story(story())


def test_a_fleet_without_a_replica_ends_the_run_and_fails_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        batch, began = VirtualRun(tmp_path, before_replicas(lambda _: False), concurrency=16), now()
        assert await batch.run(requests(["chat", "lost"] * 1000)) is RunEnd.NO_ANSWERS
        assert batch.detail == "the last attempt: 503 no_replica_routable"
        assert (batch.tally.failed, batch.tally.left) == (0, 2000)
        assert 1800 < now() - began < 3600

    run_story(story())


@pytest.mark.parametrize(("lost_at", "back_at"), [(0.0, 480.0), (30.0, 400.0)])
def test_a_model_that_comes_back_answers_what_memory_had_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost_at: float, back_at: float
) -> None:
    """A cold start, or an outage, of longer than a router holds requests, and a file of one model."""
    monkeypatch.setattr(model_rests, "MAX_BYTES", 100 * 1024)

    async def story() -> None:
        began = now()
        batch = VirtualRun(tmp_path, before_replicas(lambda _: not lost_at <= now() - began < back_at))
        assert await batch.run(requests(["chat"] * 4000)) is RunEnd.COMPLETE
        assert (batch.tally.answered, batch.tally.failed) == (4000, 0)
        assert len(set((tmp_path / "out.jsonl").read_text().splitlines())) == 4000
        assert now() - began < back_at + 200

    run_story(story())


def test_other_models_wait_for_none_that_memory_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their requests come last in this file."""
    monkeypatch.setattr(model_rests, "MAX_BYTES", 100 * 1024)

    async def story() -> None:
        began = now()
        fleet = before_replicas(lambda model: model == "chat" or now() > began + 1500)
        batch = VirtualRun(tmp_path, fleet, concurrency=16)
        assert await batch.run(requests(["late"] * 500 + ["chat"] * 2000)) is RunEnd.COMPLETE
        assert (batch.tally.answered, batch.tally.failed) == (2500, 0)
        assert batch.answered_at["chat"] - began < 600
        assert now() - began < 1700

    run_story(story())


def test_of_a_model_that_stays_away_what_memory_has_no_room_for_is_left_to_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_rests, "MAX_BYTES", 100 * 1024)

    async def story() -> None:
        batch, began = VirtualRun(tmp_path, before_replicas("chat".__eq__), concurrency=16), now()
        assert await batch.run(requests(["lost"] * 500 + ["chat"] * 2000)) is RunEnd.NO_ANSWERS
        assert (batch.tally.answered, batch.tally.failed + batch.tally.left) == (2000, 500)
        assert 100 <= batch.tally.failed <= 116  # what is set aside, and what was at hand before the first refusal
        assert now() - began < 3600

    run_story(story())
