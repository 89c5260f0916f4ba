"""Which engines these tables are complete for: they have no flag and no parser that the tables lack."""

from typing import Final

from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredEngine, EngineRelease

RELEASE: Final = "0.5.23"
DEFAULT: Final = EngineRelease(version=RELEASE, image=f"lmsysorg/sglang:v{RELEASE}")
FOR_CUDA: Final = "sglang"
"""The name of the project's own image, and of a mirror's copy."""
_WHOLE: Final = frozenset({FOR_CUDA, "fairlead-sglang-cpu"})
"""Images that hold a release and nothing else."""


def is_ours(version: str) -> bool:
    """Return whether these tables were read in this release; SGLang's releases follow each other within weeks."""
    return version == RELEASE or version.startswith(f"{RELEASE}.")


def is_whole(engine: DesiredEngine) -> bool:
    """Return whether the image holds this release and nothing else, by name and tag; a digest alone names no version.

    The emulator has this release's flags and no others.
    """
    if engine.kind in WITHOUT_GPU:
        return is_ours(engine.version)
    tag = engine.image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    whole = name_of(engine.image) in _WHOLE and is_ours(tag.removeprefix("v").partition("-")[0])
    return whole and is_ours(engine.version)


def name_of(image: str) -> str:
    """Return an image's base name, without registry, tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]
