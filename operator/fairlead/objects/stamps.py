"""A mark on every child that tells by itself what was last applied, also of fields that were taken back.

Comparing what is wanted with what is there cannot see a field that is wanted no more; the mark changes with it.
"""

import copy
from typing import Final

from fairlead.api.kinds import GROUP
from fairlead.objects.manifest import Manifest, fingerprint

APPLIED: Final = f"{GROUP}/applied"

_DIGITS: Final = 16


def stamped(manifest: Manifest) -> Manifest:
    """A copy that carries the hash of all the rest; stamping it again changes nothing."""
    copied = copy.deepcopy(manifest)
    annotations = copied["metadata"].pop("annotations", {})
    annotations.pop(APPLIED, None)
    if annotations:
        copied["metadata"]["annotations"] = annotations
    mark = fingerprint(copied, _DIGITS)
    copied["metadata"]["annotations"] = {**annotations, APPLIED: mark}
    return copied
