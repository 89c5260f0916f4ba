"""The list of adapters that a deployment's replicas should load, as JSON: the operator writes it, loaders read it.

An entry without pods is for all of them, so that a new replica can load it before the operator has listed it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.documents import json_document
from fairlead.fleet.desired_state import ModelSource, SourceScheme

KEY: Final = "adapters.json"
"""In the deployment's ConfigMap."""


class UnreadableLoadList(ValueError):
    """The text is no list of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEntry:
    """One version that replicas should load."""

    name: str
    """In the engine."""
    digest: str
    source: ModelSource
    bases: tuple[str, ...] = ()
    """Names of the base model that its configuration may give; empty: any."""
    pods: frozenset[str] | None = None
    """None: every pod."""

    def is_for(self, pod: str) -> bool:
        """Whether this pod should load it."""
        return self.pods is None or pod in self.pods


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadList:
    """All versions of all adapters of one deployment, and the model's dimensions."""

    entries: tuple[LoadEntry, ...] = ()
    hidden: int | None = None
    layers: int | None = None

    def of(self, pod: str) -> tuple[LoadEntry, ...]:
        """Return what one pod should load."""
        return tuple(one for one in self.entries if one.is_for(pod))

    def expectation(self, entry: LoadEntry, slots: AdapterExpectation) -> AdapterExpectation:
        """Return what the files of an entry must agree with: with its base and the model, besides the slots."""
        return replace(slots, bases=entry.bases, hidden=self.hidden, layers=self.layers)


EMPTY: Final = LoadList()


def text(listed: LoadList) -> str:
    """Format it; the same list gives the same text."""
    whole = {
        "entries": [_written(one) for one in sorted(listed.entries, key=lambda one: one.name)],
        "hidden": listed.hidden,
        "layers": listed.layers,
    }
    return json.dumps(whole, indent=1, sort_keys=True) + "\n"


def read(written: str) -> LoadList:
    """Read the list; unknown members are a newer operator's."""
    try:
        found = json_document.read(written)
        entries = tuple(_entry(one) for one in found["entries"])
        return LoadList(entries=entries, hidden=_number(found.get("hidden")), layers=_number(found.get("layers")))
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise UnreadableLoadList(f"{KEY}: this is not a list of adapters: {type(problem).__name__}") from None


def _written(entry: LoadEntry) -> dict[str, Any]:
    pods = None if entry.pods is None else sorted(entry.pods)
    return asdict(entry) | {"pods": pods, "bases": list(entry.bases)}


def _entry(found: Mapping[str, Any]) -> LoadEntry:
    source, pods = found["source"], found.get("pods")
    return LoadEntry(
        name=str(found["name"]),
        digest=str(found["digest"]),
        source=ModelSource(
            scheme=SourceScheme(source["scheme"]), location=str(source["location"]), revision=source.get("revision")
        ),
        bases=tuple(str(one) for one in found.get("bases") or ()),
        pods=None if pods is None else frozenset(str(one) for one in pods),
    )


def _number(found: object) -> int | None:
    return found if type(found) is int else None
