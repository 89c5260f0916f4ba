"""A campaign of many hours resumes where it stopped, as long as what it judges is the same."""

import json
from pathlib import Path
from typing import Any

import pytest

from house import reach
from house.tree import ROOT
from prove import kept_campaigns, programs
from prove.programs import Ended


class Workshop:
    """A git tree that can change, and a campaign that records its calls."""

    def __init__(self) -> None:
        self.blobs = {"operator/fairlead/x.py": "one", "campaign/small.py": "one", "campaign/breaking.py": "one"}
        self.changed = ""
        self.broken = False
        self.failing_from: int | None = None
        self.runs: list[tuple[int, int, int]] = []

    def run(self, *words: str) -> Ended:
        assert words[1] == "status"
        return _ended(self.changed)

    def files(self, *folders: str) -> list[tuple[str, str]]:
        return [(blob, path) for path, blob in self.blobs.items() if path.partition("/")[0] in folders]

    def module(self, name: str, *words: str) -> Ended:
        assert name == "campaign"
        seed, first, sequences = (int(words[words.index(f"--{word}") + 1]) for word in ("seed", "first", "sequences"))
        self.runs.append((seed, first, sequences))
        failed = self.failing_from is not None and first >= self.failing_from
        document: dict[str, Any] = {"sequences": sequences, "faults": 2 * sequences, "violations": int(failed)}
        document["failures"] = [{"sequence": first}] if failed else []
        return _ended("" if self.broken else f"progress\n{json.dumps(document)}\n")


def _ended(output: str) -> Ended:
    return Ended(command="", code=0, seconds=0.0, output=output)


@pytest.fixture(name="workshop")
def workshop_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Workshop:
    workshop = Workshop()
    monkeypatch.setattr(kept_campaigns, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(programs, "run", workshop.run)
    monkeypatch.setattr(programs, "files", workshop.files)
    monkeypatch.setattr(programs, "module", workshop.module)
    return workshop


def test_parts_follow_each_other_and_are_added_up(workshop: Workshop) -> None:
    sums = kept_campaigns.added_up("small", 1200)
    assert [request[1:] for request in workshop.runs] == [(0, 500), (500, 500), (1000, 200)]
    assert len({seed for seed, _, _ in workshop.runs}) == 1
    assert (sums["sequences"], sums["faults"], sums["failures"]) == (1200, 2400, [])


def test_sequences_that_the_same_operator_passed_are_not_run_again(workshop: Workshop) -> None:
    kept_campaigns.added_up("small", 1000)
    kept_campaigns.added_up("small", 1500)
    assert [first for _, first, _ in workshop.runs] == [0, 500, 1000]


@pytest.mark.parametrize("change", ["a commit", "an edit"])
def test_after_a_change_it_begins_anew(workshop: Workshop, change: str) -> None:
    kept_campaigns.added_up("small", 500)
    if change == "a commit":
        workshop.blobs["operator/fairlead/x.py"] = "two"
    else:
        workshop.changed = " M operator/x.py\n"
    kept_campaigns.added_up("small", 500)
    assert [first for _, first, _ in workshop.runs] == [0, 0]


def test_what_makes_one_world_changes_nothing_for_the_other(workshop: Workshop) -> None:
    kept_campaigns.added_up("small", 500)
    kept_campaigns.added_up("node", 150)
    workshop.blobs["campaign/breaking.py"] = "two"
    kept_campaigns.added_up("small", 500)
    kept_campaigns.added_up("node", 150)
    assert [sequences for _, _, sequences in workshop.runs] == [500, 150, 150]


@pytest.mark.parametrize("world", kept_campaigns.OF_ONE_WORLD)
def test_no_other_file_of_a_campaign_imports_what_makes_one_world(world: str) -> None:
    own = {reach.module(Path(name)) for name in kept_campaigns.OF_ONE_WORLD[world]}
    others = [path for path in (ROOT / "campaign").rglob("*.py") if reach.module(path.relative_to(ROOT)) not in own]
    users = [one.name for one in others if own & set(reach.imported(one.read_text(encoding="utf-8")))]
    assert users == ["__main__.py"], "the command, which tells one world or the other"


def test_results_of_an_edited_tree_are_not_kept(workshop: Workshop) -> None:
    workshop.changed = " M campaign/x.py\n"
    kept_campaigns.added_up("node", 150)
    assert not kept_campaigns.FOLDER.exists()


def test_a_part_that_found_something_is_the_last(workshop: Workshop) -> None:
    workshop.failing_from = 500
    sums = kept_campaigns.added_up("small", 5000)
    assert (sums["sequences"], sums["violations"], sums["failures"]) == (1000, 1, [{"sequence": 500}])


def test_an_aborted_part_reports_nothing_and_is_run_again(workshop: Workshop) -> None:
    workshop.broken = True
    assert kept_campaigns.added_up("small", 500) == {}
    workshop.broken = False
    assert kept_campaigns.added_up("small", 500)["sequences"] == 500
    assert [first for _, first, _ in workshop.runs] == [0, 0]
