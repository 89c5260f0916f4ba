"""Which releases of TensorRT-LLM these tables are for; they match none of them exactly.

The files were read in the repository between two releases, so no image is known to have exactly these flags, and an
unknown one only causes a warning. The emulator has exactly these.
"""

import re
from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine, EngineRelease

RELEASE: Final = "1.4"
DEFAULT: Final = EngineRelease(version="1.4.0rc1", image="nvcr.io/nvidia/tensorrt-llm/release:1.4.0rc1")
LEAST: Final = (1, 3)
"""Before it, the metrics page has neither running nor waiting requests, and there is no served name."""


def is_ours(version: str) -> bool:
    """Return whether this is a release, or a release candidate, that the tables are for."""
    return version == RELEASE or version.startswith(f"{RELEASE}.")


def is_too_old(version: str) -> bool:
    """Return whether it is older than `LEAST`; a version that is not a number may be anything."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) < LEAST


def is_whole(engine: DesiredEngine) -> bool:
    """Return whether it is known to have only the flags and parsers listed here; none of NVIDIA's images is."""
    return engine.kind in WITHOUT_GPU and is_ours(engine.version)
