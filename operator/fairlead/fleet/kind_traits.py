"""What the schema must tell apart by an engine's kind alone.

They stand below `engines`, whose descriptions hold everything else; tests/engines/test_kind_traits.py compares both.
"""

from typing import Final, NamedTuple


class KindTraits(NamedTuple):
    """What holds for one kind of engine."""

    on_cpu: bool = False
    """Whether it has a build for the node's processor. The schema refuses product CPU for others."""
    sleeps: bool = False
    """Whether it can sleep. The schema refuses sleep for others before it reaches an engine."""
    emulated: bool = False
    """Whether it computes nothing and may run on any node."""


NO_TRAITS: Final = KindTraits()
