"""What was last heard of the objects of one kind: by name, by the deployment they serve, by their owner.

Knows which of two words about an object is the later one, whatever order they come in. Never asks the API server.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from fairlead.api.kinds import GROUP
from fairlead.cluster.kinds import Manifest

DEPLOYMENT_LABEL: Final = f"{GROUP}/deployment"

MOST_TOMBSTONES: Final = 10_000
"""Of objects that went, the last so many are remembered, against words that come too late."""


class NamespacedName(NamedTuple):
    """Where an object is; the namespace is empty for what has none."""

    namespace: str
    name: str


class StoreChange(NamedTuple):
    """What a word changed; one of the two is nothing when an object came or went."""

    old: Manifest | None
    new: Manifest | None


def key_of(manifest: Manifest) -> NamespacedName:
    """Where an object is."""
    metadata = manifest["metadata"]
    return NamespacedName(metadata.get("namespace") or "", metadata["name"])


def uid_of(manifest: Manifest) -> str:
    """Which object it is: a name may be given to another one, a UID never."""
    return str(manifest["metadata"]["uid"])


def version_of(manifest: Manifest) -> int:
    """Its resourceVersion as a number: within one kind the API server lets them be compared."""
    return as_number(str(manifest["metadata"].get("resourceVersion", "")))


def as_number(resource_version: str) -> int:
    """A resourceVersion as a number; what is none is older than everything."""
    return int(resource_version) if resource_version.isascii() and resource_version.isdigit() else -1


class ObjectStore:
    """The objects of one kind as last heard of; whoever reads must not change them."""

    def __init__(self) -> None:
        self._objects: dict[NamespacedName, Manifest] = {}
        self._index: dict[NamespacedName | str, set[NamespacedName]] = {}
        self._graves: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._objects)

    def find(self, namespace: str, name: str) -> Manifest | None:
        """The object of that name, as last heard of."""
        return self._objects.get(NamespacedName(namespace, name))

    def all(self) -> tuple[Manifest, ...]:
        """Every object, by namespace and name."""
        return self._sorted(self._objects)

    def each(self) -> Iterable[Manifest]:
        """Every object, in no order: for who only counts them."""
        return self._objects.values()

    def of_deployment(self, namespace: str, name: str) -> tuple[Manifest, ...]:
        """Whatever carries the label of that deployment, by name."""
        return self._sorted(self._index.get(NamespacedName(namespace, name), ()))

    def of_owner(self, uid: str) -> tuple[Manifest, ...]:
        """Whatever names that object among its owners, by name."""
        return self._sorted(self._index.get(uid, ()))

    def put(self, manifest: Manifest) -> tuple[StoreChange, ...]:
        """Take an object in, unless something later was heard of it; another under its name went before."""
        version, uid = version_of(manifest), uid_of(manifest)
        if version <= self._graves.get(uid, -2):
            return ()
        held = self._objects.get(key_of(manifest))
        if held is None:
            self._keep(manifest)
            return (StoreChange(None, manifest),)
        if version <= version_of(held):
            return ()
        if uid_of(held) == uid:
            self._forget(held)
            self._keep(manifest)
            return (StoreChange(held, manifest),)
        self._bury(held, version)
        self._keep(manifest)
        return (StoreChange(held, None), StoreChange(None, manifest))

    def drop(self, manifest: Manifest) -> tuple[StoreChange, ...]:
        """An object went, or no longer matches; one of the same name that came later stays."""
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
        """Take a whole list in: what it lacks is gone, unless heard of later than the list is old."""
        as_of, present = as_number(resource_version), list(items)
        uids = {uid_of(item) for item in present}
        for held in self._within(namespace):
            if uid_of(held) not in uids and version_of(held) <= as_of:
                self._bury(held, as_of)
                yield StoreChange(held, None)
        for item in present:
            yield from self.put(item)

    def vanish(self, namespace: str = "") -> Iterator[StoreChange]:
        """Nothing is there any more, as far as can be seen; should it come back, every word is believed again."""
        for held in self._within(namespace):
            self._forget(held)
            yield StoreChange(held, None)

    def _within(self, namespace: str) -> list[Manifest]:
        return [held for key, held in self._objects.items() if not namespace or key.namespace == namespace]

    def _sorted(self, keys: Iterable[NamespacedName]) -> tuple[Manifest, ...]:
        return tuple(self._objects[key] for key in sorted(keys))

    def _keep(self, manifest: Manifest) -> None:
        key = key_of(manifest)
        self._objects[key] = manifest
        for value in _entries(manifest):
            self._index.setdefault(value, set()).add(key)

    def _forget(self, held: Manifest) -> None:
        key = key_of(held)
        del self._objects[key]
        for value in _entries(held):
            keys = self._index[value]
            keys.remove(key)
            if not keys:
                del self._index[value]

    def _bury(self, held: Manifest, version: int) -> None:
        self._forget(held)
        self._remember(uid_of(held), max(version, version_of(held)))

    def _remember(self, uid: str, version: int) -> None:
        self._graves[uid] = max(version, self._graves.pop(uid, -1))
        if len(self._graves) > MOST_TOMBSTONES:
            self._graves.popitem(last=False)


def _entries(manifest: Manifest) -> set[NamespacedName | str]:
    """What an object is found by beside its name: the deployment it serves, and each owner's UID."""
    metadata = manifest["metadata"]
    owners: set[NamespacedName | str] = {str(owner["uid"]) for owner in metadata.get("ownerReferences") or ()}
    label = (metadata.get("labels") or {}).get(DEPLOYMENT_LABEL)
    return owners | ({NamespacedName(metadata.get("namespace") or "", label)} if label else set())
