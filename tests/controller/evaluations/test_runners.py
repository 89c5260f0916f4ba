"""Gate Quality by a program in pods: each side once, the verdicts it printed, and no request sent twice."""

import json
from collections import Counter
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects.evaluation_pods import FINGERPRINT
from fairlead.objects.runner_pods import ADDRESSES
from tests.controller import points
from tests.controller.quality_trials import QualityWorld, judged
from tests.controller.server import Crashed, Faults

JOB: dict[str, Any] = {"type": "Job", "image": "registry.example.com/program:v1", "command": ["python3", "run.py"]}
ITEMS = 120


def numbered(count: int) -> str:
    """Lines whose answers only the program knows."""
    return "".join(f"{json.dumps({'id': number, 'question': f'question {number}'})}\n" for number in range(count))


class Programs(QualityWorld):
    """The user's program: it sends the questions of its file, and the candidate gets the first `wrong` wrong."""

    def __init__(self, wrong: int = 0, runner: dict[str, Any] | None = None, margin: str = "4") -> None:
        self.wrong = wrong
        self.starts: Counter[str] = Counter()
        self.mutes: set[str] = set()
        """Ids that the candidate's pod omits."""
        self.runner = runner or JOB
        super().__init__(numbered(ITEMS), rollout=judged(margin=margin))
        self.write(numbered(ITEMS), runner=self.runner)
        for end in ("baseline", "noise", "candidate"):
            self.kube.programs[f"-{end}"] = self.program

    def program(self, pod: Manifest) -> tuple[int, str]:
        name = pod["metadata"]["name"]
        self.starts[name] += 1
        worse = name.endswith("-candidate")
        spoken = [str(one) for one in range(ITEMS) if not (worse and str(one) in self.mutes)]
        lines = [json.dumps({"id": one, "pass": not (worse and int(one) < self.wrong)}) for one in spoken]
        return 0, "\n".join(["loading", *lines, "done"])

    def pods(self) -> list[Manifest]:
        """The runners' current pods."""
        found = self.objects.listed("pods", None, "fairlead.dev/role=evaluation")
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))


def test_each_side_runs_once_and_no_pod_stays() -> None:
    world = Programs()
    gate = world.until("Passed")
    assert (gate["reason"], gate["compared"]) == ("NotWorse", ITEMS)
    assert dict(world.starts) == {
        f"chat-{world.old}-baseline": 1,
        f"chat-{world.old}-noise": 1,
        f"chat-{world.canary['revision']}-candidate": 1,
    }
    world.steps(30)
    assert world.canary["phase"] == "Promoted"
    assert (world.pods(), world.pod_client.sent.total()) == ([], 0)


def test_a_candidate_that_the_program_finds_worse_is_rolled_back() -> None:
    world = Programs(wrong=30)
    gate = world.until("Failed")
    assert gate["candidate"] == "0.75"
    assert world.canary["phase"] == "Rejected"


def test_a_candidate_that_is_far_worse_is_rolled_back_before_its_program_has_ended() -> None:
    world = Programs(wrong=ITEMS)
    whole = world.kube.programs["-candidate"]

    def half(pod: Manifest) -> tuple[None, str]:
        return None, "\n".join(whole(pod)[1].splitlines()[: ITEMS // 2])

    world.kube.programs["-candidate"] = half
    gate = world.until("Failed")
    assert (gate["reason"], gate["compared"]) == ("StoppedForHarm", ITEMS // 2 - 1)
    world.steps(3)
    world.run(world.runs.close())
    for _ in range(4):
        world.kube.round(world.now)
    assert world.pods() == [], "it need not go on"


def test_a_program_that_has_found_next_to_nothing_wrong_goes_on() -> None:
    world = Programs(wrong=1)
    whole = world.kube.programs["-candidate"]
    world.kube.programs["-candidate"] = lambda pod: (None, "\n".join(whole(pod)[1].splitlines()[:60]))
    while not world.pods() or not world.pods()[0]["metadata"]["name"].endswith("-candidate"):
        world.steps()
    world.steps(20)
    assert world.gate["reason"] == "NotFinished"
    world.kube.programs["-candidate"] = whole
    assert world.until("Passed")["compared"] == ITEMS


def test_what_the_pod_gets_is_the_items_the_model_the_side_and_a_relay_to_its_pods() -> None:
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    (pod,) = world.pods()
    spec, (program,) = pod["spec"], pod["spec"]["containers"]
    env = {one["name"]: one.get("value") for one in program["env"]}
    assert env["OPENAI_BASE_URL"] == "http://127.0.0.1:8080/v1"
    assert (env["FAIRLEAD_MODEL"], env["FAIRLEAD_SIDE"], env["FAIRLEAD_ITEMS"]) == (
        "chat",
        "baseline",
        "/items/items.jsonl",
    )
    copy, relay = spec["initContainers"]
    assert (copy["name"], relay["name"], relay["restartPolicy"]) == ("copy", "relay", "Always")
    assert pod["metadata"]["annotations"][ADDRESSES] == "198.18.0.9,198.18.0.9"
    assert (spec["restartPolicy"], spec["activeDeadlineSeconds"]) == ("Never", 3600)
    assert spec["securityContext"]["runAsNonRoot"]
    for container in (*spec["initContainers"], program):
        assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert {"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"} in container["env"]
        assert set(container["resources"]["limits"]) == {"memory"}
    world.steps(2)
    assert world.gate["message"] == f"pod {pod['metadata']['name']} asks the baseline"


def test_the_relay_learns_which_pods_serve_now() -> None:
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    (pod,) = world.pods()
    world.objects.put(kinds.POD, pod | {"metadata": pod["metadata"] | {"annotations": {**notes(pod), ADDRESSES: ""}}})
    world.steps(2)
    assert notes(world.pods()[0])[ADDRESSES] == "198.18.0.9,198.18.0.9"


def notes(pod: Manifest) -> dict[str, str]:
    return dict(pod["metadata"]["annotations"])


def test_a_failed_program_is_reported_and_retried_when_its_pod_is_deleted() -> None:
    world = Programs()
    usual = world.kube.programs["-candidate"]
    world.kube.programs["-candidate"] = lambda _: (1, "Traceback: no module named judge")
    gate = world.until("Error")
    assert gate["reason"] == "RunnerFailed"
    assert "-candidate failed: Traceback: no module named judge; fix it, and delete the pod" in gate["message"]
    assert world.canary["phase"] == "Stepping"
    world.kube.programs["-candidate"] = usual
    (pod,) = world.pods()
    world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    assert world.until("Passed")["compared"] == ITEMS


@pytest.mark.parametrize(
    ("printed", "words"),
    [
        ("done", 'printed no line like {"id": "'),
        ('{"id": "other", "pass": true}', "none of the 1 ids that it printed belongs to an item"),
    ],
)
def test_a_program_that_prints_no_verdict_of_an_item_decides_nothing(printed: str, words: str) -> None:
    world = Programs()
    world.kube.programs["-baseline"] = lambda _: (0, printed)
    gate = world.until("Error")
    assert gate["reason"] == "RunnerFailed"
    assert words in gate["message"]


def test_a_verdict_beside_a_text_with_the_line_ends_of_web_pages_is_read() -> None:
    world = Programs()

    def quoting(_: Manifest) -> tuple[int, str]:
        verdicts = [{"id": str(one), "pass": True, "said": "a\u2028b\u0085c"} for one in range(ITEMS)]
        return 0, "\n".join(f"50%\r{json.dumps(one, ensure_ascii=False)}\r" for one in verdicts)

    world.kube.programs["-candidate"] = quoting
    assert world.until("Passed")["candidate"] == "1"


def test_items_that_the_program_leaves_out_for_the_candidate_are_lost_by_it() -> None:
    world = Programs()
    world.mutes = {str(number) for number in range(30)}
    assert world.until("Failed")["candidate"] == "0.75"


def test_the_next_rollout_reuses_the_promoted_revisions_answers_as_its_baseline() -> None:
    world = Programs()
    world.until("Passed")
    world.steps(30)
    promoted = world.canary["revision"]
    world.old = promoted
    world.apply(world_with_context(world, 2048))
    while world.canary.get("revision") == promoted or not world.gate:
        world.steps()
    world.until("Passed")
    assert world.starts[f"chat-{promoted}-baseline"] == 0, "its answers as a candidate are the baseline's"
    assert world.starts[f"chat-{promoted}-noise"] == 1


def world_with_context(world: Programs, context: int) -> Manifest:
    live = world.document()
    engine = live["spec"]["engine"] | {"context": {"maxTokens": context}}
    return {"metadata": live["metadata"], "spec": live["spec"] | {"engine": engine}}


def test_another_program_changes_the_evaluations_digest_and_more_memory_does_not() -> None:
    world = Programs()
    world.until("Passed")
    digest = world.evaluate()["digest"]
    world.write(numbered(ITEMS), runner=JOB | {"resources": {"memory": "4Gi"}, "deadline": "2h"})
    assert world.evaluate()["digest"] == digest
    world.write(numbered(ITEMS), runner=JOB | {"args": ["--strict"]})
    assert world.evaluate()["digest"] != digest


def test_a_canary_that_ends_ends_the_pod_that_works_for_it() -> None:
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    world.order("abort")
    world.steps(3)
    world.run(world.runs.close())
    for _ in range(4):
        world.kube.round(world.now)
    assert world.pods() == []


def test_too_few_items_start_no_pod() -> None:
    world = Programs(margin="1")
    gate = world.until("Undecided")
    assert gate["reason"] == "TooFewItems"
    assert not world.starts


def test_a_foreign_pod_is_left_alone() -> None:
    world = Programs()
    head = {"name": f"chat-{world.old}-baseline", "namespace": "default", "labels": {"app": "theirs"}}
    world.objects.put(kinds.POD, {"metadata": head, "spec": {"containers": []}, "status": {"phase": "Running"}})
    gate = world.until("Error")
    assert f"pod chat-{world.old}-baseline does not belong to this evaluation" in gate["message"]


def test_a_pod_that_a_policy_refuses_is_shown_at_the_gate_and_tried_again() -> None:
    world = Programs()
    while not world.gate:
        world.steps()
    for pod in world.pods():
        world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    world.server.faults = Faults(refused={kinds.POD.title: "image registry.example.com is not allowed"})
    gate = world.until("Error")
    name = f"chat-{world.old}-baseline"
    words = f"the API server refused to patch pods {name}: image registry.example.com is not allowed"
    assert (gate["reason"], gate["message"]) == ("RunnerFailed", f"{words}; Fairlead tries again")
    world.server.faults = Faults()
    assert world.until("Passed")["compared"] == ITEMS


def ended(wrong: int, fault: Faults | None = None) -> Programs:
    """A whole trial; where the operator is killed, a fresh one resumes."""
    world = Programs(wrong=wrong)
    while "revision" not in world.canary:
        world.steps()
    world.server.writes.clear()
    world.server.faults = fault or Faults()
    for _ in range(80):
        try:
            world.steps()
        except Crashed:
            world.server.faults = Faults()
            world.restart()
        if world.canary.get("phase") in ("Promoted", "Rejected"):
            return world
    raise AssertionError(f"never ended: {world.canary}")


@pytest.mark.parametrize("wrong", [0, 30])
def test_an_operator_killed_at_any_write_comes_to_the_same_verdict_and_starts_no_pod_twice(wrong: int) -> None:
    whole = ended(wrong)
    assert set(whole.starts.values()) == {1}
    count, expected = len(whole.server.writes), whole.gate
    for number in points.of(count, few=4):
        for fault in (Faults(before=number), Faults(after=number)):
            world = ended(wrong, fault)
            assert (world.gate["verdict"], world.gate["compared"]) == (expected["verdict"], expected["compared"])
            assert set(world.starts.values()) == {1}
    assert FINGERPRINT.startswith("fairlead.dev/")
