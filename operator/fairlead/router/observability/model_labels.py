"""Which names of models labels may show: those that are configured, and where any name passes, the first few."""

from collections.abc import Iterable
from typing import Final

from fairlead.router.observability.label_values import OTHER

MOST_LEARNT: Final = 64
"""An engine serves a base model and a few dozen adapters at most; more names than that are clients' inventions."""

LONGEST: Final = 256
"""Characters; a repository's name and a revision fit twice."""


class ModelLabels:
    """Bounded, whatever clients write."""

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.known = {model: model for model in models}
        """Names that are shown as they are; the common case looks here and goes no further."""
        self._learns = not self.known

    def take(self, models: Iterable[str]) -> None:
        """The configuration's names as they are now."""
        fresh = {model: model for model in models}
        if fresh:
            self.known, self._learns = fresh, False
        elif not self._learns:
            self.known, self._learns = {}, True

    def shown(self, model: str, *, served: bool) -> str:
        """What the label says; a new name is believed only once an engine has answered to it."""
        if model in self.known:
            return model
        if served and self._learns and 0 < len(model) <= LONGEST and len(self.known) < MOST_LEARNT:
            self.known[model] = model
            return model
        return OTHER
