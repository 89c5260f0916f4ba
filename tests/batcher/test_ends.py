"""How a run ends before its last request: by signals, at its time, without a fleet, without a key, on a full disk."""

import asyncio
import gc
from pathlib import Path
from typing import Final

import pytest

from fairlead.batcher.output_file import OutputFile
from fairlead.batcher.run import BatchRun
from fairlead.batching import attempt_outcomes
from fairlead.batching.fleet_signs import MAX_IN_A_ROW
from fairlead.batching.run_tally import RunEnd
from tests.batcher.sent_batches import ScriptedAddress, SentBatch, lines
from tests.emulator.living import living, paced
from tests.router.planes import run_story

OK: Final[tuple[int, object, dict[str, str]]] = (200, {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}, {})


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_outcomes, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(attempt_outcomes, "LONGEST_WAIT_S", 0.05)


@pytest.fixture
def batch(tmp_path: Path) -> SentBatch:
    return SentBatch(tmp_path)


def test_a_signal_waits_for_what_is_in_flight_and_the_next_run_sends_the_rest(batch: SentBatch) -> None:
    async def story() -> None:
        begun = list[BatchRun]()
        batch.begun = begun.append

        def answer(number: int) -> tuple[int, object, dict[str, str]]:
            if number == 20:
                begun[0].stop(RunEnd.INTERRUPTED)
            return OK

        address = ScriptedAddress(answer)
        async with address.listening():
            batch.url = address.url
            assert await batch.run(lines(50)) is RunEnd.INTERRUPTED
            sent = len(address.seen)
            assert 20 <= len(batch.answers) == sent < 50
            assert await batch.run(lines(50)) is RunEnd.COMPLETE
        assert len(address.seen) == 50
        assert len(batch.answers) == 50

    run_story(story())


def test_a_second_signal_waits_for_nothing(batch: SentBatch) -> None:
    async def story() -> None:
        async with living(paced(30.0, 1.0)) as engines:
            begun = list[BatchRun]()
            batch.begun, batch.url, batch.grace_s = begun.append, engines[0].url, 60.0
            run = asyncio.create_task(batch.run(lines(20)))
            while not begun or begun[0].in_flight < 4:
                await asyncio.sleep(0.002)
            begun[0].stop(RunEnd.INTERRUPTED)
            await asyncio.sleep(0.01)
            assert not run.done()
            begun[0].stop(RunEnd.INTERRUPTED)
            assert await run is RunEnd.INTERRUPTED
        assert (batch.answers, batch.tally.left) == ({}, 20)

    run_story(story())


def test_after_the_end_of_its_time_two_signals_wait_for_nothing_and_leave_no_trace(batch: SentBatch) -> None:
    async def story() -> None:
        forgotten = list[object]()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: forgotten.append(context))
        async with living(paced(30.0, 1.0)) as engines:
            begun = list[BatchRun]()
            batch.begun, batch.url, batch.grace_s = begun.append, engines[0].url, 60.0
            run = asyncio.create_task(batch.run(lines(20)))
            while not begun or begun[0].in_flight < 4:
                await asyncio.sleep(0.002)
            for why in (RunEnd.TIME_OVER, RunEnd.INTERRUPTED):
                begun[0].stop(why)
                await asyncio.sleep(0.01)
                assert not run.done()
            begun[0].stop(RunEnd.INTERRUPTED)
            assert await run is RunEnd.TIME_OVER
        assert batch.answers == {}
        begun.clear()
        gc.collect()
        assert forgotten == []

    run_story(story())


def test_a_wait_for_a_retry_ends_with_the_run(batch: SentBatch) -> None:
    async def story() -> None:
        begun = list[BatchRun]()
        batch.begun = begun.append
        address = ScriptedAddress(lambda _: (503, {}, {"Retry-After": "500"}))
        async with address.listening():
            batch.url = address.url
            run = asyncio.create_task(batch.run(lines(20)))
            while not batch.tally.retries:
                await asyncio.sleep(0.002)
            begun[0].stop(RunEnd.TIME_OVER)
            assert await run is RunEnd.TIME_OVER
        assert batch.tally.left == 20

    run_story(story())


def test_a_key_that_is_refused_ends_the_run_and_fails_nothing(batch: SentBatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: (401, {"error": {"code": "unknown_key"}}, {}))
        async with address.listening():
            batch.url, batch.key = address.url, "old"
            assert await batch.run(lines(20)) is RunEnd.UNUSABLE
        assert batch.detail.endswith(
            "it answers 401 unknown_key: it wants another key; name its file with --api-key-file"
        )
        assert {one["Authorization"] for one in address.headers} == {"Bearer old"}
        assert (batch.tally.left, batch.failed) == (20, {})

    run_story(story())


def test_an_address_that_stays_away_ends_the_run(batch: SentBatch) -> None:
    async def story() -> None:
        batch.url, batch.give_up_after_s = "http://127.0.0.1:9", 0.05
        assert await batch.run(lines(20)) is RunEnd.NO_ANSWERS
        assert batch.detail == "the last attempt: unreachable Connection refused"
        assert batch.tally.left == 20

    run_story(story())


def test_a_run_does_not_give_up_while_the_fleet_holds_a_request_of_it(batch: SentBatch) -> None:
    """In the batch lane a request may wait for hours, and others may be refused meanwhile."""

    async def story() -> None:
        batch.give_up_after_s, batch.concurrency = 0.02, 2
        address = ScriptedAddress(lambda number: (503, {}, {"Retry-After": "0"}) if number == 2 else OK)
        address.held = {1: asyncio.Event(), 2: asyncio.Event()}
        async with address.listening():
            batch.url = address.url
            run = asyncio.create_task(batch.run(lines(2)))
            while len(address.seen) < 2:
                await asyncio.sleep(0.002)
            await asyncio.sleep(2 * batch.give_up_after_s)
            address.held[2].set()
            while not batch.tally.retries:
                await asyncio.sleep(0.002)
            address.held[1].set()
            assert await run is RunEnd.COMPLETE
        assert len(batch.answers) == 2

    run_story(story())


def test_an_address_that_only_has_faults_ends_the_run_and_fails_few_requests(batch: SentBatch) -> None:
    """Some request is always in flight, and each fails more often than a request may."""

    async def story() -> None:
        batch.give_up_after_s = 0.4
        address = ScriptedAddress(lambda _: (504, {"error": {"code": "gateway"}}, {}))
        async with address.listening():
            batch.url = address.url
            assert await batch.run(lines(200)) is RunEnd.NO_ANSWERS
        assert batch.detail == "the last attempt: 504 gateway"
        assert len(batch.failed) <= MAX_IN_A_ROW
        assert batch.tally.left == 200 - len(batch.failed)

    run_story(story())


def test_what_a_fleet_that_stays_busy_refuses_is_left_to_the_next_run(batch: SentBatch) -> None:
    async def story() -> None:
        batch.give_up_after_s = 0.1
        address = ScriptedAddress(lambda _: (503, {}, {}))
        async with address.listening():
            batch.url = address.url
            assert await batch.run(lines(50)) is RunEnd.NO_ANSWERS
        assert (batch.failed, batch.tally.left) == ({}, 50)

    run_story(story())


def test_an_address_that_redirects_is_named_with_the_other_one(batch: SentBatch) -> None:
    async def story() -> None:
        there = {"Location": "https://chat.example/v1/chat/completions"}
        address = ScriptedAddress(lambda _: (308, {}, there))
        async with address.listening():
            batch.url = address.url
            assert await batch.run(lines(20)) is RunEnd.UNUSABLE
        assert batch.detail == f"--to {batch.url}: it redirects to https://chat.example; name that with --to"
        assert (batch.failed, batch.tally.left) == ({}, 20)

    run_story(story())


def test_a_full_disk_ends_the_run_at_once(batch: SentBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: OK)

        def full(_: object, _line: bytes) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(OutputFile, "add", full)
        async with address.listening():
            batch.url = address.url
            with pytest.raises(OSError, match="No space left"):
                await batch.run(lines(20))
        assert len(address.seen) < 20

    run_story(story())
