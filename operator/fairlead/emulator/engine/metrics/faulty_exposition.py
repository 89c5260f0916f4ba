"""Deliberately broken expositions: a scraper must survive them and must not scale on them."""

import re

from fairlead.emulator.engine.metrics.page import EnginePage
from fairlead.emulator.faults import EngineFault, FaultState


class FaultyExposition:
    """The engine's exposition with the fault in force applied."""

    def __init__(self, page: EnginePage, faults: FaultState) -> None:
        self._page = page
        self._samples = re.compile(rf"^({re.escape(page.family_prefix)}\S+) \S+$", re.MULTILINE)
        self._faults = faults
        self._frozen: str | None = None

    def text(self) -> str:
        """Return the exposition that a scrape gets."""
        if not self._faults.shows(EngineFault.METRICS_FROZEN):
            self._frozen = None
        match self._faults.order.fault if self._faults.shows(self._faults.order.fault) else EngineFault.NONE:
            case EngineFault.METRICS_NAN:
                return self._samples.sub(r"\1 NaN", self._page.text())
            case EngineFault.METRICS_NEGATIVE:
                return self._samples.sub(r"\1 -1.0", self._page.text())
            case EngineFault.METRICS_MISSING:
                return self._page.without_engine()
            case EngineFault.METRICS_FROZEN:
                self._frozen = self._frozen or self._page.text()
                return self._frozen
            case _:
                return self._page.text()
