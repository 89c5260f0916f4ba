"""Which lines each pass over the input sends: all, and then what found no room while its model had no replica.

Of such a model a pass leaves all lines from one on, so a number for each model says which ones the next pass sends.
"""

from collections.abc import Collection
from math import inf

from fairlead.batching.batch_requests import BatchRequest


class InputPasses:
    """The passes of one run over its input."""

    def __init__(self) -> None:
        self._from: dict[str, int] | None = None
        """The first line of each model that this pass sends; the first pass sends all."""
        self._left: dict[str, int] = {}
        """The first line of each model that this pass left."""

    @property
    def left(self) -> Collection[str]:
        """The models of which this pass leaves lines to the next one."""
        return self._left.keys()

    def sends(self, request: BatchRequest) -> bool:
        """Return whether a line is this pass's: an earlier one left it, and this one leaves none of its model above."""
        if request.model in self._left:
            return False
        return self._from is None or request.line >= self._from.get(request.model, inf)

    def leave(self, request: BatchRequest) -> None:
        """Leave a line that this pass sends, and all of its model below, to the next pass."""
        self._left[request.model] = request.line

    def begin_next(self) -> None:
        """Begin another pass at the first line, for what the last one left."""
        self._from, self._left = self._left, {}
