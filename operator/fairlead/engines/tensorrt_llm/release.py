"""Which releases of TensorRT-LLM these tables are for, and that they were read in none of them exactly.

Its files were read in the repository, between two releases, so no image is known to hold just these flags: an unknown
one is only warned of. The emulator knows just these.
"""

import re
from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine, EngineRelease

RELEASE: Final = "1.4"
DEFAULT: Final = EngineRelease(version="1.4.0rc1", image="nvcr.io/nvidia/tensorrt-llm/release:1.4.0rc1")
LEAST: Final = (1, 3)
"""Before it the page of metrics says neither how many requests run nor how many wait, and there is no served name."""


def is_ours(version: str) -> bool:
    """Whether this is a release, or a candidate of one, that the tables are for."""
    return version == RELEASE or version.startswith(f"{RELEASE}.")


def is_too_old(version: str) -> bool:
    """Whether it is older than the least; a version that is no number may be anything."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) < LEAST


def is_whole(engine: DesiredEngine) -> bool:
    """Whether it is known to have no flag and no parser but those listed here: of NVIDIA's images none is."""
    return engine.kind in WITHOUT_GPU and is_ours(engine.version)
