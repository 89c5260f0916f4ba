"""Claims and their proofs: look-up, run, stored figures, and detecting a page that drifted."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from subprocess import run
from typing import Final

import pytest

from house.check import surroundings
from house.tree import ROOT
from prove import __main__ as prove
from prove import ledger, page
from prove.claims import Claim, Figure, ordered
from prove.ledger import Record
from prove.registry import CLAIMS


def shown() -> Figure:
    """A proof that succeeds, in two lines."""
    return Figure(holds=True, text="3 passed\nin 2 s")


def not_shown() -> Figure:
    """A proof that fails."""
    return Figure(holds=False, text="1 of 3")


def broken() -> Figure:
    """A proof that crashes."""
    raise FileNotFoundError("no kubectl here")


GOOD = Claim(item="house.1", title="Doors close", prove=shown)
BAD = Claim(item="house.2", title="Windows close", prove=not_shown)
BROKEN = Claim(item="api.1", title="Walls stand", prove=broken, slow=True)
THREE = ordered([BROKEN, BAD, GOOD])

AWAY_FROM_SETTINGS: Final = {"PATH": "/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
RECORD = Record(
    item="house.1",
    holds=True,
    figure="3 passed",
    machine="2 CPUs, 4 GiB, Linux 6.1, debian 12",
    date="2026-11-20",
    command="make prove ITEM=house.1",
    seconds=61.4,
)


def test_a_claim_that_holds_ends_with_its_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["house.1"], THREE, tmp_path) == 0

    captured = capsys.readouterr()
    assert captured.out == "house.1 holds: 3 passed in 2 s\n"
    assert captured.err == "house.1: Doors close\n"
    assert list(tmp_path.iterdir()) == []


def test_a_claim_that_does_not_hold_fails_with_its_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["house.2"], THREE, tmp_path) == 1
    assert capsys.readouterr().out == "house.2 FAILS: 1 of 3\n"


def test_a_proof_that_breaks_down_has_not_shown_its_claim(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["api.1"], THREE, tmp_path) == 1

    captured = capsys.readouterr()
    assert captured.out == "api.1 FAILS: FileNotFoundError: no kubectl here\n"
    assert "(takes minutes)" in captured.err


def test_an_unknown_item_gets_the_nearest_and_the_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["hose.1"], THREE, tmp_path) == 2
    assert capsys.readouterr().err == (
        "prove: there is no claim 'hose.1'; did you mean house.1?\nclaims: house.1, house.2, api.1\n"
    )


def test_a_record_says_at_which_commit_it_was_measured(tmp_path: Path) -> None:
    assert ledger.commit(tmp_path) == ""
    tree = tmp_path / "tree"
    (tree / "docs").mkdir(parents=True)
    for name in ("docs/evidence.json", "product.py"):
        (tree / name).write_text("1", encoding="utf-8")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=tree, check=True, env=AWAY_FROM_SETTINGS)
    (tree / "docs/evidence.json").write_text("2", encoding="utf-8")
    head = ledger.commit(tree)
    assert len(head) == 10, "a record beside it does not change what was measured"
    (tree / "product.py").write_text("2", encoding="utf-8")
    assert ledger.commit(tree) == f"{head}+"
    assert f"2026-11-20 at commit {head}, 61 s" in page.render([GOOD], {"house.1": replace(RECORD, commit=head)})


def test_a_recorded_figure_is_kept_shown_and_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert prove.main(["house.1", "--record"], THREE, tmp_path) == 0

    kept = ledger.read(tmp_path)["house.1"]
    assert (kept.holds, kept.figure, kept.machine) == (True, "3 passed in 2 s", ledger.machine())
    assert prove.main(["--drift"], THREE, tmp_path) == 0
    assert prove.main([], THREE, tmp_path) == 0
    assert f"holds: 3 passed in 2 s ({kept.date})" in capsys.readouterr().out


def test_proving_all_fails_when_one_fails_and_still_runs_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prove.main(["--all", "--record"], THREE, tmp_path) == 1
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert list(ledger.read(tmp_path)) == ["house.1", "house.2", "api.1"]


def test_the_page_shows_recorded_claims_and_those_not_recorded_yet() -> None:
    rendered = page.render(THREE, {"house.1": RECORD})

    assert "### house.1\n\nDoors close\n\n- holds: 3 passed\n- 2026-11-20, 61 s, on 2 CPUs, 4 GiB" in rendered
    assert "### api.1\n\nWalls stand\n\n- not recorded yet\n" in rendered
    assert rendered.index("## house") < rendered.index("### house.2") < rendered.index("## api")


def test_a_page_edited_by_hand_is_drift_until_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / page.NAME).write_text("all is well\n")

    assert prove.main(["--drift"], THREE, tmp_path) == 1
    assert "run `python -m prove --page`" in capsys.readouterr().out
    assert prove.main(["--page"], THREE, tmp_path) == 0
    assert prove.main(["--drift"], THREE, tmp_path) == 0


def test_a_record_without_a_claim_is_drift() -> None:
    drift = prove.drift(page.render([BAD], {}), [BAD], {"house.1": RECORD})

    assert drift == "docs/evidence.json records house.1, which is no claim: remove or rename the record"


@pytest.mark.parametrize("item", ["hose.1", "house", "house.x", "house.1.2"])
def test_an_item_is_a_known_word_and_a_number(item: str) -> None:
    with pytest.raises(ValueError, match="is no item: one of house, api"):
        Claim(item=item, title="", prove=shown)


def test_the_tenth_claim_follows_the_ninth() -> None:
    claims = [Claim(item=f"house.{number}", title="", prove=shown) for number in (10, 9, 1)]

    assert [claim.item for claim in ordered(claims)] == ["house.1", "house.9", "house.10"]


def test_every_claim_of_the_project_has_an_item_of_its_own() -> None:
    assert len({claim.item for claim in CLAIMS}) == len(CLAIMS)


def test_the_machine_is_described_without_its_name() -> None:
    assert "CPUs" in ledger.machine()
    assert "Linux" in ledger.machine()


PROOF: Final = """
import signal, sys
from prove import programs
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
programs.run("sh", "-c", "echo $$; sleep 60; echo")
"""


def test_a_proof_that_is_terminated_ends_its_program_too() -> None:
    words = (sys.executable, "-c", PROOF)
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ | surroundings(ROOT)
    ) as proof:
        assert proof.stderr is not None
        assert proof.stderr.readline().startswith("+ sh -c")
        program = Path("/proc") / proof.stderr.readline().strip()
        assert program.is_dir()
        proof.send_signal(signal.SIGTERM)
        assert proof.wait(20) == 143
    assert not program.exists()
