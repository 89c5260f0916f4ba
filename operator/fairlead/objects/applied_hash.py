"""An annotation on every child with the hash of what was last applied to it.

Comparing the wanted manifest with the live one cannot find a field that is no longer wanted; the hash changes with it.
"""

from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects.manifest import Manifest, fingerprint

APPLIED: Final = f"{GROUP}/applied"

_DIGITS: Final = 16


def with_applied_hash(manifest: Manifest) -> Manifest:
    """The manifest with the hash of all the rest in its annotations; doing it again changes nothing."""
    metadata = {field: value for field, value in manifest["metadata"].items() if field != "annotations"}
    annotations = {name: text for name, text in manifest["metadata"].get("annotations", {}).items() if name != APPLIED}
    noted = metadata | ({"annotations": annotations} if annotations else {})
    mark = fingerprint(manifest | {"metadata": noted}, _DIGITS)
    return manifest | {"metadata": metadata | {"annotations": {**annotations, APPLIED: mark}}}
