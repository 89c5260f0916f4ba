"""Keeps equal strings of many objects once: JSON gives each object its own copy of every key and every word.

Knows nothing of what they mean. Not `sys.intern`: Python 3.12.1 keeps whatever it is given forever.
"""

from typing import Any, Final

from fairlead.cluster.kinds import Manifest

MAX_STRINGS: Final = 4096
"""A full table is cleared: words that all objects have soon return, and words that came once are freed."""
LONGEST_SHARED: Final = 64
"""In characters: longer ones are seldom equal (`bench.operator_scale`: 1 % more is saved without a limit)."""
DEEPEST_SHARED: Final = 32
"""Twice as deep as a pod's spec; an object is left unchanged below that, however deep it is."""


class SharedStrings:
    """The most recent short strings."""

    def __init__(self) -> None:
        self._table: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._table)

    def with_shared(self, manifest: Manifest) -> Manifest:
        """Return an equal object that shares its short strings with earlier objects."""
        if len(self._table) >= MAX_STRINGS:
            self._table.clear()
        shared: Manifest = self._shared(manifest, DEEPEST_SHARED)
        return shared

    def _shared(self, value: Any, levels: int) -> Any:  # noqa: ANN401  # any part of a manifest
        if isinstance(value, str):
            return self._table.setdefault(value, value) if len(value) <= LONGEST_SHARED else value
        if levels and isinstance(value, dict):
            share = self._table.setdefault
            return {share(key, key): self._shared(one, levels - 1) for key, one in value.items()}
        if levels and isinstance(value, list):
            return [self._shared(one, levels - 1) for one in value]
        return value
