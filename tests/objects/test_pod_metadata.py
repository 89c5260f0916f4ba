"""Labels and annotations that users give engine pods, for meshes, queues, cost tools and policies."""

from typing import Any, Final

from fairlead.objects import preflight_pods, revisions
from fairlead.objects.manifest import Manifest
from tests.objects.specs import LEAST, OWNER, read, template, wanted

LABELS: Final = {"cost-center": "42", "kueue.x-k8s.io/queue-name": "gpus"}
NOTES: Final = {"karpenter.sh/do-not-disrupt": "true"}
MARKED: Final = LEAST | {"podMetadata": {"labels": LABELS, "annotations": NOTES}}
WITH_FILE: Final[dict[str, Any]] = {"engine": {"kind": "TensorRT-LLM", "context": {"maxTokens": 8192}}}
OPTIONS: Final = "fairlead.dev/engine-options"


def engine(spec: dict[str, Any]) -> Manifest:
    return dict(template(wanted(spec))["metadata"])


def check(spec: dict[str, Any]) -> Manifest:
    made = preflight_pods.manifest(OWNER, "12345678", template(wanted(spec)), ("python3",), 900)
    return dict(made["metadata"])


def test_an_engine_pod_carries_them_beside_its_own() -> None:
    assert engine(MARKED) == {"labels": engine(LEAST)["labels"] | LABELS, "annotations": NOTES}
    assert engine(MARKED | WITH_FILE)["annotations"].keys() == {*NOTES, OPTIONS}


def test_the_check_before_a_rollout_carries_them_since_a_policy_demands_labels_of_every_pod() -> None:
    found = check(MARKED | WITH_FILE)

    assert found["labels"].items() >= LABELS.items()
    assert found["labels"]["fairlead.dev/role"] == "check"
    assert found["annotations"].keys() == {*NOTES, OPTIONS}


def test_a_change_starts_a_revision_and_without_them_nothing_changes() -> None:
    def revision(spec: dict[str, Any]) -> str:
        return revisions.of(read(spec).spec)

    empty = LEAST | {"podMetadata": {"labels": {}, "annotations": {}}}
    assert (revision(empty), engine(empty)) == (revision(LEAST), engine(LEAST))
    assert revision(MARKED) != revision(LEAST)
    assert "annotations" not in engine(LEAST)
