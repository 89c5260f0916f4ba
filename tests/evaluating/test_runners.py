"""Runners in pods: which pass comes next, what their output means, and the harness's command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating import harness, item_file, runner_lines, runner_passes
from fairlead.evaluating.harness import HarnessRequest
from fairlead.evaluating.items import EvaluationItem, run_position
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.progress import Side
from fairlead.fleet.evaluation_runners import EvaluationRunner, RunnerKind, RunnerPass

LINES = [b'{"id": 1, "question": "2 + 2?"}', b"", b'{"question": "3 + 3?", "tags": ["sums"]}']


def items(count: int) -> list[EvaluationItem]:
    lines = [json.dumps({"id": number}).encode() for number in range(count)]
    return item_file.read_named(lines, "work", numbered=False)[0]


def answers(some: list[EvaluationItem], sample: int) -> dict[tuple[str, int], JournalLine]:
    passed = {one.name: True for one in some}
    return {one.key: one for one in runner_lines.journal_lines(some, passed, sample)}


def test_the_baseline_goes_first_then_a_part_of_it_again_then_the_candidate() -> None:
    some = items(5)
    whole, again = answers(some, 0), answers(some[:2], -1)
    assert runner_passes.next_pass(some, 2, {}, {}) is RunnerPass.BASELINE
    assert runner_passes.next_pass(some, 2, answers(some[:4], 0), {}) is RunnerPass.BASELINE
    assert runner_passes.next_pass(some, 2, whole, {}) is RunnerPass.NOISE
    assert runner_passes.next_pass(some, 2, whole | again, {}) is RunnerPass.CANDIDATE
    assert runner_passes.next_pass(some, 2, whole | again, whole) is None
    assert [runner_passes.side_of(one) for one in RunnerPass] == [Side.BASELINE, Side.BASELINE, Side.CANDIDATE]


def test_a_program_may_log_what_it_likes_between_its_verdicts() -> None:
    lines = [
        "loading",
        '{"id": 1, "pass": true}',
        '{"event": "tick"}',
        '{"id": "a", "pass": "yes"}',
        '{"id": true, "pass": true}',
        "{nonsense",
        '{"id": "a", "pass": true}',
        '{"id": "a", "pass": false}',
        '{"id": "stranger", "pass": true}',
    ]
    found = runner_lines.read(lines, {"1", "a", "b"})
    assert (dict(found.passed), found.unknown) == ({"1": True, "a": False}, 1)


def test_an_item_that_it_did_not_speak_of_is_an_error_of_that_side() -> None:
    first, second = items(2)
    kept = runner_lines.journal_lines([first, second], {first.name: True}, 0)
    assert [one.answer for one in kept] == [
        ScoredAnswer(right=True),
        ScoredAnswer(right=False, error="the runner printed no verdict"),
    ]


def test_lines_of_a_runner_are_named_by_their_id_or_digest_or_number() -> None:
    found, problems = item_file.read_named(LINES, "work", numbered=False)
    assert (problems, found[0].name, found[1].tags) == ([], "1", ("sums",))
    assert len(found[1].name) == 16
    numbered, _ = item_file.read_named(LINES, "work", numbered=True)
    assert [one.name for one in numbered] == ["1", "line-2"]
    other, _ = item_file.read_named(LINES, "other work", numbered=False)
    assert {one.digest for one in found}.isdisjoint({one.digest for one in other})


def test_a_runners_file_has_an_id_on_every_line_and_a_part_is_the_first_of_a_run() -> None:
    found, _ = item_file.read_named(LINES, "work", numbered=False)
    written = [json.loads(one) for one in item_file.with_names(LINES)]
    assert [str(one["id"]) for one in written] == [one.name for one in found]
    assert written[1]["question"] == "3 + 3?"
    many = [json.dumps({"id": number}).encode() for number in range(20)]
    (first,) = item_file.with_names(many, 1)
    ordered = sorted((str(number) for number in range(20)), key=run_position)
    assert str(json.loads(first)["id"]) == ordered[0]


def test_lines_that_are_no_objects_or_have_one_id_are_named() -> None:
    found, problems = item_file.read_named([b"[1]", b'{"id": 1}', b'{"id": 1}', b'{"id": []}'], "", numbered=False)
    assert [one.name for one in found] == ["1"]
    assert [(one.line, one.field) for one in problems] == [(1, "line"), (3, "id"), (4, "id")]


REQUEST = HarnessRequest(
    base_url="http://127.0.0.1:8080/v1",
    model="chat",
    folder="/items",
    max_tokens=64,
    seed=7,
    concurrency=4,
)


def test_the_harness_gets_the_endpoint_to_query_and_needs_no_tokenizer() -> None:
    runner = EvaluationRunner(kind=RunnerKind.LM_EVAL, task="support")
    words = harness.command(runner, REQUEST)
    assert words[:2] == ("python3", "-c")
    rest = " ".join(words[3:])
    assert (
        "--model local-chat-completions --model_args model=chat,base_url=http://127.0.0.1:8080/v1/chat/completions"
        in rest
    )
    assert "tokenizer_backend=None,tokenized_requests=False" in rest
    assert "--tasks support --include_path /items" in rest
    assert rest.endswith("--seed 7 --gen_kwargs max_gen_toks=64,temperature=0,do_sample=False --apply_chat_template")


def test_a_limit_and_plain_completions_change_the_harness_arguments() -> None:
    runner = EvaluationRunner(kind=RunnerKind.LM_EVAL, task="support", chat=False, metric="acc,none")
    part = HarnessRequest(**{name: getattr(REQUEST, name) for name in REQUEST.__slots__} | {"limit": 100})
    words = harness.command(runner, part)
    assert "local-completions" in words
    assert "--apply_chat_template" not in words
    assert words[-2:] == ("--limit", "100")
    assert words[4] == "acc,none"


PRETENDED = """
import json, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--output_path") + 1]) / "chat"
folder.mkdir(parents=True)
samples = SAMPLES
print("a table of results")
(folder / "samples_support.jsonl").write_text("".join(json.dumps(one) + "\\n" for one in samples))
sys.exit(CODE)
"""
SAMPLES = [
    {"doc_id": 0, "doc": {"id": "a"}, "filter": "none", "metrics": ["exact_match"], "exact_match": 1.0},
    {"doc_id": 1, "doc": {"q": "x"}, "filter": "none", "metrics": ["exact_match"], "exact_match": 0.0},
    {"doc_id": 1, "doc": {"q": "x"}, "filter": "loose", "metrics": ["exact_match"], "exact_match": 1.0},
]


def run(folder: Path, metric: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the script, where `lm_eval` is a module that writes these samples."""
    text = PRETENDED.replace("SAMPLES", repr(SAMPLES)).replace("CODE", str(code))
    (folder / "lm_eval.py").write_text(text)
    results = folder / "results"
    words = [sys.executable, "-c", harness.SCRIPT, str(results), metric, "--output_path", str(results)]
    return subprocess.run(words, check=False, capture_output=True, text=True, env={"PYTHONPATH": str(folder)})


def test_samples_become_one_line_an_item_and_nothing_else_is_printed(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.stdout.splitlines() == ['{"id": "a", "pass": true}', '{"id": "line-2", "pass": false}']
    assert "a table of results" in done.stderr


def test_another_filter_may_be_the_one_that_counts(tmp_path: Path) -> None:
    assert run(tmp_path, "exact_match,loose").stdout.splitlines() == ['{"id": "line-2", "pass": true}']


@pytest.mark.parametrize(
    ("metric", "code", "words"), [("", 3, ""), ("bleu", 0, "set spec.runner.metric to one of them")]
)
def test_a_harness_that_fails_or_has_no_such_metric_fails_the_pod(
    metric: str, code: int, words: str, tmp_path: Path
) -> None:
    done = run(tmp_path, metric, code)
    assert done.returncode == (code or 1)
    assert words in done.stderr
