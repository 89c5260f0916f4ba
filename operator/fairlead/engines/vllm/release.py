"""Which engines these tables are whole for: what they do not name, such an engine does not have."""

from typing import Final

from fairlead.fleet.desired_state import DesiredEngine, EngineKind

RELEASE: Final = "0.32"
_IMAGE: Final = "vllm-openai"
"""The project's own, or a mirror's copy of it."""


def is_ours(version: str) -> bool:
    """Whether this is the release that the tables were read in."""
    return version == RELEASE or version.startswith(RELEASE + ".")


def is_whole(engine: DesiredEngine) -> bool:
    """Whether nothing but this release can be in its image: one of somebody's own may have more in it."""
    return is_ours(engine.version) and (engine.kind is EngineKind.SIMULATED or _is_released(engine.image))


def _is_released(image: str) -> bool:
    """By its tag; a digest alone says no version."""
    name, _, tag = image.partition("@")[0].rpartition("/")[2].partition(":")
    return name == _IMAGE and is_ours(tag.removeprefix("v").partition("-")[0])
