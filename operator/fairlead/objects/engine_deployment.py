"""The Deployment of one revision, which also carries what a restarted controller must remember of it.

The template it was first applied with stands on it as text. That text, not what this release would build, is what
drift is corrected to: installing another release restarts no engine. People edit annotations, so whatever is read
back is believed only as far as it makes sense.
"""

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Final

from fairlead.api.kinds import GROUP
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
START_ENDS: Final = f"{GROUP}/start-ends"

LONGEST_TEMPLATE: Final = 200_000
"""All annotations of an object share 256 KiB; a template with more in its environment goes without its copy."""
LONGEST_REASON: Final = 2000
_MARGIN_SECONDS: Final = 600
"""For pulling an image of ten gigabytes; too short and a start that goes well looks stuck in `kubectl rollout`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartFailures:
    """How one pod's engine ended before it ever was ready, and how often in a row just so."""

    pod: str
    """Its uid."""
    container: str
    """The last container that ended."""
    code: int
    reason: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFacts:
    """What was found out about a revision, kept on its Deployment and nowhere else."""

    revision: str
    wanted_since: datetime | None = None
    grown_at: datetime | None = None
    """When its count was last raised."""
    served: bool = False
    failure: RevisionFailure | None = None
    checked: bool = False
    """Whether its check without a GPU is over, and found nothing."""
    ends: StartFailures | None = None


def manifest(owner: Owner, facts: RevisionFacts, template: Manifest, replicas: int) -> Manifest:
    """The whole Deployment.

    Its own rolling is never meant to run, since the template stays for ever. Should a person edit it, one replica at
    a time is taken down and no GPU beyond the asked ones is taken, until the edit is put back. Old ReplicaSets are
    no use then.
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
            "progressDeadlineSeconds": _start_budget_seconds(template) + _MARGIN_SECONDS,
            "template": json.loads(canonical(template)),
        },
    }


def facts(live: Manifest) -> RevisionFacts | None:
    """What a Deployment says of its revision; nothing when it does not say which it is.

    A fact that cannot be read is a fact nobody has. Which revision it is stands in the selector too, where nobody can
    change it.
    """
    revision = _selector(live).get(labels.REVISION) or _texts(live, "labels").get(labels.REVISION)
    if not isinstance(revision, str) or not revision:
        return None
    said = _texts(live, "annotations")
    return RevisionFacts(
        revision=revision,
        wanted_since=_moment(said.get(WANTED_SINCE)),
        grown_at=_moment(said.get(GROWN_AT)),
        served=said.get(SERVED) == "true",
        failure=_failure(_parsed(said.get(FAILURE))),
        checked=said.get(CHECKED) == "true",
        ends=_ends(_parsed(said.get(START_ENDS))),
    )


def stored_template(live: Manifest) -> Manifest | None:
    """The template as first applied; nothing when it is gone, or is none that this Deployment's selector accepts."""
    template = _parsed(_texts(live, "annotations").get(TEMPLATE))
    asked = _selector(live)
    accepted = bool(asked) and asked.items() <= _texts(template, "labels").items()
    return dict(template) if accepted and _containers(template) else None


def _written(facts: RevisionFacts, template: Manifest) -> dict[str, str]:
    text = canonical(template)
    written = {SERVED: "true" if facts.served else "false"}
    if len(text.encode()) <= LONGEST_TEMPLATE:
        written[TEMPLATE] = text
    moments = {WANTED_SINCE: facts.wanted_since, GROWN_AT: facts.grown_at}
    written |= {name: _spelt(moment) for name, moment in moments.items() if moment is not None}
    if facts.failure is not None:
        written[FAILURE] = _told(facts.failure)
    if facts.checked:
        written[CHECKED] = "true"
    if facts.ends is not None:
        written[START_ENDS] = canonical(asdict(facts.ends))
    return written


def _told(failure: RevisionFailure) -> str:
    """A message of many containers is cut, so that annotations stay within what one object may carry."""
    because = {"because": failure.because[:LONGEST_REASON]} if failure.because else {}
    early = {"early": True} if failure.early else {}
    return canonical({"at": _spelt(failure.at), "times": failure.times} | because | early)


def _spelt(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _moment(text: object) -> datetime | None:
    """A time without a zone could be any; nobody of us writes one."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _failure(said: object) -> RevisionFailure | None:
    at, times, because = _moment(_map(said).get("at")), _map(said).get("times"), _map(said).get("because")
    if at is None or not isinstance(times, int) or isinstance(times, bool) or times < 1:
        return None
    early = _map(said).get("early") is True
    return RevisionFailure(at=at, times=times, because=because if isinstance(because, str) else "", early=early)


def _ends(said: object) -> StartFailures | None:
    found = _map(said)
    texts = [found.get(name) for name in ("pod", "container", "reason")]
    numbers = [found.get(name) for name in ("code", "times")]
    if not all(isinstance(one, str) for one in texts) or not all(type(one) is int for one in numbers):
        return None
    known = {field.name for field in fields(StartFailures)}
    return StartFailures(**{name: value for name, value in found.items() if name in known})


def _parsed(text: str | None) -> Any:  # noqa: ANN401  # whatever people may have written there
    try:
        return None if text is None else json.loads(text)
    except (ValueError, RecursionError):
        return None


def _texts(live: object, field: str) -> dict[str, str]:
    """Labels or annotations, which an object may be without."""
    found = _map(_map(_map(live).get("metadata")).get(field))
    return {key: value for key, value in found.items() if isinstance(value, str)}


def _selector(live: object) -> dict[str, Any]:
    return _map(_map(_map(_map(live).get("spec")).get("selector")).get("matchLabels"))


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _containers(template: object) -> list[dict[str, Any]]:
    found = _map(_map(template).get("spec")).get("containers")
    return [_map(one) for one in found] if isinstance(found, list) else []


def _start_budget_seconds(template: Manifest) -> int:
    """How long its slowest container may take to start, as its probe says."""
    return max((_patience_seconds(one.get("startupProbe")) for one in _containers(template)), default=0)


def _patience_seconds(probe: object) -> int:
    period, failures = (_map(probe).get(field) for field in ("periodSeconds", "failureThreshold"))
    return period * failures if isinstance(period, int) and isinstance(failures, int) else 0
