"""A process that dies is restarted and named; one that dies repeatedly is left dead."""

import asyncio
import os
import sys
from pathlib import Path

from devcluster.inside import keeper
from devcluster.inside.keeper import Keeper
from devcluster.layout import Layout
from devcluster.members import worker
from devcluster.members.component import Component, Stage

RACE = "listen unix /var/lib/kubelet/device-plugins/kubelet.sock: bind: address already in use"


def program(script: str, mended_by_restart: str | None = None) -> Component:
    argv = (sys.executable, "-c", script)
    return Component(name="member", argv=argv, stage=Stage.MEMBERS, mended_by_restart=mended_by_restart)


def kept(tmp_path: Path) -> Keeper:
    return Keeper(Layout(tmp_path), dict(os.environ), changed=lambda: None, first_pause_s=0.0)


async def until(keeping: Keeper, deaths: int) -> None:
    while len(keeping.deaths) < deaths:
        await asyncio.sleep(0.01)


def test_a_death_is_named_with_how_it_ended_and_the_end_of_its_log(tmp_path: Path) -> None:
    async def story(keeping: Keeper) -> None:
        keeping.start(program("print('no space left'); raise SystemExit(3)"))
        await asyncio.wait_for(until(keeping, 1), 20)
        await keeping.close()

    keeping = kept(tmp_path)
    asyncio.run(asyncio.wait_for(story(keeping), 60))
    (death, *_) = keeping.deaths
    assert death.how == "exited with 3"
    assert "no space left" in death.tail
    assert death in keeping.lasting
    assert death.sentence().startswith("member exited with 3 at ")


def test_a_killed_component_is_started_again(tmp_path: Path) -> None:
    async def story(keeping: Keeper) -> None:
        keeping.start(program("import time; time.sleep(60)"))
        while (pid := keeping.kept["member"].pid) is None:
            await asyncio.sleep(0.01)
        os.kill(pid, 9)
        while keeping.kept["member"].starts < 2 or (again := keeping.kept["member"].pid) is None:
            await asyncio.sleep(0.01)
        os.kill(again, 9)
        await until(keeping, 2)
        await keeping.close()

    keeping = kept(tmp_path)
    asyncio.run(asyncio.wait_for(story(keeping), 60))
    assert [death.how for death in keeping.deaths] == ["was ended by SIGKILL"] * 2
    assert keeping.given_up == []


def test_a_kubelet_that_lost_the_race_for_its_socket_does_not_fail_the_start(tmp_path: Path) -> None:
    first = tmp_path / "first"

    async def story(keeping: Keeper) -> None:
        keeping.start(
            program(
                f"import pathlib, time; path = pathlib.Path({str(first)!r})\n"
                f"if not path.exists(): path.touch(); print({RACE!r}); raise SystemExit(1)\n"
                "time.sleep(60)",
                worker.LOST_RACE,
            )
        )
        while keeping.kept["member"].starts < 2 or keeping.kept["member"].pid is None:
            await asyncio.sleep(0.01)
        assert keeping.lasting == []
        await keeping.close()

    keeping = kept(tmp_path)
    asyncio.run(asyncio.wait_for(story(keeping), 60))
    (death,) = keeping.deaths
    assert RACE in death.tail


def test_a_race_that_is_lost_at_every_start_fails_it(tmp_path: Path) -> None:
    async def story(keeping: Keeper) -> None:
        keeping.start(program(f"print({RACE!r}); raise SystemExit(1)", worker.LOST_RACE))
        while not keeping.given_up:
            await asyncio.sleep(0.01)
        await keeping.close()

    keeping = kept(tmp_path)
    asyncio.run(asyncio.wait_for(story(keeping), 60))
    assert keeping.lasting == keeping.given_up


def test_a_process_that_never_stays_up_is_left_dead_and_reported_as_dead(tmp_path: Path) -> None:
    async def story(keeping: Keeper) -> None:
        keeping.start(program("raise SystemExit(1)"))
        while not keeping.given_up:
            await asyncio.sleep(0.01)
        await keeping.close()

    keeping = kept(tmp_path)
    asyncio.run(asyncio.wait_for(story(keeping), 60))
    assert len(keeping.deaths) == keeper.MAX_RESTARTS + 1
    assert keeping.as_json()["components"] == {"member": {"pid": None, "starts": 6, "running": False}}


def test_the_end_of_a_process_is_described_in_text() -> None:
    assert keeper.how_it_ended(0) == "exited with 0"
    assert keeper.how_it_ended(-9) == "was ended by SIGKILL"
    assert keeper.how_it_ended(-63) == "was ended by signal 63"
