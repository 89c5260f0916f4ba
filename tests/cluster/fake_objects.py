"""The store of a fake API server: objects with versions, field owners, and the history that watches need."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from fairlead.cluster.kinds import Manifest, Resource
from tests.cluster import applied
from tests.cluster.applied import Leaves

_BETWEEN: Final = re.compile(r",(?![^(]*\))")
"""Commas between the parts of a selector, and not those within a choice of values."""
Where = tuple[str, str, str]
"""Kind's title, namespace, name."""


class Status(Exception):
    """An error status in place of an object."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
        self.body |= {"reason": reason, "message": message}


class Happened(NamedTuple):
    """One change of one object."""

    version: int
    where: Where
    old: Manifest | None
    new: Manifest | None


class Objects:
    """All objects, and the history of their changes."""

    def __init__(self) -> None:
        self.version = 100
        self.moment = "2026-11-20T12:00:00Z"
        """Creation timestamp of new objects."""
        self.held: dict[Where, Manifest] = {}
        self.past: list[Happened] = []
        self._owned: dict[Where, Mapping[str, Leaves]] = {}
        self.admission: Callable[[Manifest], Manifest] = lambda manifest: manifest
        """Mutates what clients write, as a webhook does; field owners stay as they are."""

    def copied(self) -> "Objects":
        """A copy of objects, history and owners that evolves on its own; what is stored is replaced, never changed."""
        other = Objects()
        other.version, other.moment = self.version, self.moment
        other.held, other.past, other._owned = dict(self.held), list(self.past), dict(self._owned)
        other.admission = self.admission
        return other

    def found(self, where: Where) -> Manifest:
        """The object, or the server's error that there is none."""
        if where not in self.held:
            raise Status(404, "NotFound", f'{where[0]} "{where[2]}" not found')
        return self.held[where]

    def listed(self, title: str, namespace: str | None, selector: str) -> list[Manifest]:
        """Objects of a kind, ordered by namespace and name."""
        return [
            one
            for where, one in sorted(self.held.items())
            if where[0] == title and namespace in (None, where[1]) and matches(one, selector)
        ]

    def put(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Store an object as another client would have written it, status included."""
        where = _where(resource, manifest)
        self._disown(where, manifest)
        return self._store(where, self.admission(_named(resource, manifest)))

    def create(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Create an object."""
        where = _where(resource, manifest)
        if where in self.held:
            raise Status(409, "AlreadyExists", f'{where[0]} "{where[2]}" already exists')
        return self.put(resource, manifest)

    def replace(self, resource: Resource, manifest: Manifest) -> Manifest:
        """Replace the whole object, if it has not changed."""
        where = _where(resource, manifest)
        live = self.found(where)
        if manifest["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]:
            why = "the object has been modified; please apply your changes to the latest version and try again"
            raise Status(409, "Conflict", f'Operation cannot be fulfilled on {where[0]} "{where[2]}": {why}')
        return self.put(resource, manifest)

    def apply(
        self, resource: Resource, intent: Manifest, manager: str, force: bool, subresource: str | None
    ) -> Manifest:
        """Server-side apply: of the status subresource only the status, else all but the status."""
        where = _where(resource, intent)
        if subresource is not None:
            self.found(where)
        live = self.held.get(where, _named(resource, {"metadata": dict(intent["metadata"])}))
        document = {key: value for key, value in intent.items() if (key == "status") == (subresource == "status")}
        owner = f"{manager}/{subresource}" if subresource else manager
        try:
            done = applied.apply(live, self._owned.get(where, {}), document, owner, force)
        except applied.Disputed as disputed:
            raise Status(409, "Conflict", str(disputed)) from disputed
        self._owned[where] = done.owned
        identity = {key: live["metadata"][key] for key in applied.IDENTITY if key in live["metadata"]}
        metadata = done.manifest.pop("metadata", {}) | identity
        return self._store(where, self.admission(_named(resource, done.manifest | {"metadata": metadata})))

    def managed_fields(self, where: Where) -> list[Manifest]:
        """Who applied which fields, as the server writes it; owners of fields that were put are not recorded."""
        owned = self._owned.get(where, {})
        return [{"manager": name, "fieldsV1": applied.field_set(fields)} for name, fields in owned.items() if fields]

    def remove(self, where: Where, conditions: Mapping[str, str]) -> Manifest:
        """Delete an object, if the preconditions hold."""
        live = self.found(where)
        for name, field in (("UID", "uid"), ("ResourceVersion", "resourceVersion")):
            wanted, has = conditions.get(field), live["metadata"][field]
            if wanted is not None and wanted != has:
                text = f"the {name} in the precondition ({wanted}) does not match the {name} in record ({has})"
                raise Status(409, "Conflict", f'Operation cannot be fulfilled on {where[0]} "{where[2]}": {text}')
        self._owned.pop(where, None)
        self._happened(where, live, None)
        return live

    def events(self, title: str, namespace: str | None, selector: str, since: int) -> Iterator[Manifest]:
        """The events of a watch from this version on, as the server writes them."""
        for one in [each for each in self.past if each.version > since]:
            if one.where[0] == title and namespace in (None, one.where[1]) and (event := _event(one, selector)):
                yield event

    def _disown(self, where: Where, manifest: Manifest) -> None:
        """Take the fields that another client changes from those who applied them."""
        now, put = applied.leaves(self.held.get(where, {})), applied.leaves(manifest)
        changed = {path for path, value in now.items() if path[0] != "status" and put.get(path, ...) != value}
        self._owned[where] = {
            who: {path: value for path, value in fields.items() if path not in changed}
            for who, fields in self._owned.get(where, {}).items()
        }

    def _store(self, where: Where, manifest: Manifest) -> Manifest:
        live = self.held.get(where)
        if live is not None and _content(live) == _content(manifest):
            return live
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "resourceVersion"}
        fresh: Manifest = {"uid": f"uid-{self.version + 1}", "generation": 0}
        before = live["metadata"] if live else fresh
        changed = live is None or live.get("spec") != manifest.get("spec")
        metadata |= {"uid": before["uid"], "generation": before["generation"] + changed}
        metadata.setdefault("creationTimestamp", self.moment)
        self._happened(where, live, manifest | {"metadata": metadata})
        return self.held[where]

    def _happened(self, where: Where, old: Manifest | None, new: Manifest | None) -> None:
        self.version += 1
        if new is None:
            del self.held[where]
        else:
            new["metadata"]["resourceVersion"] = str(self.version)
            self.held[where] = json.loads(json.dumps(new))
        self.past.append(Happened(self.version, where, old, self.held.get(where)))


def matches(manifest: Manifest, selector: str) -> bool:
    """Equality, inequality, existence, `in`, and the one field of a name; we use no other selectors."""
    labels = {"metadata.name": manifest["metadata"]["name"], **(manifest["metadata"].get("labels") or {})}
    return all(_matches(labels, part) for part in _BETWEEN.split(selector) if part)


def _matches(labels: Mapping[str, str], part: str) -> bool:
    key, one_of, choice = part.partition(" in ")
    if one_of:
        return labels.get(key) in choice.strip("()").split(",")
    name, equals, value = part.partition("=")
    if name.endswith("!"):
        return labels.get(name[:-1]) != value
    return name in labels and (not equals or labels[name] == value)


def _event(one: Happened, selector: str) -> Manifest | None:
    """A watch gets DELETED for an object that no longer matches its selector."""
    before = one.old is not None and matches(one.old, selector)
    if one.new is not None and matches(one.new, selector):
        return {"type": "MODIFIED" if before else "ADDED", "object": one.new}
    if one.old is None or not before:
        return None
    last: dict[str, Any] = one.old | {"metadata": one.old["metadata"] | {"resourceVersion": str(one.version)}}
    return {"type": "DELETED", "object": last}


def _where(resource: Resource, manifest: Manifest) -> Where:
    metadata = manifest["metadata"]
    return resource.title, metadata.get("namespace", ""), metadata["name"]


def _named(resource: Resource, manifest: Manifest) -> Manifest:
    return {"apiVersion": resource.api_version, "kind": resource.kind} | manifest


def _content(manifest: Manifest) -> Manifest:
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in applied.IDENTITY}
    return manifest | {"metadata": metadata}
