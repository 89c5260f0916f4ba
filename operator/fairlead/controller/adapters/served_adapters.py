"""The adapters that a deployment serves, of those that name it: each served name once. Pure, apart from store reads.

If two objects want the same name, the one that is served under it keeps it, else the older one has it: whoever is
created or renamed later takes nothing away.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from fairlead.api import adapter_conversion, canary_status, object_reader
from fairlead.api.kinds import ADAPTER
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.adapters import ServedAdapter
from fairlead.fleet.canaries import CanaryState
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.planning import adapter_canary


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAdapters:
    """One deployment's adapters, and which of them have names that others want."""

    served: tuple[ServedAdapter, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    """By the name of the object that does not get its served name: which object has it."""


NO_ADAPTERS = ServedAdapters()


class AdapterReader:
    """Caches parsed adapters: each adapter is reconciled with all those beside it, so each would be parsed as often."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, ServedAdapter | None]] = {}

    def read(self, document: Manifest) -> ServedAdapter | None:
        """Read one stored object; None if it cannot be read whole."""
        uid, version = document["metadata"]["uid"], document["metadata"]["resourceVersion"]
        kept = self._kept.get(uid)
        if kept is None or kept[0] != version:
            kept = self._kept[uid] = (version, read(document))
        return kept[1]

    def forget(self, uid: str) -> None:
        """Drop a deleted adapter."""
        self._kept.pop(uid, None)


def read(document: Manifest) -> ServedAdapter | None:
    """Read one stored object, with the shares that its canary gives; None if it cannot be read whole."""
    found = object_reader.read_stored(document, ADAPTER)
    if found.value is None or found.problems:
        return None
    adapter = adapter_conversion.adapter(found.value)
    return adapter_canary.shared(replace(adapter, serving=_serving(adapter, document)), trial_of(adapter, document))


def trial_of(adapter: ServedAdapter, document: Manifest) -> CanaryState | None:
    """Return the stored state of its canary, by the names that the versions have now."""
    return adapter_canary.renamed(adapter, canary_status.of(document))


def _serving(adapter: ServedAdapter, document: Manifest) -> str:
    """Return the version of the spec that served so far: another one is new, or on trial, in whatever place.

    It is the only one that the status has too, or has most traffic there: a person may have moved it by hand.
    """
    status = (document.get("status") or {}).get("versions") or ()
    reported = {one.get("digest"): one.get("traffic") or 0 for one in status}
    found = [one for one in adapter.editions if one.digest in reported]
    if len(found) > 1:
        most = max(reported[one.digest] for one in found)
        found = [one for one in found if reported[one.digest] == most]
    return adapter.engine_name(found[0]) if len(found) == 1 else ""


def of(
    cluster: ClusterState, revision: DesiredRevision, reading: Callable[[Manifest], ServedAdapter | None] = read
) -> ServedAdapters:
    """Return one deployment's; none if its replicas have no slots."""
    if revision.engine.lora is None:
        return NO_ADAPTERS
    own = {revision.model.served_name: f"InferenceDeployment {revision.name}"}
    holders = own | {one.name: f"spec.engine.adapters of {revision.name}" for one in revision.engine.adapters}
    served, taken = [], {}
    for one in sorted(_naming(cluster, revision), key=_place):
        found = reading(one)
        if found is None:
            continue
        holder = holders.setdefault(found.served_name, f"Adapter {found.name}")
        if holder == f"Adapter {found.name}":
            served.append(found)
        else:
            taken[found.name] = holder
    return ServedAdapters(served=tuple(served), taken=taken)


def _naming(cluster: ClusterState, revision: DesiredRevision) -> Iterator[Manifest]:
    for one in cluster.of(kinds.ADAPTER).all():
        metadata = one["metadata"]
        here = metadata["namespace"] == revision.namespace and "deletionTimestamp" not in metadata
        if here and one.get("spec", {}).get("deployment") == revision.name:
            yield one


def _place(document: Manifest) -> tuple[bool, str, str]:
    metadata = document["metadata"]
    return not _has_its_name(document), str(metadata.get("creationTimestamp", "")), metadata["name"]


def _has_its_name(document: Manifest) -> bool:
    """Whether its last reconcile found that it is served, or will be, under the name that it has now."""
    status = document.get("status") or {}
    reasons = {one.get("reason") for one in status.get("conditions") or ()}
    name = document["spec"].get("servedName") or document["metadata"]["name"]
    return status.get("servedName") == name and ConditionReason.ADAPTER_NAME_TAKEN not in reasons
