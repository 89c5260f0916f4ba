"""A mark on every child that tells by itself what was last applied, also of fields that were taken back.

Comparing what is wanted with what is there cannot see a field that is wanted no more; the mark changes with it.
"""

from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects.manifest import Manifest, fingerprint

APPLIED: Final = f"{GROUP}/applied"

_DIGITS: Final = 16


def with_applied_hash(manifest: Manifest) -> Manifest:
    """The same with a head that carries the hash of all the rest; stamping it again changes nothing."""
    metadata = {field: value for field, value in manifest["metadata"].items() if field != "annotations"}
    annotations = {name: text for name, text in manifest["metadata"].get("annotations", {}).items() if name != APPLIED}
    noted = metadata | ({"annotations": annotations} if annotations else {})
    mark = fingerprint(manifest | {"metadata": noted}, _DIGITS)
    return manifest | {"metadata": metadata | {"annotations": {**annotations, APPLIED: mark}}}
