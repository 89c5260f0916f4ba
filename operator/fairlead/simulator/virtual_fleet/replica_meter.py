"""What one replica counts for whoever scrapes it: how long first tokens took, and the time between tokens.

Sums only, so that a look costs the same however many requests run. Counted where a fleet is scaled, and nowhere else.
"""

from math import inf

from fairlead.simulator.engine.requests import EngineRequest


class ReplicaMeter:
    """Since the replica was made."""

    __slots__ = (
        "_began", "_first_s", "_pace_s", "_paced", "decoding", "finished", "firsts", "kept", "kept_pace", "paces",
        "waited",
    )  # fmt: skip

    def __init__(self, first_s: float | None, pace_s: float | None) -> None:
        self._first_s = inf if first_s is None else first_s
        self._pace_s = inf if pace_s is None else pace_s
        self.firsts = 0
        self.waited = 0.0
        """Seconds until the first tokens, from the engine's door."""
        self.kept = 0
        """Of the first tokens, within the objective."""
        self.finished = 0
        self.paces = 0.0
        """Sum of the mean time between tokens of each that has ended; nothing for a reply of one token."""
        self.kept_pace = 0
        """Of the ended, whose mean was within the objective."""
        self.decoding = 0
        """Requests between their first and their last token."""
        self._began = 0.0
        """Sum of the moments of their first tokens."""
        self._paced = 0.0
        """Seconds from first to last token of those that have ended."""

    def began(self, request: EngineRequest) -> None:
        """Its first token came."""
        first = _moment(request.first_token, request)
        self.firsts += 1
        self.waited += first - request.arrived
        self.kept += first - request.arrived <= self._first_s
        self.decoding += 1
        self._began += first

    def ended(self, request: EngineRequest) -> None:
        """Its last token came."""
        first, last = _moment(request.first_token, request), _moment(request.ended, request)
        self.finished += 1
        self.decoding -= 1
        self._began -= first
        self._paced += last - first
        pace = (last - first) / (request.emitted - 1) if request.emitted > 1 else 0.0
        self.paces += pace
        self.kept_pace += pace <= self._pace_s

    def between_tokens(self, now: float) -> float:
        """Seconds that all requests spent behind their first token, those that still write included."""
        return self._paced + self.decoding * now - self._began


def _moment(known: float | None, request: EngineRequest) -> float:
    if known is None:
        raise AssertionError(f"request {request.serial} emitted without a time")
    return known
