"""Which model names may be label values: the configured ones or, if any name is accepted, the first few."""

from collections.abc import Iterable
from typing import Final

from fairlead.router.observability.label_values import OTHER

MAX_LEARNT: Final = 64
"""An engine serves a base model and a few dozen adapters at most; further names are made up by clients."""

LONGEST: Final = 256
"""In characters; fits a repository's name and a revision twice."""


class ModelLabels:
    """Label values for models, bounded whatever clients send."""

    def __init__(self, models: Iterable[str] = ()) -> None:
        self.models = {model: model for model in models}
        """Names that are shown unchanged; most lookups end here."""
        self._learns = not self.models

    def take(self, models: Iterable[str]) -> None:
        """Apply the names from the configuration."""
        fresh = {model: model for model in models}
        if fresh:
            self.models, self._learns = fresh, False
        elif not self._learns:
            self.models, self._learns = {}, True

    def shown(self, model: str, *, served: bool) -> str:
        """Return the label value of a name; a new name is shown only once an engine has served it."""
        if model in self.models:
            return model
        if served and self._learns and 0 < len(model) <= LONGEST and len(self.models) < MAX_LEARNT:
            self.models[model] = model
            return model
        return OTHER
