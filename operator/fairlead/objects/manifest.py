"""The type of all manifests: plain dictionaries as the API server takes them, and their canonical text.

Knows no particular kind of object.
"""

import hashlib
import json
from typing import Any, TypeAlias

Manifest: TypeAlias = dict[str, Any]


def canonical(value: object) -> str:
    """Serialize a value always as the same text, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def fingerprint(value: object, digits: int) -> str:
    """Return hex digits of a hash of the value; equal values have equal ones, in every process and release."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:digits]
