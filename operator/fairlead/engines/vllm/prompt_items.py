"""How many images or videos one prompt may hold: `config/multimodal.py: MultiModalConfig.get_limit_per_prompt`."""

from collections.abc import Mapping
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm import json_flags
from fairlead.fleet.engine_memory import PROMPT_IMAGES

FLAG: Final = "--limit-mm-per-prompt"
_NO_VIDEOS: Final = frozenset({"gemma3_text", "llama4_text", "mistral", "ministral3", "granite"})
"""Families that see images alone; another one's tower may encode videos too."""


def most(setup: EngineSetup) -> int:
    """Return how many images or videos the extra arguments allow."""
    family = None if setup.shape is None else setup.shape.family
    return of_family(json_flags.keys(setup, FLAG), family)


def of_family(limits: Mapping[str, object], family: str | None) -> int:
    """Return the limit of images, or that of videos if the family may see them and more are allowed."""
    images, videos = (of_kind(limits, kind) for kind in ("image", "video"))
    return images if family in _NO_VIDEOS else max(images, videos)


def of_kind(limits: Mapping[str, object], kind: str) -> int:
    """Return a limit, which may be written as an object with the count and sizes; vLLM refuses what is no number."""
    limit = limits.get(kind)
    count = limit.get("count") if isinstance(limit, Mapping) else limit
    return count if type(count) is int and count >= 0 else PROMPT_IMAGES
