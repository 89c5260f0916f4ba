"""How a deployment's traffic is divided while two of its revisions serve."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShare:
    """The share of the conversations that a new revision answers."""

    revision: str
    """The new revision; all other engines are the other side."""
    percent: int
    """0 to 100. 0: no user reaches it, while any other engine is routable."""
    step: int = 0
    """The canary's step, from 1, whose requests are compared: two steps may have the same percent. 0: of none."""
