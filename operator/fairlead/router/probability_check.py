"""What is asked of engines so that their answers can be judged by the probabilities of their tokens."""

from typing import Final, Protocol

from msgspec import UNSET

from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.request_bodies import ChatBody, CompletionsBody
from fairlead.router.wire.surfaces import Surface

PROBABILITIES: Final = {Surface.CHAT: b"true", Surface.COMPLETIONS: b"1"}
"""How to request token probabilities from engines."""


class ProbabilityCheck(Protocol):
    """Judges the answers to a request."""

    @property
    def wants_probabilities(self) -> bool:
        """Whether it judges the next answer by its token probabilities."""


def are_requested(facts: BodyFacts) -> bool:
    """Whether the client itself requests token probabilities; a completion's 0 requests those of its own tokens."""
    parsed = facts.parsed
    value = parsed.logprobs if isinstance(parsed, (ChatBody, CompletionsBody)) else None
    if value is UNSET or value is None or value is False:
        return False
    return value != 0 or isinstance(parsed, CompletionsBody)
