"""Which pages can be found, published as vLLM 0.32 does: the frames, the maps, the numbers, and missed events."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import msgpack  # type: ignore[import-untyped]
import pytest
import zmq
import zmq.asyncio

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import kv_events
from fairlead.emulator.engine.block_hashes import CBOR, BlockHasher
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.surface.jobs import JobSequence
from tests.emulator.engine.virtual import Client, provided, sequence
from tests.virtual_time import now

QUICK: Final = EmulationKnobs(pace=FixedStepTimes(first_token_seconds=0.004, token_seconds=0.002))
FLAGS: Final = ("--block-size", "32", "--prefix-caching-hash-algo", CBOR)


def run_story(story: Coroutine[Any, Any, None]) -> None:
    """Run on a real loop, since sockets use real time."""

    async def within() -> None:
        async with asyncio.timeout(20):
            await story

    asyncio.run(within())


@asynccontextmanager
async def publishing(tmp: str, *flags: str) -> AsyncIterator[LiveEngine]:
    """An engine that publishes its events on sockets in a folder."""
    config = (
        f'{{"enable_kv_cache_events": true, "topic": "kv-events", "endpoint": "ipc://{tmp}/events", '
        f'"replay_endpoint": "ipc://{tmp}/replay"}}'
    )
    made = provided(*FLAGS, "--kv-events-config", config, *flags, knobs=QUICK)
    live = LiveEngine(made, QUICK, EngineClocks(steady=now, day=lambda: 1000.5))
    try:
        yield live
    finally:
        live.close()


class Reader:
    """Subscribed to everything."""

    def __init__(self, tmp: str) -> None:
        self._context = zmq.asyncio.Context()
        self._events = self._context.socket(zmq.SUB)
        self._events.subscribe(b"kv-events")
        self._events.connect(f"ipc://{tmp}/events")
        self._replay = self._context.socket(zmq.DEALER)
        self._replay.connect(f"ipc://{tmp}/replay")

    async def next_batch(self) -> tuple[int, list[Any]]:
        """The next batch: its number and content."""
        topic, number, payload = await self._events.recv_multipart()
        assert (topic, len(number)) == (b"kv-events", 8)
        return int.from_bytes(number, "big"), msgpack.unpackb(payload)

    async def missed(self, start: int) -> list[tuple[int, Any]]:
        """All that is stored from a number on, without the end marker."""
        await self._replay.send_multipart((b"", start.to_bytes(8, "big")))
        found: list[tuple[int, Any]] = []
        while True:
            _, _, number, payload = await self._replay.recv_multipart()
            if int.from_bytes(number, "big", signed=True) == -1:
                return found
            found.append((int.from_bytes(number, "big"), msgpack.unpackb(payload)))

    def close(self) -> None:
        self._context.destroy(linger=0)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A short path: the name of a local socket has at most 107 letters."""
    return str(tmp_path_factory.mktemp("e"))


async def subscribed(live: LiveEngine, reader: Reader) -> None:
    """A subscription takes a moment; send requests until the first batch arrives."""
    start = 90_000
    task = asyncio.create_task(reader.next_batch())
    while not task.done():
        await Client(live, sequence(32, 1, start=start)).answered()
        start += 32
        await asyncio.sleep(0.01)


def test_a_prompt_is_published_whole_and_its_reply_page_by_page_under_hashes_that_anyone_can_compute(
    folder: str,
) -> None:
    async def story() -> None:
        async with publishing(folder) as live:
            reader = Reader(folder)
            await subscribed(live, reader)
            reply = tuple(range(200, 240))
            job_sequence = JobSequence(prompt_ids=range(10, 106), reply_ids=reply, finish="stop", max_tokens=40)
            await Client(live, job_sequence).answered()
            names = list(BlockHasher(CBOR, {}).chain([*range(10, 106), *reply], 32))
            number, first = await _until(reader, names[0])
            later, second = await _until(reader, names[3])
            reader.close()
        event = {
            "type": "BlockStored",
            "block_hashes": names[:3],
            "parent_block_hash": None,
            "token_ids": list(range(10, 106)),
            "block_size": 32,
            "lora_id": None,
            "medium": "GPU",
            "lora_name": None,
            "extra_keys": [None, None, None],
            "group_idx": 0,
            "kv_cache_spec_kind": "full_attention",
        }
        assert first == [1000.5, [event], 0]
        grown = {"block_hashes": names[3:], "parent_block_hash": names[2], "token_ids": list(reply[:32])}
        assert second[1] == [event | grown | {"extra_keys": [None]}]
        assert later == number + 1

    run_story(story())


def test_a_salt_and_an_adapter_are_published_in_plain_text_and_a_hit_is_not_published(folder: str) -> None:
    async def story() -> None:
        async with publishing(folder, "--enable-lora", "--lora-modules", "de=/de") as live:
            reader = Reader(folder)
            await subscribed(live, reader)
            document: dict[str, Any] = {
                "prompt_ids": range(10, 106),
                "reply_ids": (1, 2),
                "finish": "stop",
                "max_tokens": 2,
            }
            for _ in range(2):
                await Client(live, JobSequence(**document, salt="pepper", adapter="de")).answered()
            names = list(BlockHasher(CBOR, {}).chain(range(10, 106), 32, ("de", "/de"), "pepper"))
            number, batch = await _until(reader, names[0])
            await Client(live, sequence(64, 1, start=5000)).answered()
            after, _ = await reader.next_batch()
            reader.close()
        event = batch[1][0]
        assert (event["lora_name"], event["lora_id"]) == ("de", 1)
        assert event["extra_keys"] == [["de", "pepper"], ["de"], ["de"]]
        assert after == number + 1

    run_story(story())


def test_missed_events_can_be_replayed_and_a_reset_is_published_with_the_next_step(folder: str) -> None:
    async def story() -> None:
        async with publishing(folder) as live:
            reader = Reader(folder)
            await Client(live, sequence(64, 1)).answered()
            await asyncio.sleep(0.01)
            assert live.acts.reset_prefix_cache(reset_running=False)
            await Client(live, sequence(64, 1)).answered()
            await asyncio.sleep(0.01)
            kept = await reader.missed(0)
            assert [[event["type"] for event in batch[1]] for _, batch in kept] == [
                ["BlockStored"],
                ["AllBlocksCleared", "BlockStored"],
            ]
            assert [number for number, _ in kept] == [0, 1]
            assert await reader.missed(1) == kept[1:]
            reader.close()

    run_story(story())


def test_pages_that_are_reused_for_others_are_published_as_removed(folder: str) -> None:
    async def story() -> None:
        async with publishing(folder, "--num-gpu-blocks-override", "5", "--max-model-len", "128") as live:
            reader = Reader(folder)
            for start in (0, 1000):
                await Client(live, sequence(96, 1, start=start)).answered()
            await asyncio.sleep(0.01)
            events = [event for _, batch in await reader.missed(0) for event in batch[1]]
            reader.close()
        stored = events[0]["block_hashes"]
        removed = [event["block_hashes"][0] for event in events if event["type"] == "BlockRemoved"]
        assert set(removed) <= set(stored)
        assert removed
        assert {"type": "BlockRemoved", "block_hashes": removed[:1], "medium": "GPU", "group_idx": 0} in events

    run_story(story())


def test_texts_are_remembered_as_long_as_their_pages_and_no_longer(folder: str) -> None:
    async def story() -> None:
        flags = ("--num-gpu-blocks-override", "9", "--max-model-len", "256")
        async with publishing(folder, *flags) as live:
            sink = live.driver.ranks[0].event_sink
            assert sink is not None
            for start in range(0, 4000, 200):
                twins = [Client(live, sequence(96, 40, start=start), request_id=name) for name in "ab"]
                await asyncio.sleep(0.005)
                twins[0].cancel()
                await twins[1].answered()
            await Client(live, sequence(8, 3, start=9000)).answered()
            assert 0 < sink.journal.remembered <= 8

    run_story(story())


def test_a_reader_that_binds_is_connected_to_and_a_free_port_is_found() -> None:
    async def story() -> None:
        context = zmq.asyncio.Context()
        reader = context.socket(zmq.SUB)
        port = reader.bind_to_random_port("tcp://127.0.0.1")
        reader.subscribe(b"")
        config = kv_events.config({"enable_kv_cache_events": True, "endpoint": f"tcp://127.0.0.1:{port}"})
        publisher = kv_events.KvEventPublisher(config, 0, now)
        task = asyncio.ensure_future(reader.recv_multipart())
        while not task.done():
            publisher.publish([{"type": "AllBlocksCleared"}])
            await asyncio.sleep(0.01)
        assert (await task)[0] == b""
        publisher.close()
        free = kv_events.KvEventPublisher(kv_events.config({"endpoint": "tcp://*:0"}), 0, now)
        assert free.config.endpoint.rpartition(":")[2] not in {"", "0"}
        free.close()
        context.destroy(linger=0)

    run_story(story())


@pytest.mark.parametrize(("rank", "port"), [(0, "5557"), (3, "5560")])
def test_each_engine_has_a_port_of_its_own(rank: int, port: str) -> None:
    connects = kv_events.KvEventPublisher(kv_events.config({"endpoint": "tcp://127.0.0.1:5557"}), rank, now)
    binds = kv_events.KvEventPublisher(kv_events.config({"endpoint": "tcp://*:0"}), rank, now)
    assert connects.config.endpoint == f"tcp://127.0.0.1:{port}"
    assert int(binds.config.endpoint.rpartition(":")[2]) > 0
    connects.close()
    binds.close()


def test_the_addresses_of_events_are_reported_as_resolved(folder: str) -> None:
    async def story() -> None:
        async with publishing(folder, "--data-parallel-size", "2") as live:
            sources = live.acts.kv_event_sources()
            assert sources["0"]["endpoint"] == f"ipc://{folder}/events"
            assert sources["1"]["endpoint"] == f"ipc://{folder}/events_dp1"
            assert sources["0"] == {
                "enable_kv_cache_events": True,
                "publisher": "zmq",
                "endpoint": f"ipc://{folder}/events",
                "replay_endpoint": f"ipc://{folder}/replay",
                "buffer_steps": 10_000,
                "hwm": 100_000,
                "max_queue_size": 100_000,
                "topic": "kv-events",
            }

    run_story(story())


def test_without_a_publisher_or_a_prefix_cache_nothing_is_opened() -> None:
    async def story() -> None:
        for flags in (("--kv-events-config", "{}"), ("--kv-events-config", '{"publisher": "zmq"}')):
            made = provided(*flags, knobs=QUICK)
            live = LiveEngine(made, QUICK, EngineClocks(steady=now, day=now))
            assert live.acts.kv_event_sources() == {}
        assert kv_events.config({"enable_kv_cache_events": True, "unknown": 1}).on

    run_story(story())


async def _until(reader: Reader, name: int) -> tuple[int, list[Any]]:
    """The batch in which that page is stored."""
    while True:
        number, batch = await reader.next_batch()
        if any(name in event.get("block_hashes", ()) for event in batch[1]):
            return number, batch
