"""An annotation on every child with the hash of what was last applied to it.

Comparing the intended manifest with the live one cannot find a field that was dropped; the hash changes with it.
"""

from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects.manifest import Manifest, fingerprint

APPLIED: Final = f"{GROUP}/applied"

_DIGITS: Final = 16


def with_applied_hash(manifest: Manifest) -> Manifest:
    """Add the hash of all the rest to the manifest's annotations; idempotent."""
    metadata = {field: value for field, value in manifest["metadata"].items() if field != "annotations"}
    annotations = {name: text for name, text in manifest["metadata"].get("annotations", {}).items() if name != APPLIED}
    noted = metadata | ({"annotations": annotations} if annotations else {})
    mark = fingerprint(manifest | {"metadata": noted}, _DIGITS)
    return manifest | {"metadata": metadata | {"annotations": {**annotations, APPLIED: mark}}}
