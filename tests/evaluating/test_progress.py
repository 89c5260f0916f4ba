"""What is still to be sent, the journal from which a restart resumes, and the verdict so far."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.comparing.quality import QualityPlan
from fairlead.evaluating import item_file, journal, progress, requests
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import AnswerSource, JournalLine, RequestSettings
from fairlead.evaluating.progress import NOISE_SAMPLE, RunProgress, Side
from fairlead.evaluating.scorers import ScorerSettings
from fairlead.fleet.gate_verdicts import GateReason

Answers = dict[tuple[str, int], JournalLine]


def items(number: int) -> list[EvaluationItem]:
    lines = [
        json.dumps({"id": place, "input": f"q{place}", "target": "x", "tags": ["law"]}).encode()
        for place in range(number)
    ]
    return item_file.read(lines, ScorerSettings())[0]


def answered(item: EvaluationItem, *, right: bool = True, sample: int = 0) -> JournalLine:
    return JournalLine(item=item.name, digest=item.digest, sample=sample, answer=ScoredAnswer(right=right), text="x")


def answers(found: list[EvaluationItem], sample: int = 0) -> Answers:
    return {one.key: one for one in (answered(item, sample=sample) for item in found)}


def test_both_sides_answer_item_by_item_and_existing_answers_are_not_requested_again() -> None:
    some = items(3)
    run = RunProgress(items=some, samples=1, baseline=answers(some[:2]), candidate=answers(some[:1]))
    assert [(one.side, one.item.name) for one in run.wanted()] == [
        (Side.CANDIDATE, "1"),
        (Side.BASELINE, "2"),
        (Side.CANDIDATE, "2"),
    ]
    assert [one.item for one in run.pairs()] == ["0"]
    report = run.report(QualityPlan(items=3, margin=0.02))
    assert (report.verdict.reason, report.verdict.missing) == (GateReason.NOT_FINISHED, 2)
    assert next(run.pairs()).tags == ("law",)
    assert not run.decided_early(QualityPlan(items=3, margin=0.02))


def test_several_samples_of_an_item_are_one_cluster() -> None:
    some = items(1)
    both = {**answers(some), **answers(some, 1)}
    run = RunProgress(items=some, samples=2, baseline=both, candidate=both)
    assert [(one.item, one.cluster) for one in run.pairs()] == [("0/0", "0"), ("0/1", "0")]
    assert list(run.wanted()) == []


def test_noise_is_the_baseline_against_itself() -> None:
    some = items(3)
    again = answered(some[0], right=False, sample=NOISE_SAMPLE)
    baseline = {**answers(some[:2]), again.key: again}
    assert [(one.item.name, one.sample) for one in progress.wanted_noise(some, baseline)] == [
        ("1", NOISE_SAMPLE),
        ("2", 0),
        ("2", NOISE_SAMPLE),
    ]
    counts = progress.noise(some, baseline)
    assert (counts.n, counts.lost, counts.discordance) == (1, 1, 1.0)


def test_a_changed_item_is_sent_again_and_an_unchanged_one_is_not() -> None:
    before = items(1)
    changed = item_file.read([b'{"id": 0, "input": "q0", "target": "y", "tags": ["law"]}'], ScorerSettings())[0]
    kept = answers(before)
    assert not list(RunProgress(items=before, samples=1, baseline=kept, candidate=kept).wanted())
    assert len(list(RunProgress(items=changed, samples=1, baseline=kept, candidate=kept).wanted())) == 2


@given(st.booleans(), st.booleans(), st.none() | st.integers(0, 10**6), st.text(max_size=20))
def test_what_is_written_is_always_what_is_read(right: bool, cut: bool, tokens: int | None, text: str) -> None:  # drawn
    line = JournalLine(
        item="a", digest="d", sample=0, answer=ScoredAnswer(right=right, cut=cut, tokens=tokens), text=text
    )
    assert journal.read([journal.written(line)]) == {("d", 0): line}


def test_lines_that_a_crash_cut_and_answers_that_failed_are_sent_again() -> None:
    good = answered(items(1)[0])
    failed = replace(good, digest="other", answer=ScoredAnswer(right=False, error="503"))
    whole = journal.written(good)
    assert list(journal.read([whole, whole[:40], "[]", "7", journal.written(failed)])) == [good.key]


def test_a_run_that_tried_often_enough_keeps_its_failures() -> None:
    (item,) = items(1)
    failed = replace(answered(item, right=False), answer=ScoredAnswer(right=False, error="503"), text="x" * 9)
    line = journal.written(failed, 4)
    assert journal.read([line]) == {}
    assert journal.read([line], failures=True) == {failed.key: replace(failed, text="xxxx")}


def test_answers_are_kept_by_all_that_they_depend_on() -> None:
    source = AnswerSource(model="m", revision="r", settings=RequestSettings())
    others = [
        replace(source, model="n"),
        replace(source, revision="s"),
        replace(source, settings=RequestSettings(seed=1)),
    ]
    assert len({one.digest for one in (source, *others)}) == 4


def test_a_request_is_greedy_and_gives_way_to_users() -> None:
    (item,) = items(1)
    sent = json.loads(requests.body(replace(item, extra={"tools": []}), "chat", RequestSettings(max_tokens=9)))
    assert sent == {
        "model": "chat",
        "messages": [{"role": "user", "content": "q0"}],
        "max_tokens": 9,
        "temperature": 0.0,
        "seed": 0,
        "tools": [],
    }
    assert (requests.HEADERS["x-fairlead-lane"], requests.HEADERS["x-fairlead-cache"]) == ("batch", "off")
