"""What is asked of engines so that their answers can be judged by the probabilities of their tokens."""

from typing import Final, Protocol

from fairlead.router.wire.surfaces import Surface

PROBABILITIES: Final = {Surface.CHAT: b"true", Surface.COMPLETIONS: b"1"}
"""How to request token probabilities from engines."""


class ProbabilityCheck(Protocol):
    """Judges the answers to a request."""

    @property
    def wants_probabilities(self) -> bool:
        """Whether it judges the next answer by its token probabilities."""
