"""Which version of an adapter answers a conversation: chosen by a hash, so that all routers agree without coordination.

Weighted rendezvous hashing: a larger share of one version moves conversations to it, and none between the others. A
version with a share that no routable engine has loaded gets nothing while another version is loaded.
"""

from collections.abc import Iterable, Sequence
from math import log
from typing import Final

from fairlead.fleet.adapters import AdapterShare, AdapterVersions
from fairlead.routing import rendezvous
from fairlead.routing.endpoint import Endpoint

_SPAN: Final = 2**64


class AdapterSplit:
    """The adapters of one target that come and go."""

    __slots__ = ("_numbers", "_versions", "names", "trials", "wanted")

    def __init__(self, adapters: Iterable[AdapterVersions] = ()) -> None:
        adapters = tuple(adapters)
        self._versions = {one.name: one.versions for one in adapters}
        self._numbers = {each.name: rendezvous.number(each.name) for some in self._versions.values() for each in some}
        self.names = frozenset(self._versions)
        """Names that clients may use."""
        self.wanted = frozenset(self._numbers)
        """The names of all versions in engines."""
        self.trials = {each.name: one for one in adapters if one.trial for each in one.versions}
        """By the name of each version in engines: the adapter, if a version of it is on trial."""

    def version(self, name: str, key: int, routable: Sequence[Endpoint]) -> str:
        """Return the version that answers the conversation with this key."""
        shared = [one for one in self._versions[name] if one.percent > 0]
        if len(shared) == 1:
            return shared[0].name
        there = [one for one in shared if any(one.name in each.adapters for each in routable)]
        return max(there or shared, key=lambda one: self._score(one, key)).name

    def _score(self, share: AdapterShare, key: int) -> float:
        drawn = rendezvous.mixed(rendezvous.mixed(key) ^ self._numbers[share.name])
        return share.percent / -log((drawn + 1) / (_SPAN + 1))


NO_ADAPTERS: Final = AdapterSplit()
