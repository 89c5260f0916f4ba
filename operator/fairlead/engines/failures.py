"""Patterns for engines' termination messages: what each means, and what to do."""

import re
from typing import Final, NamedTuple

from fairlead.fleet.conditions import ConditionReason


class FailurePattern(NamedTuple):
    """What an engine's termination message means, and what to do."""

    words: re.Pattern[str]
    reason: ConditionReason
    remedy: str


def _answered(status: str) -> str:
    """Return a pattern for a download's status, as HTTP libraries write it.

    A message is the end of a log: a bare number may be of a process, a port or a line of code, and an access log has
    the status of other requests.
    """
    return rf"\b{status} client error|client error \W{status}\b|http error {status}\b|error occurred \({status}\)"


OF_THE_HUB: Final = (
    FailurePattern(
        re.compile(
            rf"(?i)gated repo|access to model .* is restricted|invalid user token|403 forbidden:|{_answered('40[13]')}"
        ),
        ConditionReason.ACCESS_DENIED,
        "accept the licence on the model's page and set spec.model.tokenSecret to a token that may read it",
    ),
    FailurePattern(
        re.compile(
            r"(?i)repository ?not ?found|revision ?not ?found|entry ?not ?found|not a valid model identifier"
            r"|repo id must be in the form"  # the library takes a missing folder for a name on the hub
            rf"|{_answered('404')}"
        ),
        ConditionReason.MODEL_NOT_FOUND,
        "check spec.model.source and spec.model.revision; branches move, a commit does not",
    ),
)
"""For every engine that reads a model through the hub's own library."""
