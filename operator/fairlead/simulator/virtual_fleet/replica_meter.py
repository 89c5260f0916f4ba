"""The latency counters of one replica that a scrape reads: time to first token, and time between tokens.

Sums only, so that a scrape costs the same however many requests run. Kept only for fleets that are scaled.
"""

from math import inf

from fairlead.simulator.engine.requests import EngineRequest


class ReplicaMeter:
    """Latency counters since the replica was made."""

    __slots__ = (
        "_began", "_first_s", "_pace_s", "_paced", "decoding", "finished", "firsts", "kept", "kept_pace", "paces",
        "waited",
    )  # fmt: skip

    def __init__(self, first_s: float | None, pace_s: float | None) -> None:
        self._first_s = inf if first_s is None else first_s
        self._pace_s = inf if pace_s is None else pace_s
        self.firsts = 0
        self.waited = 0.0
        """Sum of seconds from a request's arrival at the engine to its first token."""
        self.kept = 0
        """First tokens within the objective."""
        self.finished = 0
        self.paces = 0.0
        """Sum of ended requests' mean times between tokens; 0 for a reply of one token."""
        self.kept_pace = 0
        """Ended requests whose mean time between tokens was within the objective."""
        self.decoding = 0
        """Requests between their first and their last token."""
        self._began = 0.0
        """Sum of the times of their first tokens."""
        self._paced = 0.0
        """Sum of ended requests' seconds from first to last token."""

    def began(self, request: EngineRequest) -> None:
        """Count a request's first token."""
        first = _moment(request.first_token, request)
        self.firsts += 1
        self.waited += first - request.arrived
        self.kept += first - request.arrived <= self._first_s
        self.decoding += 1
        self._began += first

    def ended(self, request: EngineRequest) -> None:
        """Count a request's last token."""
        first, last = _moment(request.first_token, request), _moment(request.ended, request)
        self.finished += 1
        self.decoding -= 1
        self._began -= first
        self._paced += last - first
        pace = (last - first) / (request.emitted - 1) if request.emitted > 1 else 0.0
        self.paces += pace
        self.kept_pace += pace <= self._pace_s

    def between_tokens(self, now: float) -> float:
        """Seconds that all requests have spent after their first token, those still decoding included."""
        return self._paced + self.decoding * now - self._began


def _moment(at: float | None, request: EngineRequest) -> float:
    if at is None:
        raise AssertionError(f"request {request.serial} emitted without a time")
    return at
