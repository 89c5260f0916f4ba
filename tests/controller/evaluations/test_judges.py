"""A judge in a canary's evaluation: both orders of each pair, kept beside the answers; nothing passes without it."""

import base64
import json
from collections.abc import Callable

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import judge_rounds
from fairlead.evaluating import item_file
from tests.controller import points
from tests.controller.pretended_judge import Killed
from tests.controller.quality_trials import CONCURRENCY, QualityWorld, judged
from tests.controller.server import Crashed, Faults

ITEMS = 60
JUDGE: Manifest = {"url": "http://judge.models.svc/v1", "model": "big"}
SECRET: Manifest = {"keySecret": {"name": "judge", "key": "token"}}
Edit = Callable[[str], str]


def questions(count: int = ITEMS) -> str:
    """Items without an answer."""
    return "".join(f"{json.dumps({'input': f'question {number}'})}\n" for number in range(count))


def longer(question: str) -> str:
    return f"{question}, at length"


def shorter(question: str) -> str:
    return question[:3]


class JudgedWorld(QualityWorld):
    """The new revision answers differently, and a judge says which answer is better."""

    def __init__(self, edit: Edit = longer, *, count: int = ITEMS, judge: Manifest = JUDGE) -> None:
        self.edit, self.count, self.named = edit, count, judge
        super().__init__(questions(count), rollout=judged(margin="10"))
        self.judge = self.pod_client.judge
        self.name_judge()

    def name_judge(self, **more: object) -> None:
        """Name a judge as a user would."""
        self.write(questions(self.count), scorer={"type": "Judge", "judge": self.named | more})

    def steps(self, count: int = 1) -> None:
        """The new revision's answers are what `edit` makes of them."""
        for _ in range(count):
            self.evaluate()
            self.rounds()
            if new := self.canary.get("revision"):
                self.pod_client.answers = {new: self.edit}
            self.run(self.runs.advance(self.document()["metadata"]["uid"]))

    def secret(self, value: str, key: str = "token") -> None:
        """Create the Secret as a user would."""
        head = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "judge", "namespace": "default"}}
        data = {key: base64.b64encode(value.encode()).decode()}
        self.objects.put(kinds.SECRET, head | {"data": data})


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_rounds, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(judge_rounds, "AGAIN_S", 0.0)


def test_a_revision_whose_answers_the_judge_prefers_passes_and_no_pair_is_sent_twice() -> None:
    world = JudgedWorld()
    gate = world.until("Passed")
    assert (gate["reason"], gate["compared"], gate["baseline"], gate["candidate"]) == ("NotWorse", ITEMS, "0", "1")
    assert gate["message"].endswith(f"; the judge followed the position in 0 of {ITEMS} pairs (0%)")
    assert (len(world.judge.questions), set(world.judge.questions.values())) == (2 * ITEMS, {1})
    ((address, model, instructions),) = world.judge.settings
    assert (address, model) == ("http://judge.models.svc/v1/chat/completions", "big")
    assert instructions.endswith("VERDICT: A, VERDICT: B or VERDICT: TIE.")
    assert world.twice() == []


def test_a_revision_that_it_finds_worse_is_stopped_early_and_rolled_back() -> None:
    world = JudgedWorld(shorter, count=200)
    gate = world.until("Failed")
    assert gate["reason"] == "StoppedForHarm"
    assert gate["compared"] < 100
    assert "the judge followed the position in 0 of " in gate["message"]
    assert world.canary["phase"] == "Rejected"


def test_equal_answers_are_ties_without_a_request_to_the_judge() -> None:
    world = JudgedWorld(str)
    gate = world.until("Passed")
    assert gate["message"].endswith("; the judge was not asked: no pair differed")
    assert not world.judge.questions


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("VERDICT: A", "the judge followed the position in 60 of 60 pairs, more often than by chance"),
        (
            "Both are fine.",
            "the judge gave no verdict in 60 of 60 pairs (first: item 0a0d33d059dfa885); its replies must end with",
        ),
    ],
)
def test_a_judge_that_does_not_read_the_answers_lets_nothing_pass(reply: str, words: str) -> None:
    world = JudgedWorld(shorter)
    world.judge.preference = lambda _first, _second: reply
    gate = world.until("Error")
    assert gate["reason"] == "JudgeFailed"
    assert words in gate["message"]
    assert world.canary["phase"] == "Stepping"
    world.judge.preference = lambda _first, _second: "VERDICT: TIE"
    world.name_judge(instructions="Look again. VERDICT: A, B or TIE.")
    world.until("Passed")
    assert world.twice() == [], "another judge reads the same answers"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (503, None, "spec.scorer.judge.url http://judge.models.svc/v1: it answers 503: check its logs"),
        (401, None, "it answers 401: it needs a key, or a different one: set spec.scorer.judge.keySecret"),
        (404, None, "it answers 404: it has no such model or path: correct spec.scorer.judge.model or url"),
        (400, None, "it answers 400: check its logs: the pair exceeds its context or content filter, or the model"),
        (495, None, "http://judge.models.svc/v1: no public CA has signed its certificate; name a judge whose"),
        (302, b"elsewhere", "it answers 302: check its logs"),
        (200, b"<html>", "its reply is not a chat completion; name an endpoint with an OpenAI-compatible API"),
        (None, None, "nothing answers there; check the judge, or correct the address"),
    ],
)
def test_a_judge_that_does_not_answer_is_an_error_with_its_remedy_and_it_goes_on_when_it_does(
    status: int | None, body: bytes | None, words: str
) -> None:
    world = JudgedWorld()
    world.judge.status, world.judge.body, world.judge.away = status or 200, body, status is None
    gate = world.until("Error")
    assert gate["reason"] == "JudgeFailed"
    assert words in gate["message"]
    assert body is None or body.decode() not in gate["message"], "what stands at an address is nobody's business"
    world.steps(3)
    assert (world.gate["verdict"], world.canary["phase"]) == ("Error", "Stepping")
    world.judge.status, world.judge.body, world.judge.away = 200, None, False
    world.until("Passed")
    assert world.twice() == []


def test_a_pair_that_the_judge_refuses_is_a_tie_with_its_item_named_and_holds_up_no_other() -> None:
    world = JudgedWorld()
    world.judge.refused = "question 7\n"
    seventh = item_file.read(questions().encode().splitlines(), None)[0][7].name
    gate = world.until("Passed")
    assert (gate["reason"], gate["compared"]) == ("NotWorse", ITEMS)
    assert gate["message"].endswith(f"in 0 of {ITEMS} pairs (0%), 1 without a verdict (first: item {seventh})")


def test_a_judge_that_refuses_more_than_a_tenth_of_the_pairs_lets_nothing_pass() -> None:
    world = JudgedWorld()
    world.judge.refused = "question 1"
    gate = world.until("Error")
    assert gate["reason"] == "JudgeFailed"
    assert gate["message"].startswith(f"the judge gave no verdict in 11 of {ITEMS} pairs (first: item ")


def test_a_judge_that_takes_no_temperature_and_another_name_of_the_limit_gets_its_questions_so() -> None:
    world = JudgedWorld()
    world.judge.reasons = True
    assert world.until("Passed")["reason"] == "NotWorse"
    assert world.judge.refusals <= CONCURRENCY, "those in flight until it is known"
    assert set(world.judge.questions.values()) == {1}


def test_nothing_is_sent_for_a_while_to_a_judge_that_did_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_rounds, "AGAIN_S", 600.0)
    world = JudgedWorld()
    world.judge.status = 401
    world.until("Error")
    sent = world.judge.questions.total()
    world.steps(5)
    assert world.judge.questions.total() == sent
    assert world.gate["reason"] == "JudgeFailed"


def test_the_key_is_read_from_the_secret_when_it_is_needed_and_is_written_nowhere() -> None:
    world = JudgedWorld(judge=JUDGE | SECRET)
    world.judge.key = "opensesame"
    gate = world.until("Error")
    assert gate["message"] == (
        "spec.scorer.judge.keySecret.name: there is no Secret judge in namespace default; create it, or name one of "
        "this namespace"
    )
    world.secret("opensesame", key="other")
    world.steps(2)
    assert (
        "spec.scorer.judge.keySecret.key: Secret judge has no judge's key under token; add it" in world.gate["message"]
    )
    world.secret("schlüssel")
    world.steps(2)
    assert "has no judge's key under token" in world.gate["message"]
    world.secret("wrong")
    world.steps(2)
    assert "it answers 401" in world.gate["message"]
    world.server.faults = Faults(forbidden=frozenset({("get", kinds.SECRET.title)}))
    world.steps(2)
    assert world.gate["message"] == (
        "spec.scorer.judge.keySecret: the operator is not permitted to read Secret judge; install it with "
        "rbac.secrets=true, or name a judge that needs no key"
    )
    world.server.faults = Faults()
    world.secret("opensesame\n")
    world.until("Passed")
    kept = {where: one for where, one in world.objects.held.items() if where[0] != kinds.SECRET.title}
    assert "opensesame" not in str(kept)


def test_too_many_items_for_a_judge_are_reported() -> None:
    world = JudgedWorld(count=2501)
    (entry,) = (one for one in world.evaluate()["conditions"] if one["type"] == "Ready")
    assert "2,501 items, and a canary uses at most 2,500; split it" in entry["message"]


def test_a_rejected_revision_is_retried_with_another_judge() -> None:
    world = JudgedWorld(shorter)
    world.until("Failed")
    world.settle()
    world.steps(10)
    assert world.canary["phase"] == "Rejected"
    world.judge.preference = lambda first, second: f"VERDICT: {'A' if len(first) < len(second) else 'B'}"
    world.name_judge(model="other")
    world.until("Passed")


def ended(edit: Edit, *, fault: Faults | None = None, dies_at: int | None = None) -> JudgedWorld:
    """A whole trial; where the operator is killed, a fresh one resumes."""
    world = JudgedWorld(edit)
    while "revision" not in world.canary:
        world.steps()
    world.server.writes.clear()
    world.server.faults, world.judge.dies_at = fault or Faults(), dies_at
    for _ in range(120):
        try:
            world.steps()
        except (Crashed, Killed):
            world.server.faults, world.judge.dies_at = Faults(), None
            world.restart()
        if world.canary.get("phase") in ("Promoted", "Rejected"):
            return world
    raise AssertionError(f"never ended: {world.canary}")


def again(world: JudgedWorld) -> int:
    """Requests to the judge that repeat earlier ones."""
    return sum(times - 1 for times in world.judge.questions.values())


def gate_of(world: JudgedWorld) -> Manifest:
    return dict(world.gate)


@pytest.mark.parametrize("edit", [longer, shorter])
def test_an_operator_killed_at_any_point_reaches_the_same_verdict_and_repeats_at_most_one_round(edit: Edit) -> None:
    whole = ended(edit)
    assert again(whole) == 0
    expected = gate_of(whole)
    for number in points.of(len(whole.server.writes), few=2):
        for fault in (Faults(before=number), Faults(after=number)):
            world = ended(edit, fault=fault)
            assert gate_of(world) == expected
            assert again(world) <= CONCURRENCY
    for place in points.of(whole.judge.questions.total(), few=2):
        world = ended(edit, dies_at=place + 1)
        assert gate_of(world) == expected
        assert again(world) <= CONCURRENCY
