"""`fairlead evaluate --scorer judge`: a model says which answer is better, in both orders; no call is paid twice."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from fairlead.evaluator import endpoint_client
from tests.cli.conftest import Run
from tests.evaluator.pretended_endpoint import PretendedEndpoint

ITEMS = 150


def better_is_longer(question: str) -> str:
    """Prefers by length alone, in either order."""
    first, second = re.findall(r"\[Answer [AB]\]\n(.*)", question)
    return f"VERDICT: {'TIE' if len(first) == len(second) else 'A' if len(first) > len(second) else 'B'}"


@pytest.fixture
def endpoints(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, PretendedEndpoint]]:
    monkeypatch.setattr(endpoint_client, "FIRST_WAIT_S", 0.001)
    with PretendedEndpoint() as baseline, PretendedEndpoint() as candidate, PretendedEndpoint() as judge:
        judge.answer = better_is_longer
        yield {"baseline": baseline, "candidate": candidate, "judge": judge}


@pytest.fixture
def words(tmp_path: Path, endpoints: dict[str, PretendedEndpoint]) -> list[str]:
    lines = [json.dumps({"id": place, "input": f"question {place}"}) for place in range(ITEMS)]
    (tmp_path / "items.jsonl").write_text("\n".join(lines))
    return [
        *("evaluate", str(tmp_path / "items.jsonl"), "--journal", str(tmp_path / "journal"), "--scorer", "judge"),
        *(word for name, one in endpoints.items() for word in (f"--{name}", one.url)),
        *("--noise-items", "20", "--margin", "5"),
    ]


def test_a_candidate_that_the_judge_prefers_passes(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: f"{question}!"
    code, out, _err = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["verdict"]["verdict"]) == (0, "Passed")
    assert (found["counts"]["gained"], found["counts"]["lost"]) == (ITEMS, 0)
    assert found["judge"] == {"pairs": ITEMS, "first": 0, "second": 0, "unreadable": 0, "item": ""}
    assert endpoints["judge"].seen.total() == 2 * ITEMS
    assert set(endpoints["judge"].seen.values()) == {1}


def test_a_side_and_the_judge_are_reached_through_the_proxy_that_the_variables_name(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline, on this machine, is reached directly."""
    proxy = endpoints["judge"]
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    proxy.answer = lambda question: better_is_longer(question) if "[Answer A]" in question else f"{question}!"
    words[words.index("--candidate") + 1] = "http://candidate.invalid"
    words[words.index("--judge") + 1] = "http://judge.invalid"
    code, out, _err = run(*words, "-o", "json")
    assert (code, json.loads(out)["counts"]["gained"]) == (0, ITEMS)
    assert (endpoints["candidate"].seen.total(), proxy.seen.total()) == (0, 3 * ITEMS)


def test_a_judge_that_takes_no_temperature_and_another_name_of_the_limit_decides_too(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: f"{question}!"
    endpoints["judge"].reasons = True
    code, out, _err = run(*words, "-o", "json")
    assert (code, json.loads(out)["verdict"]["verdict"]) == (0, "Passed")
    assert endpoints["judge"].seen.total() == 2 * ITEMS


def test_a_candidate_that_it_finds_worse_fails_early(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: question[:3]
    code, out, _err = run(*words)
    assert code == 1
    assert "Failed (StoppedForHarm)" in out
    assert "pairs in both orders: 0 for the first answer" in out


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        ("VERDICT: A", f"in {ITEMS} of {ITEMS} pairs, more often than by chance: it does not read the answers"),
        ("I cannot help with that.", f"gave no verdict in {ITEMS} of {ITEMS} pairs (first: item 9); its replies"),
    ],
)
def test_a_judge_that_reads_no_answers_passes_no_candidate(
    verdict: str, message: str, words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: question[::-1]
    endpoints["judge"].answer = lambda _: verdict
    code, out, _err = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["verdict"]["verdict"], found["verdict"]["reason"]) == (4, "Error", "JudgeFailed")
    assert message in found["verdict"]["message"]
    assert (found["counts"]["gained"], found["counts"]["lost"]) == (0, 0)


def test_pairs_of_an_earlier_candidate_are_not_counted_for_the_next_one(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    for answer in (lambda question: f"{question}!", lambda question: f"{question}?"):
        endpoints["candidate"].answer = answer
        code, out, _err = run(*words, "-o", "json")
        assert (code, json.loads(out)["judge"]["pairs"]) == (0, ITEMS)


def test_a_pair_that_the_judge_refuses_is_a_tie_with_its_item_named(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: f"{question}!"
    endpoints["judge"].filtered = "question 7\n"
    code, out, _err = run(*words, "-o", "json")
    assert (code, json.loads(out)["judge"]["unreadable"], json.loads(out)["judge"]["item"]) == (0, 1, "7")


def test_equal_answers_are_not_paid_for(words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run) -> None:
    code, out, _err = run(*words)
    assert (code, endpoints["judge"].seen.total()) == (0, 0)
    assert "no pair differed" in out


def test_a_run_resumes_where_the_judge_broke_and_sends_nothing_twice(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    endpoints["candidate"].answer = lambda question: f"{question}!"
    usual, times = better_is_longer, [0]

    def breaks(question: str) -> str:
        times[0] += 1
        endpoints["judge"].broken = times[0] > 100
        return usual(question)

    endpoints["judge"].answer = breaks
    code, _out, err = run(*words)
    assert code == 4
    assert "judge: no reply to item" in err
    endpoints["judge"].answer, endpoints["judge"].broken = usual, False
    assert run(*words)[0] == 0
    assert endpoints["candidate"].seen.total() == ITEMS
    journal = next(Path(words[3]).glob("judge-*.jsonl"))
    pairs = [json.loads(line)["pair"] for line in journal.read_text().splitlines()]
    assert len(pairs) == len(set(pairs)) == ITEMS
    journal.write_text(journal.read_text() + "{cut")
    assert run(*words)[0] == 0


def test_the_noise_counts_every_pair_whichever_of_its_answers_comes_first_and_however_often_it_is_interrupted(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    """The baseline answers each question differently at its second time, which is the faster one."""
    came, length = Counter[str](), count()

    def first_takes_longer(question: str) -> float:
        came[question] += 1
        return 0.02 if came[question] == 1 else 0.0

    baseline, judge = endpoints["baseline"], endpoints["judge"]
    baseline.takes_s, baseline.answer = first_takes_longer, lambda question: question + "!" * next(length)
    code, out, _err = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["noise"]) == (3, {"items": 20, "discordance": 1.0})
    assert found["refusal"]["needed"] > ITEMS, "a set that is too small for such a baseline is not paid for"

    (journal,) = Path(words[3]).glob("judge-*.jsonl")
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:5]))
    answered, judged = baseline.seen.total(), judge.seen.total()
    assert json.loads(run(*words, "-o", "json")[1])["noise"] == found["noise"]
    assert (baseline.seen.total() - answered, judge.seen.total() - judged) == (0, 2 * 15)


def test_a_verdict_after_a_line_that_a_crash_cut_is_not_paid_for_again(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run
) -> None:
    named = [*words, "--baseline-revision", "one", "--candidate-revision", "two"]
    endpoints["candidate"].answer = lambda question: f"{question}!"
    assert run(*named)[0] == 0
    (journal,) = Path(words[3]).glob("judge-*.jsonl")
    *whole, last = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*whole, last[:20]]))
    for total in (2 * ITEMS + 2, 2 * ITEMS + 2):
        assert run(*named)[0] == 0
        assert endpoints["judge"].seen.total() == total


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--judge", "localhost"), "--judge localhost: not an HTTP address; write one"),
        (("--judge", ""), "--judge: not an HTTP address; write one"),
        (("--scorer", "exact"), "only scorer judge uses it; add --scorer judge"),
    ],
)
def test_a_judge_that_cannot_be_called_is_refused_before_anything_is_sent(
    more: tuple[str, ...], message: str, words: list[str], run: Run
) -> None:
    code, _out, err = run(*words, *more)
    assert code == 2
    assert message in err


def test_custom_instructions_are_sent_to_the_judge(
    words: list[str], endpoints: dict[str, PretendedEndpoint], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "own.txt").write_text("Prefer the polite one. VERDICT: A, B or TIE.")
    endpoints["candidate"].answer = lambda question: f"{question}!"
    assert run(*words, "--judge-instructions", str(tmp_path / "own.txt"))[0] == 0
    assert run(*words, "--judge-instructions", str(tmp_path / "absent.txt"))[0] == 2
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    code, _, err = run(*words, "--judge-instructions", str(tmp_path / "own.txt"))
    assert (code, "own.txt: not UTF-8 text; save it as UTF-8" in err) == (2, True)
