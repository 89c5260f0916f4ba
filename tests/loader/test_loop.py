"""The loader beside an engine: it loads what is on the list, reports what failed, and does nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest

from fairlead.adapting import adapter_report, load_list
from fairlead.adapting.load_list import LoadEntry, LoadList
from fairlead.fleet.adapters import AdapterReason, AdapterState
from fairlead.loader import page, process, staging_folder
from fairlead.loader.engine_adapters import EngineAdapters
from fairlead.loader.loop import LoaderLoop
from fairlead.loader.sources import SourceAccess
from fairlead.loader.staging_folder import StagingFolder
from tests.adapting.adapters import OUTPUT, SLOTS, config, entry, header, written
from tests.loader.pretended_servers import PretendedEngine, served


@dataclass
class Replica:
    """One pod with a loader, its clock, and a claim with adapters."""

    loop: LoaderLoop
    engine: PretendedEngine
    session: aiohttp.ClientSession
    access: SourceAccess
    times: list[float] = field(default_factory=lambda: [0.0])

    async def turns(self, number: int = 6) -> None:
        """Run some turns, with background work between them."""
        for _ in range(number):
            await self.loop.turn(self.access, self.session)
            for task in asyncio.all_tasks():
                if task.get_name().startswith("sql"):
                    await task

    @property
    def states(self) -> list[AdapterState]:
        """The state of each version."""
        return [one.state for one in self.loop.places]

    def is_ready(self) -> bool:
        """The readiness that the kubelet sees."""
        return self.loop.complete


@asynccontextmanager
async def replica(tmp_path: Path, engine: PretendedEngine | None = None) -> AsyncIterator[Replica]:
    folder = tmp_path / "staged"
    folder.mkdir(exist_ok=True)
    engine = engine or PretendedEngine()
    times = [0.0]
    async with served(*engine.routes()) as address, aiohttp.ClientSession() as session:
        loop = LoaderLoop("chat-0", SLOTS, StagingFolder(folder), EngineAdapters(session, address), lambda: times[0])
        access = SourceAccess(claim="adapters", claim_folder=tmp_path / "claim")
        yield Replica(loop, engine, session, access, times)


def adapter(tmp_path: Path, **changes: bytes) -> LoadEntry:
    folder = written(tmp_path / "claim" / "sql", **changes)
    return entry(staging_folder.digest_of(folder), bases=("acme/tiny",))


def listed(*entries: LoadEntry) -> LoadList:
    return LoadList(entries=entries, hidden=16, layers=2)


def test_an_adapter_on_the_list_is_staged_checked_and_loaded(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            wanted = adapter(tmp_path)
            await one.turns(1)
            assert not one.is_ready(), "no list was read yet"
            one.loop.take(listed(wanted))
            await one.turns()
            assert one.engine.requests == [f"load {wanted.name}"]
            assert one.states == [AdapterState.LOADED]
            assert one.is_ready()
            await one.turns()
            assert one.engine.requests == [f"load {wanted.name}"], "at rest the engine is asked to load nothing"

    asyncio.run(story())


def test_an_adapter_that_is_for_other_replicas_is_left_to_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed(replace(adapter(tmp_path), pods=frozenset({"chat-1"}))))
            await one.turns()
            assert one.is_ready()
            assert one.engine.requests == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": config(r=64), "listed": header(rank=64)}, AdapterReason.RANK_TOO_HIGH),
        ({"text": config(base_model_name_or_path="acme/large")}, AdapterReason.OTHER_BASE),
        ({"listed": header(hidden=32)}, AdapterReason.OTHER_BASE),
        ({"listed": header(**{OUTPUT: [8, 16]})}, AdapterReason.MODULES_REFUSED),
        ({"listed": b"no json"}, AdapterReason.NO_ADAPTER),
    ],
)
def test_what_does_not_go_with_the_model_never_reaches_the_engine(
    tmp_path: Path, changes: dict[str, bytes], reason: AdapterReason
) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed(adapter(tmp_path, **changes)))
            await one.turns()
            assert one.engine.requests == []
            assert [place.reason for place in one.loop.places] == [reason]
            assert one.is_ready(), "the replica serves all the same"

    asyncio.run(story())


def test_files_of_another_digest_are_refused_and_the_message_has_both(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            found, wanted = adapter(tmp_path), entry(bases=())
            one.loop.take(listed(wanted))
            await one.turns()
            assert one.engine.requests == []
            assert found.digest in one.loop.places[0].message
            assert wanted.digest in one.loop.places[0].message

            one.loop.take(listed(found))
            await one.turns()
            assert one.states == [AdapterState.LOADED], "a corrected digest is tried at once"

    asyncio.run(story())


def test_a_source_that_comes_later_is_found_after_the_pause(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            wanted = adapter(tmp_path)
            (tmp_path / "claim" / "sql").rename(tmp_path / "elsewhere")
            one.loop.take(listed(wanted))
            await one.turns()
            assert one.loop.places[0].reason is AdapterReason.SOURCE_UNREADABLE
            (tmp_path / "elsewhere").rename(tmp_path / "claim" / "sql")
            await one.turns()
            assert one.states == [AdapterState.FAILED], "it is not asked each second"
            one.times[0] = 5.0
            await one.turns()
            assert one.states == [AdapterState.LOADED]

    asyncio.run(story())


def test_the_engines_answer_to_a_failed_load_is_reported(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path, PretendedEngine(refuses="LoRA rank 16 is\n greater than")) as one:
            wanted = adapter(tmp_path)
            one.loop.take(listed(wanted))
            await one.turns()
            assert one.loop.places[0].reason is AdapterReason.ENGINE_REFUSED
            assert "answered 500 to /v1/load_lora_adapter: LoRA rank 16 is greater than" in one.loop.places[0].message
            one.engine.refuses = ""
            one.times[0] = 60.0
            await one.turns()
            assert one.states == [AdapterState.LOADED]

    asyncio.run(story())


def test_an_engine_that_was_started_anew_gets_its_adapters_again_before_its_replica_is_ready(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            wanted = adapter(tmp_path)
            one.loop.take(listed(wanted))
            await one.turns()
            one.engine.silent = True
            await one.turns(1)
            assert not one.is_ready()
            assert one.loop.places[0].reason is AdapterReason.ENGINE_SILENT
            one.engine.silent = False
            one.engine.restart()
            await one.turns(1)
            assert one.engine.requests == [f"load {wanted.name}"] * 2
            assert one.is_ready()
            one.engine.restart()
            one.engine.refuses = "busy"
            await one.turns(1)
            assert one.is_ready(), "tried and failed: the replica is not kept from other requests"
            assert one.states == [AdapterState.FAILED]

    asyncio.run(story())


def test_an_adapter_that_comes_later_does_not_take_the_replica_out_of_rotation(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed())
            await one.turns(1)
            assert one.is_ready()
            one.loop.take(listed(adapter(tmp_path)))
            await one.loop.turn(one.access, one.session)
            assert one.states == [AdapterState.WAITING]
            assert one.is_ready()

    asyncio.run(story())


def test_an_adapter_that_left_the_list_is_unloaded_after_a_minute_and_adapters_of_the_spec_stay(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path, PretendedEngine(loaded={"legal": "/models/adapters/legal"})) as one:
            wanted = adapter(tmp_path)
            one.loop.take(listed(wanted))
            await one.turns()
            one.loop.take(listed())
            await one.turns()
            assert wanted.name in one.engine.loaded
            one.times[0] = 61.0
            await one.turns()
            assert set(one.engine.loaded) == {"legal"}
            assert list((tmp_path / "staged").iterdir()) == []

    asyncio.run(story())


def test_a_loader_that_was_killed_while_it_staged_begins_anew(tmp_path: Path) -> None:
    left = tmp_path / "staged" / ".partial-1"
    left.mkdir(parents=True)

    async def story() -> None:
        async with replica(tmp_path) as one:
            assert not left.exists()
            wanted = adapter(tmp_path)
            one.loop.take(listed(wanted))
            await one.turns()
        async with replica(tmp_path, one.engine) as again:
            again.loop.take(listed(wanted))
            await again.turns()
            assert again.is_ready()
            assert again.engine.requests == [f"load {wanted.name}"], "what lies there is not read again"

    asyncio.run(story())


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StagingFolder, "keep", full)

    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed(adapter(tmp_path)))
            await one.turns()
            assert "No space left on device; free space on its node" in one.loop.places[0].message

    asyncio.run(story())


def test_the_kubelet_and_the_operator_can_read_the_loaders_state(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one, served(*page.routes(one.loop)) as address:
            taking = process.taking(one.loop)
            async with one.session.get(f"http://{address}/readyz") as answer:
                assert answer.status == 503
            text = load_list.text(listed(adapter(tmp_path)))
            taking(({"data": {load_list.KEY: text}},))
            taking(({"data": {load_list.KEY: "half a li"}},))
            await one.turns()
            async with one.session.get(f"http://{address}/readyz") as answer:
                assert answer.status == 200
            async with one.session.get(f"http://{address}/healthz") as answer:
                assert answer.status == 200
            async with one.session.get(f"http://{address}{adapter_report.LOADER_PAGE}") as answer:
                assert adapter_report.read(json.dumps(await answer.json())) == one.loop.places

    asyncio.run(story())


def test_the_loop_continues_by_itself_and_ends_when_cancelled(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed(adapter(tmp_path)))
            task = asyncio.create_task(one.loop.run(one.access, one.session))
            async with asyncio.timeout(10):
                while not one.is_ready():
                    await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert one.states == [AdapterState.LOADED]

    asyncio.run(story())
