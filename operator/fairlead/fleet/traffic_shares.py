"""How a deployment's traffic is divided while two of its revisions serve."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShare:
    """The share of the conversations that a new revision answers."""

    revision: str
    """The new revision."""
    percent: int
    """0 to 100. 0: no user reaches it, while any other engine is routable."""
    stable: str = ""
    """The other side: what the new revision is compared with. Any other revision, such as one whose canary an edit
    ended, gets users only while no engine of this one is routable. Empty: all other engines are the other side."""
    step: int = 0
    """The canary's step, from 1, whose requests are compared: two steps may have the same percent. 0: of none."""
