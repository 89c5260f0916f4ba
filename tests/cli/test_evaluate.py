"""`fairlead evaluate` for its user: two endpoints, a file of questions, a verdict, and an exit code for CI."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.cli import evaluate, evaluate_run
from fairlead.evaluating.scorers import ScorerKind
from fairlead.evaluator import endpoint_client
from fairlead.evaluator.journal_file import JournalFile
from tests.cli.conftest import Run
from tests.evaluator.pretended_endpoint import PretendedEndpoint

ITEMS = 300


@pytest.fixture
def baseline() -> Iterator[PretendedEndpoint]:
    with PretendedEndpoint() as one:
        yield one


@pytest.fixture
def candidate() -> Iterator[PretendedEndpoint]:
    with PretendedEndpoint() as one:
        yield one


@pytest.fixture
def words(
    tmp_path: Path,
    baseline: PretendedEndpoint,
    candidate: PretendedEndpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> list[str]:
    monkeypatch.setattr(endpoint_client, "FIRST_WAIT_S", 0.001)
    lines = [
        {"id": place, "input": f"q{place}", "target": f"Q{place}", "tags": ["odd" if place % 2 else "even"]}
        for place in range(ITEMS)
    ]
    (tmp_path / "items.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return [
        *("evaluate", str(tmp_path / "items.jsonl"), "--journal", str(tmp_path / "journal")),
        *("--baseline", baseline.url, "--candidate", candidate.url, "--noise-items", "20", "--concurrency", "8"),
    ]


class Worse:
    """One answer of this many is wrong."""

    def __init__(self, of: int) -> None:
        self.of = of

    def __call__(self, question: str) -> str:
        return "wrong" if int(question[1:]) % self.of == 0 else question.upper()


def test_an_equal_candidate_passes_with_both_rates_and_how_sure_that_is(
    run: Run, words: list[str], candidate: PretendedEndpoint
) -> None:
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[2].split()[:3] == ["items", "300", "of"]
    assert lines[3] == "noise      the baseline differs from itself in 0.0% of 20 items"
    assert lines[5].split() == ["baseline", "candidate", "difference", "at", "worst", "at", "best"]
    assert lines[6].split() == ["right", "100.0%", "100.0%", "+0.0", "-0.9", "+0.9"]
    assert lines[-1] == "Passed (NotWorse): 100.0% right, 100.0% of the baseline: +0.0 points, at worst -0.9"
    assert set(candidate.seen.values()) == {1}
    assert 1 < candidate.max_at_once <= 8


def test_a_broken_candidate_is_stopped_early_and_fails(
    run: Run, words: list[str], candidate: PretendedEndpoint
) -> None:
    candidate.answer = Worse(2)
    code, out, _ = run(*words)
    assert code == 1
    assert "Failed (StoppedForHarm): stopped at " in out
    assert sum(candidate.seen.values()) < 100


def test_scripts_read_the_same_as_json(run: Run, words: list[str], candidate: PretendedEndpoint) -> None:
    candidate.answer = Worse(60)
    code, out, _ = run(*words, "-o", "json", "--min-items", "400")
    found = json.loads(out)
    assert code == 3
    assert (found["verdict"]["reason"], found["verdict"]["missing"]) == ("TooFewItems", 100)
    assert found["counts"] == {"n": 300, "gained": 0, "lost": 5, "baseline_right": 300}
    assert found["noise"] == {"items": 20, "discordance": 0.0}
    assert found["sent"] == 620
    assert [one["tag"] for one in found["slices"]] == ["even", "odd"]


def test_a_set_that_is_too_small_for_its_margin_is_not_run_unless_one_insists(
    run: Run, words: list[str], candidate: PretendedEndpoint
) -> None:
    code, out, _ = run(*words, "--margin", "0.5", "-o", "json")
    assert (code, json.loads(out)["refusal"]["needed"]) == (3, 539)
    assert not candidate.seen
    code, out, _ = run(*words, "--margin", "0.5")
    assert (code, out.splitlines()[-1].partition(":")[0]) == (3, "Not run")
    code, out, _ = run(*words, "--margin", "0.5", "--anyway")
    assert (code, "Undecided (MarginNotExcluded)" in out) == (3, True)


def test_ctrl_c_keeps_what_was_answered_and_the_next_run_sends_nothing_twice(
    run: Run, words: list[str], monkeypatch: pytest.MonkeyPatch, candidate: PretendedEndpoint
) -> None:
    added = JournalFile.add

    def add_some(journal: JournalFile, line: object) -> None:
        if journal.path.name.startswith("candidate") and len(journal.answers) >= 50:
            raise KeyboardInterrupt
        added(journal, line)  # type: ignore[arg-type]  # what the run hands over

    monkeypatch.setattr(JournalFile, "add", add_some)
    code, _, err = run(*words, "--concurrency", "1")
    assert code == 130
    assert "interrupted; " in err
    monkeypatch.setattr(JournalFile, "add", added)
    code, out, _ = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["kept"]["candidate"]) == (0, 50)
    assert found["sent"] == 620 - 50 - found["kept"]["baseline"]
    assert sum(candidate.seen.values()) <= ITEMS + 1


def test_a_named_baseline_answers_once_for_all_candidates(
    run: Run, words: list[str], baseline: PretendedEndpoint
) -> None:
    named = [*words, "--baseline-revision", "v1"]
    assert run(*named)[0] == 0
    assert sum(baseline.seen.values()) == 320
    assert run(*named)[0] == 0
    assert sum(baseline.seen.values()) == 320


def test_a_run_that_ended_is_not_taken_for_another_one(
    run: Run, words: list[str], candidate: PretendedEndpoint
) -> None:
    assert run(*words)[0] == 0
    candidate.answer = Worse(2)
    assert run(*words)[0] == 1


def test_two_runs_do_not_write_one_journal(run: Run, words: list[str], tmp_path: Path) -> None:
    assert run(*words)[0] == 0
    (kept,) = (tmp_path / "journal").glob("baseline-*")
    with JournalFile(kept.with_name(kept.name.replace(".finished", ""))):
        code, _, err = run(*words)
    assert code == 4
    assert "another run writes this journal" in err


def test_an_endpoint_that_goes_away_ends_the_run_and_keeps_the_journal(
    run: Run, words: list[str], candidate: PretendedEndpoint, tmp_path: Path
) -> None:
    code, _, err = run(*[one if one != candidate.url else "http://127.0.0.1:9" for one in words])
    assert code == 4
    assert "candidate http://127.0.0.1:9: it does not answer" in err
    assert (tmp_path / "journal").exists()


def test_samples_of_an_item_count_as_one_cluster(run: Run, words: list[str]) -> None:
    code, out, _ = run(*words, "--samples", "2")
    assert code == 0
    assert "clusters" in out


@pytest.mark.parametrize(
    ("more", "because"),
    [
        (["--margin", "much"], "--margin much: a number between 0.01 and 100"),
        (
            ["--candidate", "127.0.0.1"],
            "--candidate 127.0.0.1: not an HTTP address; write http:// or https:// before it",
        ),
        (["--candidate", ""], "--candidate: no address; write one, for instance http://127.0.0.1:8000"),
        (["--concurrency", "0"], "--concurrency 0: a whole number from 1 to 512"),
        (["--timeout", "1"], "--timeout 1: not a time; write it in ms, s"),
        (["--time-out", "1"], "--timeout 1: not a time; write it in ms, s"),
        (["--tolerance", "x%"], "--tolerance x%: write a number such as 0.01, or 1%"),
        (["--tolerance", "1%"], "--tolerance 1%: only scorer number uses it; leave it out"),
        (["--field", "a"], "--field a: only scorer json-field uses it; leave it out"),
        (
            ["--scorer", "choice", "--ignore-case"],
            "--ignore-case: only scorer exact, one-of, contains, regex uses it; leave it out",
        ),
        (["--journal", __file__], f"--journal {__file__}: a file; name a folder"),
        (["--tolerance", "%"], "--tolerance %: write a number"),
        (["--tolerance", "nan"], "--tolerance nan: write a number"),
        (["--choices", "-1"], "--choices -1: a whole number from 2 to 1,000"),
        (["--choices", "1"], "--choices 1: a whole number from 2 to 1,000"),
        (["--min-items", "-5"], "--min-items -5: a whole number from 0"),
        (["--noise-items", "-1"], "--noise-items -1: a whole number from 0"),
        (["--items", "5"], "--items 5: only `fairlead evaluate plan` uses it; leave it out"),
        (
            ["--baseline-revision", "a", "--candidate-revision", "a"],
            "--candidate-revision a: also the baseline's name,",
        ),
        (["--scorer", "number"], "300 lines cannot be used:\n  line 1: target: Q0: not a number;"),
    ],
)
def test_invalid_input_is_reported_before_anything_is_sent(
    run: Run, words: list[str], baseline: PretendedEndpoint, more: list[str], because: str
) -> None:
    code, out, err = run(*words, *more)
    assert (code, out) == (2, "")
    assert because in err
    assert not baseline.seen


def test_files_that_are_missing_empty_or_no_schema_are_named(run: Run, words: list[str], tmp_path: Path) -> None:
    empty, broken = tmp_path / "empty.jsonl", tmp_path / "schema.json"
    empty.write_text("\n")
    broken.write_text("{")
    assert run("evaluate", str(tmp_path / "none"), *words[2:])[2].endswith(
        "none: No such file or directory; correct the path\n"
    )
    assert "empty.jsonl: no items; write lines such as" in run("evaluate", str(empty), *words[2:])[2]
    assert "schema.json: no JSON" in run(*words, "--scorer", "json-schema", "--schema", str(broken))[2]
    broken.write_text("[" * 100_000)
    code, _, err = run(*words, "--scorer", "json-schema", "--schema", str(broken))
    assert (code, "schema.json: no JSON" in err) == (2, True)


def test_control_sequences_of_an_item_file_are_shown_and_not_sent_to_the_terminal(
    run: Run, words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "esc.jsonl").write_bytes(b"\x1b]0;title\x07\x1b[31mred{\n")
    code, _, err = run("evaluate", str(tmp_path / "esc.jsonl"), *words[2:])
    assert code == 2
    assert "\\x1b]0;title\\x07\\x1b[31mred{" in err
    assert "\x1b" not in err


def test_the_options_name_every_scorer() -> None:
    assert set(evaluate.SCORERS) == {*ScorerKind, "judge"}
    assert set(evaluate_run.EXIT_CODES.values()) == {0, 1, 3, 4}


def test_a_plan_says_how_many_items_a_margin_needs(run: Run) -> None:
    code, out, _ = run("evaluate", "plan", "--margin", "2", "--items", "500")
    assert code == 3
    lines = out.splitlines()
    assert lines[0] == (
        "810 items pass a candidate that is truly as good with a chance of 80%, at a margin of 2 points and 5.0% of "
        "the answers differing"
    )
    assert lines[1] == "500 items pass it with a chance of 62%, and can exclude a drop of 2.6 points"
    assert lines[3].split() == ["differing", "1", "points", "2", "points", "4", "points"]
    assert lines[5].split() == ["5%", "3,133", "810", "231"]
    assert run("evaluate", "plan", "--items", "900")[0] == 0
    assert "differing  30 points  60 points\n" in run("evaluate", "plan", "--margin", "60")[1]


def test_a_plan_as_json_and_one_that_no_number_can_keep(run: Run) -> None:
    code, out, _ = run("evaluate", "plan", "-o", "json", "--items", "810")
    found = json.loads(out)
    assert (code, found["needed"], found["items"]) == (0, 810, 810)
    assert found["powerOfItems"] >= 0.8
    code, out, _ = run("evaluate", "plan", "--difference", "-2", "-o", "json")
    assert (code, json.loads(out)["needed"], json.loads(out)["powerOfItems"]) == (0, None, None)
    code, out, _ = run("evaluate", "plan", "--difference", "-2")
    assert out.startswith("no number of items pass a candidate that is truly -2 points off")
    assert run("evaluate", "plan", "--power", "100")[0] == 2


def test_a_plan_for_a_worse_candidate_lets_as_many_answers_differ_as_that_takes(run: Run) -> None:
    code, out, _ = run("evaluate", "plan", "--difference", "-10", "--margin", "20")
    lines = out.splitlines()
    assert (code, lines[0].rpartition(" and ")[2]) == (0, "10.0% of the answers differing")
    assert [line.split() for line in lines[3:5]] == [["2%", "-", "-", "-"], ["5%", "-", "-", "-"]]
    assert lines[5].split()[2] == lines[0].split()[0]
    assert json.loads(run("evaluate", "plan", "--difference", "-10", "-o", "json")[1])["discordance"] == 0.1
    assert "3.0% of the answers" in run("evaluate", "plan", "--difference", "-1", "--discordance", "3")[1]


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("--items", "0"), "--items 0: a whole number from 1 to 100,000"),
        (("--items", "-5"), "--items -5: a whole number from 1 to 100,000"),
        (("--items", "1000000"), "--items 1000000: a whole number from 1 to 100,000"),
        (
            ("--difference", "50", "--discordance", "1"),
            "--difference 50: cannot exceed the share of answers that differ",
        ),
        (("--margin", "nan"), "--margin nan: a number between 0.01 and 100"),
    ],
)
def test_a_plan_of_impossible_numbers_is_refused(run: Run, words: tuple[str, ...], because: str) -> None:
    code, out, err = run("evaluate", "plan", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"fairlead evaluate: {because}")
