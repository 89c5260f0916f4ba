"""Patterns for engines' termination messages: what each means, and what to do."""

import re
from typing import Final, NamedTuple

from fairlead.fleet.conditions import ConditionReason


class FailurePattern(NamedTuple):
    """What an engine's termination message means, and what to do."""

    words: re.Pattern[str]
    reason: ConditionReason
    remedy: str


OF_THE_HUB: Final = (
    FailurePattern(
        re.compile(r"(?i)gated repo|access to model .* is restricted|\b401\b|\b403\b|invalid user token|unauthorized"),
        ConditionReason.ACCESS_DENIED,
        "accept the licence on the model's page and set spec.model.tokenSecret to a token that may read it",
    ),
    FailurePattern(
        re.compile(
            r"(?i)repository ?not ?found|revision ?not ?found|entry ?not ?found|not a valid model identifier|404"
            r"|repo id must be in the form"  # the library takes a missing folder for a name on the hub
        ),
        ConditionReason.MODEL_NOT_FOUND,
        "check spec.model.source and spec.model.revision; branches move, a commit does not",
    ),
)
"""For every engine that reads a model through the hub's own library."""
