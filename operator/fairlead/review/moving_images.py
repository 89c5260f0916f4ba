"""An engine's image whose tag is moved to each new release: replicas of one revision would run different ones. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine
from fairlead.fleet.findings import SpecWarning
from fairlead.review.result import AdmissionReason

MOVING: Final = frozenset({"", "latest", "nightly", "main", "dev"})
"""Words of tags by which the engines' own images are moved, as in `latest-cu130`; no tag means `latest`."""
FIXED: Final = re.compile(r"v?\d+(\.\d+)+\S*|[0-9a-f]{7,}")
"""Words that name one build: a version, a date or a commit, as in `nightly-2f3a9c1`."""


def warnings(engine: DesiredEngine) -> Iterator[SpecWarning]:
    """Warn of such a tag without a digest; a simulated engine is Fairlead's own image, which people build for tests."""
    name, _, digest = engine.image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if digest or not moves(tag) or engine.kind in WITHOUT_GPU:
        return
    yield SpecWarning(
        field="spec.engine.image",
        value=engine.image,
        reason=AdmissionReason.TAG_MOVES,
        because=f"{tag or 'no tag'} means another release tomorrow: replicas of 1 revision then run different engines, "
        f"a rollback brings none back, and flags are reviewed for {engine.version}",
        remedy="write the tag of a release, or a digest",
    )


def moves(tag: str) -> bool:
    """Whether it names whatever was built last."""
    words = re.split(r"[-_]", tag)
    return not MOVING.isdisjoint(words) and not any(FIXED.fullmatch(one) for one in words)
