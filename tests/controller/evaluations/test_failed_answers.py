"""Answers that the old revision failed to give are asked for again: its trouble says nothing about the new one."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import quality_run
from tests.controller.evaluations.test_runners import Programs
from tests.controller.quality_trials import QualityWorld, lines


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses of seconds."""
    monkeypatch.setattr(quality_run, "FIRST_WAIT_S", 0.0)


def failed_once() -> QualityWorld:
    """The old revision was busy for one round, which is more than the hundredth that may fail."""
    world = QualityWorld(lines(120))
    world.steps(12)
    world.pod_client.busy_revisions = {world.old}
    world.steps()
    world.pod_client.busy_revisions = set()
    assert world.until("Error")["reason"] == "BaselineErrors"
    return world


def test_the_old_revision_is_asked_again_after_a_pause_what_it_failed_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quality_run, "AGAIN_S", 0.0)
    world = failed_once()
    assert world.until("Passed")["reason"] == "NotWorse"
    answered = [question for revision, question in world.pod_client.sent if revision == world.old]
    assert len(answered) == 120


def test_nothing_is_sent_during_the_pause() -> None:
    world = failed_once()
    sent = world.pod_client.sent.total()
    world.steps(5)
    assert world.pod_client.sent.total() == sent


def test_a_restarted_operator_asks_the_old_revision_again_what_it_failed_to_answer() -> None:
    world = failed_once()
    world.restart()
    assert world.until("Passed")["reason"] == "NotWorse"


def test_a_retried_canary_asks_the_old_revision_again_what_it_failed_to_answer() -> None:
    world = failed_once()
    world.order("abort")
    world.steps(20)
    world.order("retry")
    assert world.until("Passed")["reason"] == "NotWorse"


class FailsOnce(Programs):
    """The first pod of the old revision prints nothing of two items."""

    def program(self, pod: Manifest) -> tuple[int, str]:
        code, printed = super().program(pod)
        name = pod["metadata"]["name"]
        if not name.endswith("-baseline") or self.starts[name] > 1:
            return code, printed
        return code, "\n".join(one for one in printed.splitlines() if '"7"' not in one and '"8"' not in one)


def test_a_runner_in_pods_runs_again_once_the_old_revisions_answers_are_deleted() -> None:
    world = FailsOnce()
    assert world.until("Error")["reason"] == "BaselineErrors"
    world.restart()
    world.steps(30)
    assert world.gate["reason"] == "BaselineErrors", "a restart alone starts no pod"
    world.kube.delete(kinds.CONFIG_MAP, "default", f"chat-{world.old}-answers-0")
    world.restart()
    assert world.until("Passed")["reason"] == "NotWorse"
    assert world.starts[f"chat-{world.old}-baseline"] == 2
    assert world.starts[f"chat-{world.canary['revision']}-candidate"] == 1
