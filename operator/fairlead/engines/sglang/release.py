"""For which engines these tables are complete: such an engine has no flag and no parser that they lack."""

from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine, EngineRelease

RELEASE: Final = "0.5.23"
DEFAULT: Final = EngineRelease(version=RELEASE, image=f"lmsysorg/sglang:v{RELEASE}")
FOR_CUDA: Final = "sglang"
"""The name of the project's own image, and of a mirror's copy of it."""
_WHOLE: Final = frozenset({FOR_CUDA, "fairlead-sglang-cpu"})
"""Images that hold a release and nothing else."""


def is_ours(version: str) -> bool:
    """Whether this is the release that the tables were read in; its releases follow each other within weeks."""
    return version == RELEASE or version.startswith(f"{RELEASE}.")


def is_whole(engine: DesiredEngine) -> bool:
    """Whether its image holds this release and nothing else, by its name and tag; a digest alone names no version.

    The emulator knows this release's flags and no others."""
    if engine.kind in WITHOUT_GPU:
        return is_ours(engine.version)
    tag = engine.image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    whole = name_of(engine.image) in _WHOLE and is_ours(tag.removeprefix("v").partition("-")[0])
    return whole and is_ours(engine.version)


def name_of(image: str) -> str:
    """The last word of an image's name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
