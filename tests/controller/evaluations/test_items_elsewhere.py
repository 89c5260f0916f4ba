"""Items that no API object holds: a pod reads them once, and they are in its log."""

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.evaluating import handed_lines
from tests.controller.quality_trials import EVALUATION, QualityWorld, lines
from tests.controller.server import Faults

CLAIM = {"persistentVolumeClaim": {"claimName": "evals", "path": "items.jsonl"}}
OTHER = {"persistentVolumeClaim": {"claimName": "evals", "path": "other.jsonl"}}
PODS = (kinds.POD.title, "default", "support-items")


class Volume(QualityWorld):
    """An evaluation whose items are in a volume; its pods read what is in `files`."""

    def __init__(self, text: str) -> None:
        self.files = {"/items/items.jsonl": text}
        self.reads = 0
        super().__init__("")
        self.kube.programs["-items"] = self.program
        self.write("", source=CLAIM)

    def program(self, pod: Manifest) -> tuple[int, str]:
        self.reads += 1
        path = pod["spec"]["containers"][0]["args"][-1]
        if path not in self.files:
            return 1, f"{path}: there is no such file; check the path below spec.items"
        return 0, "\n".join(handed_lines.written(self.files[path].encode()))

    def ready(self) -> tuple[str, str, str]:
        """Status, reason and message of its condition, and of no other run of the world."""
        (one,) = (each for each in self.evaluate()["conditions"] if each["type"] == "Ready")
        return one["status"], one["reason"], one["message"]


def test_a_canary_is_judged_by_items_that_a_pod_read_from_a_volume() -> None:
    world = Volume(lines(120))
    gate = world.until("Passed")
    assert gate["compared"] == 120
    assert world.reads == 1
    assert world.evaluate()["items"] == 120
    assert world.twice() == []


def test_while_a_pod_reads_them_the_gate_is_undecided_and_says_what_is_waited_for() -> None:
    world = Volume(lines(120))
    del world.kube.programs["-items"]
    while not world.gate:
        world.steps()
    gate = world.gate
    assert (gate["verdict"], gate["reason"]) == ("Undecided", "NotFinished")
    assert "Evaluation support: pod support-items reads the items" in gate["message"]
    assert world.ready()[:2] == ("False", "ReadingItems")
    assert not world.pod_client.sent


def test_a_restarted_operator_reads_the_log_of_the_pod_that_is_there() -> None:
    world = Volume(lines(120))
    while len(world.pod_client.sent) < 60:
        world.steps()
    world.restart()
    assert world.until("Passed")["compared"] == 120
    assert world.reads == 1
    assert world.twice() == []


def test_another_file_is_read_by_another_pod_and_what_was_known_stays_until_then() -> None:
    world = Volume(lines(120))
    while world.ready()[0] != "True":
        world.steps()
    world.files["/items/other.jsonl"] = lines(140)
    world.write("", source=OTHER)
    status = world.evaluate()
    assert (world.ready()[1], status["items"]) == ("ReadingItems", 120)
    while world.ready()[0] != "True":
        world.rounds()
    assert (world.reads, world.evaluate()["items"]) == (2, 140)


def test_a_file_that_changed_is_read_again_when_its_pod_is_deleted() -> None:
    world = Volume(lines(120))
    while world.ready()[0] != "True":
        world.steps()
    world.files["/items/items.jsonl"] = lines(130)
    assert world.evaluate()["items"] == 120
    world.kube.delete(kinds.POD, "default", "support-items")
    while world.evaluate()["items"] != 130:
        world.rounds()
    assert world.ready()[0] == "True"


@pytest.mark.parametrize("refused", [{}, {kinds.POD.title: "exceeded quota: compute"}])
def test_while_items_are_read_again_a_canary_goes_on_with_those_that_were_read_before(refused: dict[str, str]) -> None:
    """The node of the pod that had read them was removed, and its pods with it."""
    world = Volume(lines(120))
    while not world.pod_client.sent:
        world.steps()
    world.kube.delete(kinds.POD, "default", "support-items")
    del world.kube.programs["-items"]
    world.server.faults = Faults(refused=refused)
    world.evaluate()
    assert world.until("Passed")["compared"] == 120
    assert world.ready()[1] == ("ItemsNotRead" if refused else "ReadingItems")
    assert world.twice() == []


def test_a_file_that_is_not_there_is_named_until_the_spec_names_another() -> None:
    world = Volume(lines(120))
    world.files.clear()
    while world.ready()[1] == "ReadingItems":
        world.rounds()
    status, reason, words = world.ready()
    assert (status, reason) == ("False", "ItemsNotRead")
    assert words.startswith("spec.items: pod support-items failed: /items/items.jsonl: there is no such file; check")
    world.files["/items/other.jsonl"] = lines(120)
    world.write("", source=OTHER)
    assert world.until("Passed")["compared"] == 120


def test_a_log_that_is_not_whole_is_no_set_of_items() -> None:
    world = Volume(lines(120))
    world.kube.programs["-items"] = lambda _: (0, "fairlead-file AAAA")
    while world.ready()[1] == "ReadingItems":
        world.rounds()
    assert world.ready()[1] == "ItemsNotRead"
    assert "its log does not hold the whole file; delete the pod" in world.ready()[2]


def test_what_a_pod_printed_is_read_once_until_the_evaluation_changes() -> None:
    world = Volume(lines(120))
    while world.ready()[0] != "True":
        world.rounds()
    world.server.faults = Faults(forbidden=frozenset({("get", "pods/log")}))
    for _ in range(4):
        assert world.evaluate()["items"] == 120
        world.rounds()
    assert world.ready()[0] == "True", "no log was needed"
    world.write("", source=CLAIM, minItems=60)
    assert "its log cannot be read" in world.ready()[2]
    world.server.faults = Faults()
    assert world.ready()[0] == "True"


def test_a_log_that_cannot_be_read_now_is_read_later() -> None:
    world = Volume(lines(120))
    world.server.faults = Faults(forbidden=frozenset({("get", "pods/log")}))
    for _ in range(6):
        world.evaluate()
        world.rounds()
    assert world.ready()[1] == "ReadingItems"
    assert "its log cannot be read" in world.ready()[2]
    world.server.faults = Faults()
    assert world.ready()[0] == "True"


def test_a_foreign_pod_is_left_alone() -> None:
    world = Volume(lines(120))
    head = {"name": "support-items", "namespace": "default", "labels": {"app": "theirs"}}
    world.objects.put(kinds.POD, {"metadata": head, "spec": {"containers": []}, "status": {"phase": "Running"}})
    assert world.ready()[1] == "ItemsNotRead"
    assert "pod support-items does not belong to this evaluation; delete or rename it" in world.ready()[2]
    assert world.objects.held[PODS]["metadata"]["labels"] == {"app": "theirs"}


def test_a_pod_that_a_quota_refuses_is_shown_and_tried_again() -> None:
    world = Volume(lines(120))
    world.server.faults = Faults(refused={kinds.POD.title: "exceeded quota: compute: must specify limits.cpu"})
    words = "spec.items: the API server refused to patch pods support-items: exceeded quota: compute: must specify"
    status, reason, message = world.ready()
    assert (status, reason, message[: len(words)]) == ("False", "ItemsNotRead", words)
    world.server.faults = Faults()
    assert world.until("Passed")["compared"] == 120


def test_items_that_move_to_a_config_map_leave_no_pod() -> None:
    world = Volume(lines(120))
    while world.ready()[0] != "True":
        world.rounds()
    world.write(lines(60))
    assert world.evaluate()["items"] == 60
    for _ in range(4):
        world.rounds()
    assert PODS not in world.objects.held


def test_a_pod_that_finds_no_node_says_so() -> None:
    world = Volume(lines(120))
    world.evaluate()
    texts = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes fit"}
    live = world.objects.held[PODS]
    world.objects.put(kinds.POD, live | {"status": {"phase": "Pending", "conditions": [texts]}})
    assert world.ready()[2] == "pod support-items reads the items: 0/1 nodes fit"


@pytest.mark.parametrize("status", [{"phase": "Failed", "message": "Pod was active longer than its deadline"}])
def test_a_pod_that_its_deadline_ended_says_so(status: Manifest) -> None:
    world = Volume(lines(120))
    world.evaluate()
    world.objects.put(kinds.POD, world.objects.held[PODS] | {"status": status})
    assert world.ready()[2].endswith("pod support-items failed: Pod was active longer than its deadline")
    assert EVALUATION.name == "support"
