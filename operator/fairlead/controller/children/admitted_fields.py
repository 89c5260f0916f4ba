"""What a webhook or a policy sets at admission whenever a child is written: it is left so, and reported once. Pure.

Written again, it would be set again; and while the policy is down, our value would restart every pod of the child. The
object itself says which fields these are, so that a restarted operator sees them too: admission leaves the owners in
`managedFields` unchanged, while any other client becomes the owner of what it changes, which is restored.
"""

from collections.abc import Callable, Sequence
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.controller.children import foreign_changes
from fairlead.objects import applied_hash, drift, engine_deployment
from fairlead.objects.drift import DriftPath

_POD_TEMPLATE: Final[DriftPath] = ("spec", "template")


class AdmittedFields:
    """Knows which fields this process has reported."""

    def __init__(self) -> None:
        self._reported: dict[str, set[DriftPath]] = {}
        """By the child's UID."""

    def forget(self, uid: str) -> None:
        """Drop a deleted child."""
        self._reported.pop(uid, None)

    def stand(self, intent: Manifest, live: Manifest, report: Callable[[str], None]) -> bool:
        """Whether all fields that differ were set at admission of this same intent; those not yet reported are."""
        mark = intent["metadata"]["annotations"][applied_hash.APPLIED]
        if (live["metadata"].get("annotations") or {}).get(applied_hash.APPLIED) != mark:
            return False
        if changed_otherwise(intent, live) is not None:
            return False
        reported = self._reported.setdefault(live["metadata"]["uid"], set())
        news = [path for path in drift.differences(intent, live) if path not in reported]
        reported.update(news)
        if news:
            report(_note(live, news))
        return True


def changed_otherwise(intent: Manifest, live: Manifest) -> DriftPath | None:
    """Return the first field that differs and was not set at admission."""
    found = drift.differences(intent, live)
    return next((path for path in found if not foreign_changes.is_ours_alone(live, path)), None)


def with_admitted_template(intent: Manifest, live: Manifest) -> Manifest:
    """Return a revision's intent with what admission made of its pod template: a count restarts no engines.

    A revision gets another template only on purpose; then nothing of the old one is kept.
    """
    if engine_deployment.stored_template(live) != intent["spec"].get("template"):
        return intent
    for path in list(drift.differences(intent, live)):
        if path[: len(_POD_TEMPLATE)] == _POD_TEMPLATE and foreign_changes.is_ours_alone(live, path):
            intent = drift.with_live(intent, live, path)
    return intent


def _note(live: Manifest, paths: Sequence[DriftPath]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return (
        f"{live['kind']} {live['metadata']['name']}: {drift.spelt(paths[0])}{more} set by a webhook or policy at "
        "admission; left so: exempt app.kubernetes.io/managed-by=fairlead there if the spec's value should hold"
    )
