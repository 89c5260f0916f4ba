"""Answers are stored beside the Deployment of the revision that gave them, where nothing prunes them."""

from fairlead.objects import answer_journals, labels
from fairlead.objects.answer_journals import AnswerPlace

HOLDER = {"apiVersion": "apps/v1", "kind": "Deployment"} | {
    "metadata": {"name": "chat-1a2b3c4d", "namespace": "team", "uid": "u1"}
}
PLACE = AnswerPlace(deployment="chat", revision="1a2b3c4d", holder=HOLDER, source="s", trial="t")


def test_they_go_with_the_deployment_and_bear_no_label_of_a_child() -> None:
    made = answer_journals.manifest(PLACE, 2, "line\n")
    metadata = made["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("chat-1a2b3c4d-answers-2", "team")
    assert metadata["ownerReferences"] == [
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "chat-1a2b3c4d", "uid": "u1"}
    ]
    assert not set(metadata["labels"]) & {labels.DEPLOYMENT, labels.ROLE, *labels.MANAGED_BY.split("=")[:1]}
    assert PLACE.owns(made)
    assert not PLACE.owns({"metadata": {}})


def test_only_answers_to_the_same_request_and_try_count() -> None:
    made = answer_journals.manifest(PLACE, 0, "line\n")
    assert answer_journals.text(made, "s", "t") == "line\n"
    assert answer_journals.text(made, "s", None) == "line\n", "a baseline takes those of any try"
    assert answer_journals.text(made, "s", "later") is None
    assert answer_journals.text(made, "other", None) is None
    assert answer_journals.text({"metadata": made["metadata"]}, "s", "t") == ""
