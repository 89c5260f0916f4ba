"""What is wrong with an object right now, from its status: the first cause before its effects, and what to do. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fairlead.api.kinds import GATEWAY, KINDS
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.fleet.gateways import GatewayReference
from fairlead.review import gateway_membership
from fairlead.review.remedies import Remedy

Manifest = Mapping[str, Any]

CAUSES_FIRST: Final = (
    ConditionType.ACCEPTED,
    ConditionType.FITS,
    ConditionType.PROGRESSING,
    ConditionType.SCHEDULED,
    ConditionType.AVAILABLE,
    ConditionType.ROUTABLE,
    ConditionType.ROUTE_ACCEPTED,
    ConditionType.SCALING_ACTIVE,
    ConditionType.READY,
)
"""Stalled and Reconciling repeat other conditions."""
NOTED: Final = frozenset({ConditionReason.TIGHT, ConditionReason.SPECULATION_OFF, ConditionReason.SECRETS_MISSING})
"""Reasons to report although the condition holds."""
AWAITED: Final = frozenset({ConditionReason.CHILD_TERMINATING})
"""Likewise, but only while the object does not serve."""
PASSING: Final = frozenset({ConditionReason.ROUTE_PENDING})
"""Reasons that become others within a minute if something is wrong, while the object may serve."""
_POD: Final = re.compile(r"\bpod ([a-z0-9][-a-z0-9.]*[a-z0-9])")
USUAL_HOME: Final = "fairlead-system"
"""The operator's namespace in remedies, and in most clusters."""
_ROUTERS: Final = "-n demo -l fairlead.dev/deployment=chat,fairlead.dev/role=router"
_ENGINE_LOGS: Final = "logs -n demo -l fairlead.dev/deployment=chat,fairlead.dev/role=engine --tail=50"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosedCondition:
    """One condition that people should know of."""

    type: str
    reason: str
    since: str
    """When it began, as stored."""
    message: str
    cause: str
    action: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """One object's diagnosis."""

    kind: str
    """Its short name, as kubectl takes it."""
    namespace: str
    name: str
    ready: str
    """The status of its condition Ready; empty if it was never written."""
    summary: str
    """Reason and message of Ready."""
    found: tuple[DiagnosedCondition, ...]
    """The first cause, then what else is wrong, mostly its effects."""
    outdated: str
    """Why the status may not describe the current object; empty if it does."""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.found and not self.outdated and self.ready == "True"


def diagnose(document: Manifest, remedies: Mapping[str, Remedy], home: str = USUAL_HOME) -> Diagnosis:
    """Diagnose one of our objects; `home` is the operator's namespace."""
    about, status = document["metadata"], document.get("status") or {}
    conditions = {one["type"]: one for one in status.get("conditions") or ()}
    ready = conditions.get(ConditionType.READY, {})
    kind = next((one.short for one in KINDS if one.name == document["kind"]), document["kind"])
    itself = GatewayReference(namespace=about["namespace"], name=about["name"])
    named = itself if kind == GATEWAY.short else next(iter(gateway_membership.named(document)), None)
    place = _Place(kind=kind, namespace=itself.namespace, name=itself.name, gateway=named, home=home)
    return Diagnosis(
        kind=kind,
        namespace=place.namespace,
        name=place.name,
        ready=ready.get("status", ""),
        summary=f"{ready['reason']}: {ready.get('message', '')}" if ready else "",
        found=tuple(_found(conditions, ready.get("reason", ""), remedies, place)),
        outdated=_outdated(about.get("generation", 0), status),
    )


def first(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Sort: objects that do not serve, then those with another problem, then the rest; by name."""
    return sorted(diagnoses, key=lambda one: (one.ready == "True", not one.found, one.namespace, one.kind, one.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The object that a command is for."""

    kind: str
    namespace: str
    name: str
    gateway: GatewayReference | None
    """Whose routers send it requests: the one that it names, or itself; None: it has routers of its own."""
    home: str
    """The operator's namespace."""

    def command(self, written: str, message: str) -> str:
        """Fill in this object's names; POD is the first pod that the message names."""
        pod = _POD.search(message)
        gateway = self.gateway or GatewayReference(namespace=self.namespace, name=self.name)
        words = {
            **self._by_gateway(),
            "fairlead.dev/deployment=chat": f"fairlead.dev/deployment={self.name}",
            "infd chat": f"{self.kind} {self.name}",
            "infd/chat": f"{self.kind}/{self.name}",
            "infd.spec": f"{self.kind}.spec",
            "name=chat": f"name={self.name}",
            "chat.yaml": f"{self.name}.yaml",
            "company -n demo": f"{gateway.name} -n {gateway.namespace}",
            "evl support": f"{self.kind} {self.name}",
            "support-items": f"{self.name}-items",
            "-n demo": f"-n {self.namespace}",
            f"-n {USUAL_HOME}": f"-n {self.home}",
            "POD": pod[1] if pod else "POD",
        }
        return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], written)

    def _by_gateway(self) -> dict[str, str]:
        """What differs behind a gateway: its routers send the requests. It has no engines; its deployments do."""
        if self.gateway is None:
            return {}
        routers = f"-n {self.gateway.namespace} -l fairlead.dev/gateway={self.gateway.name},fairlead.dev/role=router"
        return {_ROUTERS: routers} | ({_ENGINE_LOGS: "get infd -A"} if self.kind == GATEWAY.short else {})


def _found(
    conditions: Mapping[str, Manifest], summary: str, remedies: Mapping[str, Remedy], place: _Place
) -> Iterator[DiagnosedCondition]:
    """Yield each reason once; the one that Ready repeats is the first cause."""
    serves = conditions.get(ConditionType.READY, {}).get("status") == "True"
    noted = NOTED if serves else NOTED | AWAITED
    present = [conditions[kind] for kind in CAUSES_FIRST if kind in conditions]
    wrong = [one for one in present if _is_wrong(one, remedies, noted)]
    seen = set[str]()
    for one in sorted(wrong, key=lambda one: one["reason"] != summary):
        if one["reason"] not in seen:
            seen.add(one["reason"])
            yield _diagnosed(one, remedies[one["reason"]], place)


def _is_wrong(condition: Manifest, remedies: Mapping[str, Remedy], noted: Collection[str]) -> bool:
    remedy = remedies.get(condition.get("reason", ""))
    if condition.get("reason") in PASSING:
        return False
    holds = condition.get("status") == "True" and condition["reason"] not in noted
    return remedy is not None and not remedy.is_calm and not holds


def _diagnosed(condition: Manifest, remedy: Remedy, place: _Place) -> DiagnosedCondition:
    message = condition.get("message", "")
    return DiagnosedCondition(
        type=condition["type"],
        reason=condition["reason"],
        since=condition.get("lastTransitionTime", ""),
        message=message,
        cause=remedy.cause,
        action=remedy.action,
        command=place.command(remedy.command, message),
    )


def _outdated(generation: int, status: Manifest) -> str:
    observed = status.get("observedGeneration")
    if observed is None:
        return "no operator has reconciled it yet"
    if observed < generation:
        return (
            f"its status is from generation {observed}, the object is at {generation}: the last change is not "
            "processed yet"
        )
    return ""
