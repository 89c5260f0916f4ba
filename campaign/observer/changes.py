"""The differences between two statuses of one object, for the text of a finding."""

import json
from collections.abc import Iterator
from typing import Final

from campaign.observer.facts import Manifest

LONGEST: Final = 200
"""Characters of one value."""


def between(before: Manifest, after: Manifest) -> set[str]:
    """Each changed field, and each condition by its type, with its current value."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return {f"{name}: {new.get(name, 'gone')}" for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def _flat(status: Manifest) -> Iterator[tuple[str, str]]:
    for name, value in status.items():
        parts = {one["type"]: one for one in value} if name == "conditions" else value
        if isinstance(parts, dict):
            yield from ((f"{name}.{part}", json.dumps(inner)[:LONGEST]) for part, inner in parts.items())
        else:
            yield name, json.dumps(value)[:LONGEST]
