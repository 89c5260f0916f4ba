"""What an informer watches, and how long it waits for what. Watches nothing itself."""

import random
from dataclasses import dataclass
from typing import Final

from fairlead.cluster.http_requests import Selector
from fairlead.cluster.kinds import Manifest, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchScope:
    """What an informer watches."""

    resource: Resource
    namespaces: tuple[str, ...] = ()
    """Empty: all namespaces, or a kind that is not namespaced."""
    selector: Selector = ""

    def takes(self, manifest: Manifest) -> bool:
        """Whether an object has the watched label, if there is one."""
        if not isinstance(self.selector, str) or not self.selector:
            return True
        name, _, value = self.selector.partition("=")
        return (manifest["metadata"].get("labels") or {}).get(name) == value

    @property
    def places(self) -> tuple[str | None, ...]:
        """The collections to watch, one stream each."""
        return self.namespaces or (None,)


@dataclass(frozen=True, slots=True, kw_only=True)
class InformerTimings:
    """Pauses and time-outs."""

    stay_s: tuple[int, int] = (300, 600)
    """The server ends a watch after a time drawn from this range, so that watches do not all restart at once."""
    silence_s: float = 70.0
    """Bookmarks come each minute, so a stream that is silent for longer hangs."""
    least_s: float = 1.0
    """The first pause after a failure; it doubles up to `max_s`."""
    max_s: float = 30.0
    relist_after: int = 3
    """After so many failures in a row the stream lists anew, and a kind that is not found counts as absent."""

    def pause(self, failures: int, rng: random.Random) -> float:
        """Return the pause after so many failures in a row; drawn between half and all of it."""
        whole = min(self.max_s, self.least_s * 2.0 ** min(failures - 1, 16))
        return max(self.least_s, whole * rng.uniform(0.5, 1.0)) if failures else 0.0


INFORMER_TIMINGS: Final = InformerTimings()
