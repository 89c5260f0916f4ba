"""The Deployment of one revision, whose annotations also hold what a restarted controller must know of it.

The pod template it was first applied with is kept in an annotation. Drift is corrected to that template, not to what
this release would build: installing another release restarts no engine. Only a revision that never served may get
another one: with more time, or since the cluster refuses all its pods. People edit annotations, so they are used only
if they are valid.
"""

from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.api.kinds import GROUP
from fairlead.documents import json_document
from fairlead.fleet.desired_state import Toleration
from fairlead.fleet.rollouts import RevisionFailure
from fairlead.objects import labels, names
from fairlead.objects.manifest import Manifest, canonical
from fairlead.objects.owner import Owner

TEMPLATE: Final = f"{GROUP}/template"
WANTED_SINCE: Final = f"{GROUP}/wanted-since"
GROWN_AT: Final = f"{GROUP}/grown-at"
SERVED: Final = f"{GROUP}/served"
FAILURE: Final = f"{GROUP}/failure"
CHECKED: Final = f"{GROUP}/checked"
ON_TRIAL: Final = f"{GROUP}/on-trial"
START_ENDS: Final = f"{GROUP}/start-ends"
TOLERATED: Final = f"{GROUP}/tolerated"

LONGEST_TEMPLATE: Final = 200_000
"""Bytes; an object's annotations share 256 KiB. A larger template, as with a large environment, is not copied there."""
LONGEST_REASON: Final = 2000
_OPERATORS: Final = ("Exists", "Equal")
_MARGIN_SECONDS: Final = 600
"""For pulling an image of ten gigabytes; with less, `kubectl rollout` would report a good start as stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFailures:
    """How one pod's engine ended before it was ever ready, and how often in a row it ended the same way."""

    pod: str
    """Its UID."""
    container: str
    """The last container that ended."""
    code: int
    reason: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFacts:
    """What is known about a revision, kept on its Deployment and nowhere else."""

    revision: str
    wanted_since: datetime | None = None
    grown_at: datetime | None = None
    """When its count was last raised."""
    served: bool = False
    failure: RevisionFailure | None = None
    checked: bool = False
    """Whether its preflight, which needs no GPU, is over and found nothing."""
    on_trial: bool = False
    """Whether a canary never promoted it: no rollout returns to it, though its replicas were ready."""
    ends: StartFailures | None = None
    tolerated: tuple[Toleration, ...] = ()
    """What admission let its last pods tolerate beyond their template: with no pod left, nothing else shows it."""

    def as_of(self, now: datetime) -> "RevisionFacts":
        """Return them without times in the future, as a clock that was set back, or another leader's, leaves them.

        A failure of now would count as older than the spec that it follows, and be found and recorded without end.
        """
        return replace(
            self,
            wanted_since=None if self.wanted_since is None else min(self.wanted_since, now),
            grown_at=None if self.grown_at is None else min(self.grown_at, now),
            failure=None if self.failure is None else replace(self.failure, at=min(self.failure.at, now)),
        )


def manifest(owner: Owner, facts: RevisionFacts, template: Manifest, replicas: int) -> Manifest:
    """Build the whole Deployment.

    Kubernetes' own rolling update should never run, since the template never changes. If a person edits it, one replica
    at a time is replaced and no GPU beyond the requested ones is taken, until the edit is reverted. Old ReplicaSets are
    of no use, so none are kept.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owner.metadata(
            names.engine(owner.name, facts.revision),
            labels.engine(owner.name, facts.revision),
            _written(facts, template),
        ),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels.engines_of(owner.name, facts.revision)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": start_budget_seconds(template) + _MARGIN_SECONDS,
            "template": json_document.read(canonical(template)),
        },
    }


def belongs(live: Manifest, owner: Owner) -> bool:
    """Whether it is a revision's Deployment of this owner: one that it controls, or that nobody does and has its name.

    A deletion that orphans on purpose leaves the latter, with its pods, to the next object of the owner's name.
    """
    references = _map(_map(live).get("metadata")).get("ownerReferences") or ()
    controller = next((one for one in references if one.get("controller")), None)
    if controller is not None:
        return bool(controller.get("uid") == owner.uid)
    revision = _selector(live).get(labels.REVISION)
    return isinstance(revision, str) and bool(live["metadata"].get("name") == names.engine(owner.name, revision))


def facts(live: Manifest) -> RevisionFacts | None:
    """Return what a Deployment records of its revision; None if it names none.

    A fact that cannot be read counts as absent. The revision's name is in the selector too, which is immutable.
    """
    revision = _selector(live).get(labels.REVISION) or _texts(live, "labels").get(labels.REVISION)
    if not isinstance(revision, str) or not revision:
        return None
    annotations = _texts(live, "annotations")
    return RevisionFacts(
        revision=revision,
        wanted_since=_moment(annotations.get(WANTED_SINCE)),
        grown_at=_moment(annotations.get(GROWN_AT)),
        served=annotations.get(SERVED) == "true",
        failure=_failure(_parsed(annotations.get(FAILURE))),
        checked=annotations.get(CHECKED) == "true",
        on_trial=annotations.get(ON_TRIAL) == "true",
        ends=_ends(_parsed(annotations.get(START_ENDS))),
        tolerated=tolerated(live),
    )


def tolerated(live: Manifest) -> tuple[Toleration, ...]:
    """Return what admission let the revision's last pods tolerate beyond their template."""
    stored = _parsed(_texts(live, "annotations").get(TOLERATED))
    some = [one for one in stored if _is_toleration(one)] if isinstance(stored, list) else []
    return tuple(
        Toleration(key=one.get("key"), operator=one["operator"], value=one.get("value"), effect=one.get("effect"))
        for one in some
    )


def stored_template(live: Manifest) -> Manifest | None:
    """Return the template as first applied; None if it is gone, or does not match this Deployment's selector."""
    template = _parsed(_texts(live, "annotations").get(TEMPLATE))
    selector = _selector(live)
    accepted = bool(selector) and selector.items() <= _texts(template, "labels").items()
    return dict(template) if accepted and _containers(template) else None


def start_budget_seconds(template: Manifest) -> int:
    """Return how long its slowest container may take to start, by its startup probe."""
    return max((_probe_seconds(one.get("startupProbe")) for one in _containers(template)), default=0)


def _written(facts: RevisionFacts, template: Manifest) -> dict[str, str]:
    text = canonical(template)
    written = {SERVED: "true" if facts.served else "false"}
    if len(text.encode()) <= LONGEST_TEMPLATE:
        written[TEMPLATE] = text
    moments = {WANTED_SINCE: facts.wanted_since, GROWN_AT: facts.grown_at}
    written |= {name: _spelt(moment) for name, moment in moments.items() if moment is not None}
    if facts.failure is not None:
        written[FAILURE] = _failure_text(facts.failure)
    if facts.checked:
        written[CHECKED] = "true"
    if facts.on_trial:
        written[ON_TRIAL] = "true"
    if facts.ends is not None:
        written[START_ENDS] = canonical(asdict(facts.ends))
    if facts.tolerated:
        each = [{name: text for name, text in asdict(one).items() if text is not None} for one in facts.tolerated]
        written[TOLERATED] = canonical(each)
    return written


def _failure_text(failure: RevisionFailure) -> str:
    """Return the failure as JSON; its message is cut, so that annotations stay within an object's limit."""
    because = {"because": failure.because[:LONGEST_REASON]} if failure.because else {}
    early = {"early": True} if failure.early else {}
    rejected = {"rejected": True} if failure.rejected else {}
    missed = {"deadlineSeconds": failure.deadline_seconds} if failure.deadline_seconds else {}
    return canonical({"at": _spelt(failure.at), "times": failure.times} | because | early | rejected | missed)


def _spelt(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object) -> datetime | None:
    """Parse a time with its zone; one without a zone is ambiguous, and Fairlead writes none."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _failure(stored: object) -> RevisionFailure | None:
    at, times, because = _moment(_map(stored).get("at")), _map(stored).get("times"), _map(stored).get("because")
    if at is None or not isinstance(times, int) or isinstance(times, bool) or times < 1:
        return None
    early, rejected = (_map(stored).get(name) is True for name in ("early", "rejected"))
    words = because if isinstance(because, str) else ""
    missed = _map(stored).get("deadlineSeconds")
    deadline = missed if type(missed) is int else None
    return RevisionFailure(at=at, times=times, because=words, early=early, rejected=rejected, deadline_seconds=deadline)


def _ends(stored: object) -> StartFailures | None:
    found = _map(stored)
    texts = [found.get(name) for name in ("pod", "container", "reason")]
    numbers = [found.get(name) for name in ("code", "times")]
    if not all(isinstance(one, str) for one in texts) or not all(type(one) is int for one in numbers):
        return None
    field_names = {field.name for field in fields(StartFailures)}
    return StartFailures(**{name: value for name, value in found.items() if name in field_names})


def _is_toleration(stored: object) -> bool:
    found = _map(stored)
    return found.get("operator") in _OPERATORS and all(isinstance(one, str) for one in found.values())


def _parsed(text: str | None) -> Any:  # noqa: ANN401  # whatever people may have written there
    try:
        return None if text is None else json_document.read(text)
    except ValueError:
        return None


def _texts(live: object, field: str) -> dict[str, str]:
    """Return labels or annotations; empty if the object has none."""
    found = _map(_map(_map(live).get("metadata")).get(field))
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _selector(live: object) -> dict[str, Any]:
    return _map(_map(_map(_map(live).get("spec")).get("selector")).get("matchLabels"))


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _containers(template: object) -> list[dict[str, Any]]:
    found = _map(_map(template).get("spec")).get("containers")
    return [_map(one) for one in found] if isinstance(found, list) else []


def _probe_seconds(probe: object) -> int:
    period, failures = (_map(probe).get(field) for field in ("periodSeconds", "failureThreshold"))
    return period * failures if isinstance(period, int) and isinstance(failures, int) else 0
