"""Which engines these tables are complete for: they have no flag and no parser that the tables lack."""

import re
from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine, EngineRelease

RELEASE: Final = "0.32"
DEFAULT: Final = EngineRelease(
    version="0.32.0", image="vllm/vllm-openai:v0.32.0", cpu_image="localhost/fairlead-vllm-cpu:0.32.0"
)
FOR_CUDA: Final = "vllm-openai"
"""The name of the project's own image, and of a mirror's copy."""
_WHOLE: Final = frozenset({FOR_CUDA, "fairlead-vllm-cpu"})
"""Images that hold a release and nothing else."""


def is_ours(version: str) -> bool:
    """Return whether these tables were read in this release."""
    return version == RELEASE or version.startswith(RELEASE + ".")


def hot_loading_is_safe(version: str) -> bool:
    """Return whether adapters may be loaded while requests run: from the first release whose source was read for it."""
    return not is_older(version)


def is_older(version: str) -> bool:
    """Return whether this is an earlier release than the one these tables were read in."""
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) < (0, 32)


def is_whole(engine: DesiredEngine) -> bool:
    """Check that the image holds only this release; a custom image may hold more."""
    return is_ours(engine.version) and (engine.kind in WITHOUT_GPU or _is_released(engine.image))


def is_certain(engine: DesiredEngine) -> bool:
    """Return whether the start surely ends where this release's source says so: not with the emulator, which ignores
    flags that do not concern it, and not with an image that may hold other code."""
    return engine.kind not in WITHOUT_GPU and is_whole(engine)


def name_of(image: str) -> str:
    """Return an image's base name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _is_released(image: str) -> bool:
    """Decided by the tag; a digest alone names no version."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return name_of(image) in _WHOLE and is_ours(tag.removeprefix("v").partition("-")[0])
