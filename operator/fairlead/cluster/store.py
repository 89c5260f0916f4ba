"""The latest known objects of one kind: by name, and by the deployment or gateway they belong to.

Knows which of two versions of an object is the later one, whatever order they come in. Sends no requests.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from fairlead.api.kinds import GROUP
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.shared_strings import SharedStrings

DEPLOYMENT_LABEL: Final = f"{GROUP}/deployment"
GATEWAY_LABEL: Final = f"{GROUP}/gateway"

MAX_TOMBSTONES: Final = 10_000
"""How many of the last deleted objects are remembered, so that late events do not bring them back."""

UNVERSIONED: Final = -2
"""Older than every version, including one that is no number."""


class NamespacedName(NamedTuple):
    """An object's namespace and name; the namespace is empty for cluster-scoped objects."""

    namespace: str
    name: str


class StoreChange(NamedTuple):
    """What an event changed; `old` is None when an object was added, `new` when it was removed."""

    old: Manifest | None
    new: Manifest | None


def key_of(manifest: Manifest) -> NamespacedName:
    """Return the namespace and name of an object."""
    metadata = manifest["metadata"]
    return NamespacedName(metadata.get("namespace") or "", metadata["name"])


def uid_of(manifest: Manifest) -> str:
    """Return the object's UID: a name may be given to another object later, a UID never."""
    return str(manifest["metadata"]["uid"])


def version_of(manifest: Manifest) -> int:
    """Return its resourceVersion as a number: within one kind they can be compared."""
    return as_number(str(manifest["metadata"].get("resourceVersion", "")))


def as_number(resource_version: str) -> int:
    """Convert a resourceVersion to a number; anything else counts as older than every version."""
    return int(resource_version) if resource_version.isascii() and resource_version.isdigit() else -1


class ObjectStore:
    """The latest known objects of one kind; code that reads them must not change them."""

    def __init__(self) -> None:
        self._objects: dict[NamespacedName, Manifest] = {}
        self._of_owner: dict[tuple[str, NamespacedName], set[NamespacedName]] = {}
        """By the label and the object that it names."""
        self._graves: OrderedDict[str, int] = OrderedDict()
        self._as_of: dict[str, int] = {}
        """The version of the last list, by its namespace; the empty one is a list of all."""
        self._strings = SharedStrings()
        self._changes = 0

    def __len__(self) -> int:
        return len(self._objects)

    @property
    def changes(self) -> int:
        """How often an object was stored or dropped."""
        return self._changes

    def find(self, namespace: str, name: str) -> Manifest | None:
        """Return the object of that name, in its latest known version."""
        return self._objects.get(NamespacedName(namespace, name))

    def all(self) -> tuple[Manifest, ...]:
        """Return every object, by namespace and name."""
        return self._sorted(self._objects)

    def each(self) -> Iterable[Manifest]:
        """Return every object, in no order, without the cost of sorting."""
        return self._objects.values()

    def of_deployment(self, namespace: str, name: str) -> tuple[Manifest, ...]:
        """Return every object with the label of that deployment, by name."""
        return self._sorted(self._of_owner.get((DEPLOYMENT_LABEL, NamespacedName(namespace, name)), ()))

    def of_gateway(self, namespace: str, name: str) -> tuple[Manifest, ...]:
        """Return every object with the label of that gateway, by name."""
        return self._sorted(self._of_owner.get((GATEWAY_LABEL, NamespacedName(namespace, name)), ()))

    def put(self, manifest: Manifest) -> tuple[StoreChange, ...]:
        """Store an object, unless a later version is known; another object with its name must have been deleted.

        An object that a later list lacked is gone too: the answer to our own write may come after that list.
        """
        namespace = key_of(manifest).namespace
        return self._take(manifest, max(self._as_of.get("", UNVERSIONED), self._as_of.get(namespace, UNVERSIONED)))

    def _take(self, manifest: Manifest, listed: int = UNVERSIONED) -> tuple[StoreChange, ...]:
        """Store an object that is not held only if it is later than `listed`."""
        version, uid = version_of(manifest), uid_of(manifest)
        if version <= self._graves.get(uid, UNVERSIONED):
            return ()
        held = self._objects.get(key_of(manifest))
        if held is None and version <= listed:
            return ()
        if held is None:
            return (StoreChange(None, self._keep(manifest)),)
        if version <= version_of(held):
            return ()
        if uid_of(held) == uid:
            self._forget(held)
            return (StoreChange(held, self._keep(manifest)),)
        self._bury(held, version)
        return (StoreChange(held, None), StoreChange(None, self._keep(manifest)))

    def drop(self, manifest: Manifest) -> tuple[StoreChange, ...]:
        """Remove an object that was deleted or no longer matches; a later one of the same name stays."""
        uid, version = uid_of(manifest), version_of(manifest)
        held = self._objects.get(key_of(manifest))
        if held is None or uid_of(held) != uid:
            self._remember(uid, version)
            return ()
        if version < version_of(held):
            return ()
        self._bury(held, version)
        return (StoreChange(held, None),)

    def relist(self, items: Iterable[Manifest], resource_version: str, namespace: str = "") -> Iterator[StoreChange]:
        """Store a whole list: objects that it lacks are gone, unless their known version is later than the list."""
        as_of, present = as_number(resource_version), list(items)
        uids = {uid_of(item) for item in present}
        for held in self._within(namespace):
            if uid_of(held) not in uids and version_of(held) <= as_of:
                self._bury(held, as_of)
                yield StoreChange(held, None)
        for item in present:
            yield from self._take(item)
        self._as_of[namespace] = max(as_of, self._as_of.get(namespace, UNVERSIONED))

    def restore(self, items: Iterable[Manifest], resource_version: str, namespace: str = "") -> Iterator[StoreChange]:
        """Store a whole list as it is, whatever is known: versions went back, so later ones are no longer true."""
        self._graves.clear()
        gone = {key_of(held): held for held in self._within(namespace)}
        for item in items:
            held = gone.pop(key_of(item), None)
            if held is not None:
                self._forget(held)
            same = held is not None and uid_of(held) == uid_of(item)
            if held is not None and not same:
                yield StoreChange(held, None)
            yield StoreChange(held if same else None, self._keep(item))
        for held in gone.values():
            self._forget(held)
            yield StoreChange(held, None)
        self._as_of[namespace] = as_number(resource_version)

    def vanish(self, namespace: str = "") -> Iterator[StoreChange]:
        """Drop all objects, since their kind is gone; nothing is remembered as deleted, so any may come back."""
        self._as_of.pop(namespace, None)
        for held in self._within(namespace):
            self._forget(held)
            yield StoreChange(held, None)

    def _within(self, namespace: str) -> list[Manifest]:
        return [held for key, held in self._objects.items() if not namespace or key.namespace == namespace]

    def _sorted(self, keys: Iterable[NamespacedName]) -> tuple[Manifest, ...]:
        return tuple(self._objects[key] for key in sorted(keys))

    def _keep(self, manifest: Manifest) -> Manifest:
        """Store an equal object, which takes half the memory."""
        self._changes += 1
        kept = self._strings.with_shared(manifest)
        key = key_of(kept)
        self._objects[key] = kept
        for owner in _owners_of(kept):
            self._of_owner.setdefault(owner, set()).add(key)
        return kept

    def _forget(self, held: Manifest) -> None:
        self._changes += 1
        key = key_of(held)
        del self._objects[key]
        for owner in _owners_of(held):
            keys = self._of_owner[owner]
            keys.remove(key)
            if not keys:
                del self._of_owner[owner]

    def _bury(self, held: Manifest, version: int) -> None:
        self._forget(held)
        self._remember(uid_of(held), max(version, version_of(held)))

    def _remember(self, uid: str, version: int) -> None:
        self._graves[uid] = max(version, self._graves.pop(uid, -1))
        if len(self._graves) > MAX_TOMBSTONES:
            self._graves.popitem(last=False)


def _owners_of(manifest: Manifest) -> Iterator[tuple[str, NamespacedName]]:
    """Yield the deployment or gateway that it belongs to, by its label."""
    metadata = manifest["metadata"]
    labels = metadata.get("labels") or {}
    for label in (DEPLOYMENT_LABEL, GATEWAY_LABEL):
        if name := labels.get(label):
            yield label, NamespacedName(metadata.get("namespace") or "", name)
