"""The page of messages matches today's source, keeps its limits, and has all that tests make Fairlead say."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.fleet.conditions import ConditionType
from house import messages_page
from house.sentences import limits
from house.sentences.collection import collected
from house.sentences.recognition import MessageReader
from house.sentences.sources import Sources
from house.tree import ROOT
from tests.controller.pretend import Pretend, deployment
from tests.review.bad_inputs import ROWS
from tests.review.table import Layer, findings_of
from tests.scaling.fluid_fleets import Fluid

FIELD: Final = re.compile(r"^spec[\w.]*: [^:]*: ")
"""What a condition says before a refusal."""
QUOTES: Final = (
    "allowed values are ",
    "the facts are ",
    "add it: ",
    "what fits, smallest change first",
    "or tensor ",
    "or NVIDIA-",
)
"""Lists of names or repeated field descriptions, however long."""
SEEN: Final = MessageReader(messages_page.found().sentences)


def unknown(messages: Iterable[str]) -> list[str]:
    found = (clause for one in messages for clause in SEEN.unknown(one) if not clause.startswith(QUOTES))
    return [clause for clause in found if clause == FIELD.sub("", clause) or SEEN.unknown(FIELD.sub("", clause))]


def test_the_committed_page_is_the_one_the_code_makes() -> None:
    committed = (ROOT / messages_page.PAGE).read_text(encoding="utf-8")
    assert committed == messages_page.page(), "run `python -m house.messages_page`"


def test_no_message_is_too_long_or_without_figure_and_remedy() -> None:
    assert list(limits.faults(messages_page.found())) == []


def test_every_refusal_of_a_bad_input_is_on_the_page() -> None:
    findings = [one for row in ROWS if row.layer is not Layer.YAML for one in findings_of(row.given)]
    assert len(findings) >= 80
    assert unknown(f"{one.because}; {one.remedy}" for one in findings) == []


def test_every_condition_of_a_fleet_that_starts_grows_and_ends_is_on_the_page() -> None:
    world, messages = Pretend(gpus=3), set[str]()
    specs: tuple[dict[str, Any], ...] = (
        {"replicas": 1},
        {"replicas": 5},
        {"context": 10_000_000},
        {"replicas": 2, "context": 4096},
    )
    for spec in specs:
        world.apply(deployment(**spec))
        world.settle()
        messages |= {one["message"] for one in world.document()["status"]["conditions"]}
    world.apply(deployment(replicas=0))
    world.settle()
    messages |= {one["message"] for one in world.document()["status"]["conditions"]}
    assert len(messages) > len(ConditionType)
    assert unknown(messages) == []


def test_every_scaling_decision_of_a_rise_and_a_fall_is_on_the_page() -> None:
    fleet = Fluid().grown(1, at_once=True)
    messages = {fleet.lived(200.0, rate).message for rate in (1.0, 4.0, 12.0, 60.0, 8.0, 1.0, 0.0)}
    assert len(messages) >= 5
    assert unknown(messages) == []


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        ("def of(name: str) -> str:\n    return f'{name} cannot start, {'x' * 240}'\n", "more than 240: shorten it"),
        ("log.warning('nothing can be done here')\n", "neither a figure nor a remedy"),
        ("_OF_NO_FILE = 'two words'\n", ""),
    ],
)
def test_a_new_message_is_found_wherever_it_is_written(tmp_path: Path, added: str, complaint: str) -> None:
    room = tmp_path / "operator/fairlead/cluster"
    room.mkdir(parents=True)
    (room / "news.py").write_text(added.replace("{'x' * 240}", "x" * 240), encoding="utf-8")
    found = collected(Sources(tmp_path))
    assert [one.path for one in found.sentences] == ["cluster/news.py"]
    assert [complaint in one for one in limits.faults(found)] == ([True] if complaint else [])


def test_a_sum_is_one_placeholder_and_a_text_with_more_text_is_both(tmp_path: Path) -> None:
    room = tmp_path / "operator/fairlead/cluster"
    room.mkdir(parents=True)
    source = "def of(step: int, end: str) -> str:\n    return f'step {step + 1} of {2 + step} is done' + end\n"
    (room / "news.py").write_text(source, encoding="utf-8")
    (one,) = collected(Sources(tmp_path)).sentences
    assert one.text == "step {step} of {step} is done{end}"


def test_a_new_room_must_say_where_its_sentences_are_met(tmp_path: Path) -> None:
    room = tmp_path / "operator/fairlead/newroom"
    room.mkdir(parents=True)
    (room / "news.py").write_text("WHY = 'two words'\n", encoding="utf-8")
    assert [one.partition(":")[0] for one in limits.faults(collected(Sources(tmp_path)))] == ["newroom/news.py"]
