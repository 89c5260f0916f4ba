"""One side's answers to an evaluation, in ConfigMaps that are deleted with its Deployment or its Adapter.

They have no label by which children are found: they are never applied again or pruned. A person may delete them; a new
run can replace what they hold.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects import names
from fairlead.objects.manifest import Manifest

ENTRY: Final = "answers.jsonl"
SOURCE: Final = f"{GROUP}/answer-source"
"""An annotation: what the answers depend on beyond the items."""
TRIAL: Final = f"{GROUP}/answer-trial"
"""An annotation: the canary's try in which they were given; a baseline's serve any."""
ANSWERS_OF: Final = f"{GROUP}/answers-of"
"""A label, for people: the deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPlace:
    """Whose answers these are."""

    deployment: str
    """Its name, or that of an adapter."""
    revision: str
    holder: Manifest
    """The revision's Deployment, or the Adapter."""
    source: str
    trial: str = ""

    @property
    def namespace(self) -> str:
        """Their namespace."""
        return str(self.holder["metadata"]["namespace"])

    def name(self, number: int) -> str:
        """Name one ConfigMap, from 0."""
        return names.answers(self.deployment, self.revision, number)

    def owns(self, live: Manifest) -> bool:
        """Whether it was made for this very object."""
        owners = live["metadata"].get("ownerReferences") or ()
        return any(one["uid"] == self.holder["metadata"]["uid"] for one in owners)


def manifest(place: AnswerPlace, number: int, text: str) -> Manifest:
    """Build one ConfigMap with its lines."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": place.name(number),
            "namespace": place.namespace,
            "labels": {ANSWERS_OF: names.label_value(place.deployment)},
            "annotations": {SOURCE: place.source, TRIAL: place.trial},
            "ownerReferences": [reference(place.holder)],
        },
        "data": {ENTRY: text},
    }


def reference(holder: Manifest) -> Manifest:
    """Return an owner reference to the holder."""
    about = holder["metadata"]
    return {"apiVersion": holder["apiVersion"], "kind": holder["kind"], "name": about["name"], "uid": about["uid"]}


def text(live: Manifest, source: str, trial: str | None) -> str | None:
    """Return the lines in it; None if they answer another request, or belong to another try."""
    notes = live["metadata"].get("annotations") or {}
    if notes.get(SOURCE) != source or (trial is not None and notes.get(TRIAL) != trial):
        return None
    return str((live.get("data") or {}).get(ENTRY, ""))
