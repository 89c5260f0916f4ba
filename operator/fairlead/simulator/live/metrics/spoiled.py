"""Pages that are wrong on purpose: what a scraper must survive without believing it."""

import re
from typing import Final

from fairlead.simulator.faults import Fault, Faults
from fairlead.simulator.live.metrics import own_process
from fairlead.simulator.live.metrics.page import Page

_ENGINE: Final = re.compile(r"^(vllm:\S+) \S+$", re.MULTILINE)


class Spoiled:
    """The page, through whatever fault is in force."""

    def __init__(self, page: Page, faults: Faults) -> None:
        self._page = page
        self._faults = faults
        self._frozen: str | None = None

    def text(self) -> str:
        """What a scrape gets."""
        if not self._faults.shows(Fault.METRICS_FROZEN):
            self._frozen = None
        match self._faults.order.fault if self._faults.shows(self._faults.order.fault) else Fault.NONE:
            case Fault.METRICS_NAN:
                return _ENGINE.sub(r"\1 NaN", self._page.text())
            case Fault.METRICS_NEGATIVE:
                return _ENGINE.sub(r"\1 -1.0", self._page.text())
            case Fault.METRICS_MISSING:
                return "\n".join(own_process.lines()) + "\n"
            case Fault.METRICS_FROZEN:
                self._frozen = self._frozen or self._page.text()
                return self._frozen
            case _:
                return self._page.text()
