"""The answers of a version that its adapter lists no more are deleted with it; each new version leaves some."""

import pytest

from fairlead.cluster import kinds
from fairlead.objects import answer_journals
from fairlead.objects.answer_journals import AnswerPlace
from tests.controller.adapters.adapter_world import FIRST, SECOND
from tests.controller.adapters.test_adapter_canaries import VersionWorld, edition
from tests.controller.server import Crashed


def keep_answers(world: VersionWorld, version: str, numbers: int, *, ours: bool = True) -> None:
    """Keep answers as an evaluation does; or have a person keep something under such a name."""
    adapter = world.objects.held[(kinds.ADAPTER.title, "default", "sql")]
    place = AnswerPlace(deployment="sql", revision=version, holder=adapter, source="s")
    for number in range(numbers):
        made = answer_journals.manifest(place, number, "line\n")
        other = {} if ours else {"metadata": made["metadata"] | {"ownerReferences": []}}
        world.objects.put(kinds.CONFIG_MAP, made | other)


def kept(world: VersionWorld) -> set[str]:
    """The names of all answers."""
    names = {name for kind, _, name in world.objects.held if kind == kinds.CONFIG_MAP.title}
    return {one.removeprefix("sql-") for one in names if "-answers-" in one}


def test_the_answers_of_a_removed_version_are_deleted_whenever_the_operator_is_killed() -> None:
    world = VersionWorld()
    world.turn(2)
    keep_answers(world, "aaaaaaaa", 3)
    keep_answers(world, "bbbbbbbb", 1)
    world.turn(2)
    assert len(kept(world)) == 4, "both versions are listed"
    world.put_adapter("sql", edition(SECOND), canary=world.spec)
    for _ in range(2):
        world.server.faults.before = len(world.server.writes) + 1
        with pytest.raises(Crashed):
            world.reconcile_adapter()
        world.restart()
    assert kept(world) == {"aaaaaaaa-answers-0", "bbbbbbbb-answers-0"}, "by the first one the others are found"
    world.server.faults.before = None
    world.turn(2)
    assert kept(world) == {"bbbbbbbb-answers-0"}


def test_what_a_person_keeps_under_such_a_name_stays() -> None:
    world = VersionWorld()
    world.turn(2)
    keep_answers(world, "bbbbbbbb", 1, ours=False)
    world.put_adapter("sql", edition(FIRST), canary=world.spec)
    world.turn(2)
    assert kept(world) == {"bbbbbbbb-answers-0"}


def test_answers_stay_while_the_adapter_cannot_be_read() -> None:
    world = VersionWorld()
    world.turn(2)
    keep_answers(world, "aaaaaaaa", 1)
    world.put_adapter("sql", {"digest": "nonsense"}, canary=world.spec)
    world.turn(2)
    assert kept(world) == {"aaaaaaaa-answers-0"}
