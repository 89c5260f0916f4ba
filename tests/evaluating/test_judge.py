"""A judge counts where it says the same in both orders; a pair where it contradicts itself is a tie."""

import json
from dataclasses import replace

import pytest

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating import item_file, judge, progress, verdict_lines
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import SHOWN_CHARACTERS, JournalLine
from fairlead.evaluating.judge import JudgeSettings, PairVerdict, PositionBias, Preference
from fairlead.evaluating.progress import RunProgress, Side
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict

(ITEM,), _ = item_file.read([b'{"id": 1, "input": "Which city?", "target": "Paris"}'], None)
FIRST, SECOND, TIE, UNREADABLE = Preference


def line(text: str, error: str = "", sample: int = 0) -> JournalLine:
    answer = ScoredAnswer(right=not error, error=error)
    return JournalLine(item="1", digest=ITEM.digest, sample=sample, answer=answer, text=text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A is right.\nVERDICT: A", FIRST),
        ("**Verdict:** B", SECOND),
        ("verdict: tie", TIE),
        ("VERDICT: A is what I thought, but no: VERDICT: B", SECOND),
        ("Both are fine.", UNREADABLE),
        ("VERDICT: Absolutely", UNREADABLE),
        ("VERDICT: A tie", TIE),
        ("Verdict: it is a **tie**", TIE),
        ("VERDICT: a tied game", TIE),
        ("VERDICT: Answer B", SECOND),
        ("**VERDICT**: the answer **A**", FIRST),
        ("VERDICT: B\nMy verdict is a clear one.", SECOND),
        ("__VERDICT:__ B", SECOND),
        ("VERDICT: A (it breaks the tie)", FIRST),
        ("VERDICT: Answers differ", UNREADABLE),
    ],
)
def test_the_last_verdict_of_a_reply_counts(text: str, verdict: Preference) -> None:
    assert judge.preference(text) is verdict


@pytest.mark.parametrize(
    ("plain", "turned", "right"),
    [
        (FIRST, SECOND, (True, False)),
        (SECOND, FIRST, (False, True)),
        (FIRST, FIRST, (True, True)),
        (SECOND, SECOND, (True, True)),
        (TIE, TIE, (True, True)),
        (FIRST, TIE, (True, True)),
        (FIRST, UNREADABLE, (True, True)),
    ],
)
def test_who_wins_in_both_orders_wins_and_anything_else_is_a_tie(
    plain: Preference, turned: Preference, right: tuple[bool, bool]
) -> None:
    before, after = line("Paris"), line("Lyon")
    verdicts = {judge.key(before, after): PairVerdict(plain=plain, turned=turned)}
    both = judge.scored(before, after, verdicts)
    assert both is not None
    assert (both[0].right, both[1].right) == right


def test_the_judge_is_not_called_for_equal_answers_or_a_failed_one() -> None:
    assert not judge.needs_judge(line("Paris"), line("Paris"))
    assert not judge.needs_judge(line("Paris"), line("", error="500"))
    assert judge.scored(line("Paris"), line("Paris"), {}) == (ScoredAnswer(right=True), ScoredAnswer(right=True))
    failed = judge.scored(line("Paris"), line("", error="500"), {})
    assert failed == (ScoredAnswer(right=True), ScoredAnswer(right=False, error="500"))
    assert judge.scored(line("Paris"), line("Lyon"), {}) is None, "not asked yet"


def test_both_orders_are_sent_to_the_judge_with_the_reference_and_no_more_than_is_kept() -> None:
    plain, turned = judge.questions(ITEM, line("Paris"), line("Lyon"), "Judge.")
    assert plain.messages[0] == {"role": "system", "content": "Judge."}
    assert plain.messages[1]["content"] == (
        "[Question]\nuser: Which city?\n\n[Reference answer]\nParis\n\n[Answer A]\nParis\n\n[Answer B]\nLyon"
    )
    assert turned.messages[1]["content"].endswith("[Answer A]\nLyon\n\n[Answer B]\nParis")
    (bare,), problems = item_file.read([b'{"input": "Which city?"}'], None)
    assert problems == []
    question = judge.questions(bare, line("x" * 9000), line("Lyon"), "Judge.")[0]
    assert "Reference" not in question.messages[1]["content"]
    assert len(question.messages[1]["content"]) < SHOWN_CHARACTERS + 100
    long = line("x" * 9000)
    assert judge.key(long, line("y")) == judge.key(line("x" * SHOWN_CHARACTERS), line("y"))


def test_how_it_contradicts_itself_is_counted() -> None:
    some = [
        PairVerdict(plain=FIRST, turned=FIRST),
        PairVerdict(plain=FIRST, turned=FIRST),
        PairVerdict(plain=SECOND, turned=SECOND),
        PairVerdict(plain=FIRST, turned=SECOND),
        PairVerdict(plain=UNREADABLE, turned=TIE),
    ]
    found = judge.bias(some)
    assert found == PositionBias(pairs=5, first=2, second=1, unreadable=1)
    assert found.words == (
        "5 pairs in both orders: 2 for the first answer, 1 for the second answer, 1 without a verdict; each "
        "such pair is a tie"
    )
    assert "without" not in judge.bias(some[:3]).words
    assert judge.bias([]).words == "no pair differed"


def test_a_run_counts_pairs_that_were_judged_and_its_noise_too() -> None:
    other = EvaluationItem(name="2", messages=(), rules=(), digest="2")
    before, after, again = line("Paris"), line("Lyon"), line("Rome", sample=-1)
    verdicts = {
        judge.key(before, after): PairVerdict(plain=FIRST, turned=SECOND),
        judge.key(before, again): PairVerdict(plain=SECOND, turned=FIRST),
    }
    baseline, candidate = {before.key: before, again.key: again}, {after.key: after}
    run = RunProgress(items=[ITEM, other], samples=1, baseline=baseline, candidate=candidate, verdicts=verdicts)
    (pair,) = run.pairs()
    assert (pair.baseline.right, pair.candidate.right) == (True, False)
    assert progress.noise([ITEM, other], baseline, verdicts).gained == 1


def test_a_run_names_the_pairs_that_no_judge_has_seen() -> None:
    other = EvaluationItem(name="2", messages=(), rules=(), digest="2")
    before, after, again = line("Paris"), line("Lyon"), line("Rome", sample=-1)
    baseline, candidate = {before.key: before, again.key: again}, {after.key: after}
    run = RunProgress(items=[ITEM, other], samples=1, baseline=baseline, candidate=candidate, verdicts={})
    (pair,) = run.unjudged()
    assert (pair.item, pair.side, pair.key) == (ITEM, Side.CANDIDATE, judge.key(before, after))
    (noise,) = progress.unjudged_noise([ITEM, other], baseline, {})
    assert (noise.side, noise.key) == (Side.BASELINE, judge.key(before, again))
    assert list(progress.unjudged_noise([ITEM], baseline, None)) == []
    verdicts = {pair.key: PairVerdict(plain=FIRST, turned=FIRST)}
    judged = replace(run, verdicts=verdicts)
    assert list(judged.unjudged()) == []
    assert judged.bias() == PositionBias(pairs=1, first=1, second=0, unreadable=0)
    assert replace(run, verdicts=None).bias().pairs == 0
    silent = replace(run, verdicts={pair.key: PairVerdict(plain=FIRST, turned=UNREADABLE)})
    assert silent.bias() == PositionBias(pairs=1, first=0, second=0, unreadable=1, item=ITEM.name)


def test_a_judge_is_sent_a_short_question_in_the_usual_form_if_it_refused_a_pair() -> None:
    system, user = judge.control("Choose.").messages
    assert system == {"role": "system", "content": "Choose."}
    assert user["content"] == "[Question]\nuser: Is 3 odd?\n\n[Answer A]\nYes.\n\n[Answer B]\nIt is odd."


@pytest.mark.parametrize(
    ("bias", "brief", "trouble"),
    [
        (PositionBias(pairs=0, first=0, second=0, unreadable=0), "not asked: no pair differed", ""),
        (PositionBias(pairs=40, first=12, second=3, unreadable=0), "in 15 of 40 pairs (38%)", ""),
        (PositionBias(pairs=40, first=20, second=8, unreadable=0), "(70%)", "followed the position in 28 of 40 pairs"),
        (PositionBias(pairs=40, first=0, second=0, unreadable=5), ", 5 without a verdict", "no verdict in 5 of 40"),
        (PositionBias(pairs=4, first=1, second=0, unreadable=1), ", 1 without a verdict", ""),
        (
            PositionBias(pairs=4000, first=0, second=0, unreadable=4000, item="a" * 50),
            f", 4000 without a verdict (first: item {'a' * 30})",
            f"no verdict in 4000 of 4000 pairs (first: item {'a' * 30}); its replies",
        ),
    ],
)
def test_ties_of_a_judge_that_reads_no_answers_say_nothing(bias: PositionBias, brief: str, trouble: str) -> None:
    assert brief in bias.brief
    for fields in (judge.OF_SPEC, judge.OF_COMMAND):
        words = bias.trouble(fields)
        assert trouble in words
        assert bool(trouble) == bool(words)
        assert not words or words.endswith(f"another model in {fields.model}")
        assert len(words) <= 240


def test_only_what_would_pass_by_such_ties_becomes_an_error() -> None:
    silent = PositionBias(pairs=40, first=0, second=0, unreadable=40)
    passed = GateVerdict(verdict=Verdict.PASSED, reason=GateReason.NOT_WORSE, message="100.0% right", n=40)
    failed = replace(passed, verdict=Verdict.FAILED, reason=GateReason.GUARD_EXCEEDED)
    assert judge.checked(passed, silent, judge.OF_COMMAND) == replace(
        passed,
        verdict=Verdict.ERROR,
        reason=GateReason.JUDGE_FAILED,
        message="the judge gave no verdict in 40 of 40 pairs; its replies must end with VERDICT: A, B or TIE: correct "
        "--judge-instructions, or name another model in --judge-model",
    )
    assert judge.checked(failed, silent, judge.OF_SPEC) is failed
    assert judge.checked(passed, replace(silent, unreadable=0), judge.OF_SPEC) is passed


def test_verdicts_of_one_judge_are_found_among_other_lines() -> None:
    one, other = PairVerdict(plain=FIRST, turned=SECOND), PairVerdict(plain=TIE, turned=TIE)
    lines = [
        verdict_lines.written("a", one, "big"),
        verdict_lines.written("a", other, "small"),
        verdict_lines.written("b", other),
        '{"item": "1"}',
        "[]",
        "{cut",
    ]
    assert verdict_lines.read(lines, "big") == {"a": one}
    assert verdict_lines.read(lines) == {"b": other}
    usual = JudgeSettings(url="http://judge", model="big")
    assert usual.digest == replace(usual, key=SecretKey(name="a", key="b")).digest
    assert usual.digest != replace(usual, model="small").digest


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ({"tools": [{"type": "function"}]}, "a judge reads texts, no calls of tools; remove it, or use another scorer"),
        ({"assert": [{"type": "equals", "value": "x"}]}, "a judge checks no assertion; remove it"),
    ],
)
def test_what_a_judge_does_not_read_is_refused(more: dict[str, object], because: str) -> None:
    items, (problem,) = item_file.read([json.dumps({"input": "Which city?"} | more).encode()], None)
    assert items == []
    assert because in problem.sentence
