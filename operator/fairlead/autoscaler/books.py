"""What is known of one pod, look by look: a page comes or none does, and what was told before is carried on."""

from typing import Any, Protocol

from fairlead.autoscaler import believing, router_pages
from fairlead.autoscaler.told import RouterSays, Told
from fairlead.engines.engine import PageReader
from fairlead.fleet.load import EngineLoad
from fairlead.scaling.facts import Doubt


class Book(Protocol):
    """What is known of one pod, look by look."""

    @property
    def told(self) -> Told[Any]:
        """By now."""

    def read(self, page: bytes, at: float) -> Doubt | None:
        """A page came; why it is not believed."""

    def silent(self, because: str) -> None:
        """None came."""


class EngineBook:
    """An engine's."""

    __slots__ = ("_reader", "told")

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader
        self.told: Told[EngineLoad] = Told()

    def read(self, page: bytes, at: float) -> Doubt | None:
        """A page of metrics."""
        self.told = believing.after(self.told, self._reader.read(page), at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """No page."""
        self.told = believing.doubted(self.told, Doubt.NO_ANSWER, because)


class RouterBook:
    """A router's."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: Told[RouterSays] = Told()

    def read(self, page: bytes, at: float) -> Doubt | None:
        """A page of endpoints."""
        self.told = router_pages.after(self.told, page, at)
        return self.told.doubt

    def silent(self, because: str) -> None:
        """No page."""
        self.told = router_pages.doubted(self.told, Doubt.NO_ANSWER, because)
