"""A batch from its first request to its last: through routers, past refusals and ends, and again where it stopped."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.batching import attempt_outcomes
from fairlead.batching.run_tally import RunEnd
from tests.batcher.sent_batches import ScriptedAddress, SentBatch, lines
from tests.emulator.living import living, paced
from tests.router.planes import STREAM, before, free_port, plane, run_story, written

OK: Final[tuple[int, object, dict[str, str]]] = (200, {"usage": {"prompt_tokens": 5, "completion_tokens": 2}}, {})
LANES: Final[dict[str, Any]] = {"batchLane": {}}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_outcomes, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(attempt_outcomes, "LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(attempt_outcomes, "LONGEST_RETRY_AFTER_S", 0.2)


@pytest.fixture
def batch(tmp_path: Path) -> SentBatch:
    return SentBatch(tmp_path)


def test_a_router_serves_a_file_in_its_batch_lane(batch: SentBatch, tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, **LANES) as router:
            batch.url = router.url
            assert await batch.run(lines(40)) is RunEnd.COMPLETE
        assert set(batch.answers) == {f"r-{one}" for one in range(40)}
        one = batch.answers["r-7"]
        assert one["response"]["status_code"] == 200
        assert one["response"]["request_id"] == one["id"]
        assert one["response"]["body"]["choices"][0]["finish_reason"] == "length"
        assert one["error"] is None
        assert (batch.tally.answered, batch.tally.output_tokens, batch.tally.left) == (40, 120, 0)
        assert batch.tally.prompt_tokens > 40
        assert (batch.warnings, batch.failed) == ([], {})

    run_story(story())


def test_a_router_without_a_batch_lane_is_warned_of_once(batch: SentBatch, tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            batch.url = router.url + "/v1/"
            assert await batch.run(lines(10)) is RunEnd.COMPLETE
        assert len(batch.warnings) == 1
        assert batch.warnings[0].startswith("the router serves these requests in its lane interactive, beside users'")

    run_story(story())


def test_a_lane_that_the_first_reply_does_not_name_is_warned_of_later(batch: SentBatch) -> None:
    async def story() -> None:
        def answer(number: int) -> tuple[int, object, dict[str, str]] | None:
            if number == 1:
                return None
            if number == 2:
                return 503, {}, {}
            explained = "x-fairlead-explain" in address.headers[number - 1]
            return OK[0], OK[1], {"x-fairlead-lane": "interactive"} if explained else {}

        address = ScriptedAddress(answer)
        async with address.listening():
            batch.url, batch.concurrency = address.url, 1
            assert await batch.run(lines(4)) is RunEnd.COMPLETE
        assert len(batch.warnings) == 1
        assert ["x-fairlead-explain" in one for one in address.headers] == [True] * 3 + [False] * 3

    run_story(story())


def test_what_a_router_refuses_for_good_is_an_error_line_and_sent_once(batch: SentBatch, tmp_path: Path) -> None:
    async def story() -> None:
        limits = {"limits": {"maxOutputTokens": 100}}
        async with living() as engines, before(tmp_path, engines, **LANES, **limits) as router:
            batch.url = router.url
            given = [*lines(5), lines(6, max_tokens=2000)[5]]
            assert await batch.run(given) is RunEnd.COMPLETE
            failed = batch.failed["r-5"]["response"]
            assert (failed["status_code"], failed["body"]["error"]["code"]) == (400, "output_too_long")
            assert batch.tally.failures == {"400 output_too_long": 1}
            assert batch.tally.retries == {}
            assert len(batch.answers) == 5
            # The line is corrected; only it is sent, and nothing has failed any more.
            assert await batch.run(lines(6)) is RunEnd.COMPLETE
        assert (batch.tally.before, batch.tally.answered, len(batch.answers), batch.failed) == (5, 1, 6, {})

    run_story(story())


def test_a_full_router_queue_slows_a_run_down_and_fails_nothing(batch: SentBatch, tmp_path: Path) -> None:
    """While a user's stream runs, one request of the batch waits in the router, and the others in the client."""

    async def story() -> None:
        idle: dict[str, Any] = {"batchLane": {"belowUtilization": 0.0001, "maxQueued": 1}}
        async with living(paced(0.001, 0.02)) as engines:
            config = written(tmp_path, [engines[0].address], **idle)
            config.write_text(json.dumps(json.loads(config.read_text()) | {"maxSequences": 8}))
            async with plane(config) as router:
                await router.until("routable")
                batch.url, batch.concurrency = router.url, 16
                stream = STREAM | {"max_tokens": 2000}
                async with router.session.post(router.url + "/v1/completions", json=stream) as reply:
                    await reply.content.readany()
                    run = asyncio.create_task(batch.run(lines(8)))
                    while not batch.tally.retries:
                        await asyncio.sleep(0.002)
                    assert batch.tally.answered == 0
                    reply.close()
                assert await run is RunEnd.COMPLETE
        assert set(batch.tally.retries) == {"429 queue_full"}
        assert (len(batch.answers), batch.failed) == (8, {})

    run_story(story(), seconds=30)


def test_refusals_halve_what_is_in_flight_and_are_waited_for(batch: SentBatch) -> None:
    """Every third request is refused at first."""

    async def story() -> None:
        busy = (429, {"error": {"code": "token_rate"}}, {"Retry-After": "0"})
        address = ScriptedAddress(lambda number: busy if number % 3 == 0 and number < 60 else OK)
        async with address.listening():
            batch.url, batch.concurrency = address.url, 6
            assert await batch.run(lines(100)) is RunEnd.COMPLETE
        assert batch.tally.retries == {"429 token_rate": 19}
        assert address.max_at_once <= 6
        assert (len(batch.answers), batch.failed) == (100, {})
        assert {one["x-fairlead-lane"] for one in address.headers} == {"batch"}

    run_story(story())


def test_a_router_that_is_killed_and_comes_back_costs_no_request(batch: SentBatch, tmp_path: Path) -> None:
    async def story() -> None:
        port = free_port()
        async with living(paced(0.005, 0.005)) as engines:
            config = written(tmp_path, [engines[0].address], **LANES)
            async with plane(config, port=port) as first:
                await first.until("routable")
                batch.url = first.url
                run = asyncio.create_task(batch.run(lines(60)))
                while batch.tally.answered < 5:
                    await asyncio.sleep(0.002)
            while not batch.tally.retries["unreachable"]:
                await asyncio.sleep(0.002)
            async with plane(config, port=port):
                assert await run is RunEnd.COMPLETE
        assert (len(batch.answers), batch.failed) == (60, {})

    run_story(story(), seconds=30)


def test_a_run_that_was_cut_off_goes_on_after_the_last_whole_line(batch: SentBatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: OK)
        async with address.listening():
            batch.url = address.url
            await batch.run(lines(10))
            whole = batch.output.read_bytes().splitlines(keepends=True)
            batch.output.write_bytes(b"".join(whole[:6]) + whole[6][:40])
            address.seen.clear()
            assert await batch.run(lines(10)) is RunEnd.COMPLETE
        assert len(address.seen) == 4
        assert (batch.tally.before, batch.tally.answered, len(batch.answers)) == (6, 4, 10)

    run_story(story())


def test_a_request_that_always_breaks_something_fails_after_four_attempts(batch: SentBatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: None)
        async with address.listening():
            batch.url, batch.concurrency = address.url, 1
            assert await batch.run(lines(1)) is RunEnd.COMPLETE
        assert len(address.seen) == attempt_outcomes.MAX_FAULTS
        assert batch.failed["r-0"]["response"] is None
        assert batch.failed["r-0"]["error"]["code"] == "connection_lost"
        assert batch.tally.failures == {"connection_lost": 1}

    run_story(story())


def test_a_request_that_is_refused_for_long_while_others_are_answered_fails_alone(batch: SentBatch) -> None:
    """Its model has no replica, for instance."""

    async def story() -> None:
        batch.give_up_after_s = 0.05

        def answer(number: int) -> tuple[int, object, dict[str, str]]:
            lost = address.seen[number - 1]["model"] == "lost"
            return (503, {"error": {"code": "no_replica_routable"}}, {}) if lost else OK

        address = ScriptedAddress(answer)
        async with address.listening():
            batch.url, batch.concurrency = address.url, 2
            given = [*lines(1, model="lost"), *lines(400)[1:]]
            assert await batch.run(given) is RunEnd.COMPLETE
        assert batch.tally.failures == {"503 no_replica_routable": 1}
        assert batch.failed["r-0"]["response"]["status_code"] == 503
        assert len(batch.answers) == 399

    run_story(story())


def test_an_engine_that_answers_too_late_or_no_json_fails_its_requests_alone(batch: SentBatch) -> None:
    async def story() -> None:
        async with living(paced(30.0, 1.0)) as engines:
            batch.url, batch.time_out_s = engines[0].url, 0.02
            assert await batch.run(lines(1)) is RunEnd.COMPLETE
        assert batch.failed["r-0"]["error"] == {"code": "timed_out", "message": "no answer within 0.02 s"}
        address = ScriptedAddress(lambda _: (200, [], {}))
        async with address.listening():
            batch.url, batch.time_out_s = address.url, 5.0
            assert await batch.run(lines(1)) is RunEnd.COMPLETE
        assert batch.failed["r-0"]["response"]["body"] == "[]"
        assert batch.tally.failures == {"200 not_json": 1}

    run_story(story())


def test_a_spent_budget_is_waited_for_longer_than_a_busy_fleet(batch: SentBatch) -> None:
    async def story() -> None:
        batch.give_up_after_s, batch.concurrency = 0.05, 2
        spent: tuple[int, object, dict[str, str]] = (429, {"error": {"code": "budget_spent"}}, {})
        address = ScriptedAddress(lambda number: spent if number <= 20 else OK)
        async with address.listening():
            batch.url = address.url
            assert await batch.run(lines(4)) is RunEnd.COMPLETE
        assert (len(batch.answers), batch.failed) == (4, {})
        assert batch.tally.retries == {"429 budget_spent": 20}

    run_story(story())


def test_a_reply_whose_header_is_no_text_is_an_answer(batch: SentBatch) -> None:
    async def story() -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nx-request-id: q-\xff\r\nContent-Length: 2\r\n\r\n{}")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            batch.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            assert await batch.run(lines(1)) is RunEnd.COMPLETE
        assert batch.answers["r-0"]["response"]["request_id"] == "q-?"

    run_story(story())


def test_a_proxy_gets_the_requests_that_it_is_for(batch: SentBatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: OK)
        async with address.listening():
            batch.url, batch.proxy = "http://nowhere.invalid", address.url
            assert await batch.run(lines(3)) is RunEnd.COMPLETE
        assert {one["Host"] for one in address.headers} == {"nowhere.invalid"}

    run_story(story())


def test_requests_reach_the_address_byte_by_byte_as_the_file_has_them(batch: SentBatch) -> None:
    async def story() -> None:
        address = ScriptedAddress(lambda _: OK)
        async with address.listening():
            batch.url = address.url
            await batch.run(lines(1, seed=2**70, temperature=0.10))
        assert address.seen == [json.loads(lines(1, seed=2**70, temperature=0.1)[0])["body"]]

    run_story(story())
