"""Images, audio and video in a conversation: the errors of a model that does not accept them, as in vLLM."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.fields import Json, JsonObject
from fairlead.engines.vllm import prompt_items

_MODALITIES: Final = {
    "image": "image",
    "image_url": "image",
    "image_pil": "image",
    "input_image": "image",
    "audio_url": "audio",
    "input_audio": "audio",
    "video_url": "video",
}
"""Modality by the type of a part; `image` is Anthropic's, which vLLM reads as an `image_url`."""
_EMBEDDED: Final = ("image_embeds", "audio_embeds", "video_embeds")


@dataclass(frozen=True, slots=True)
class Modalities:
    """What the model accepts besides text."""

    model: str
    """The model's name in error messages."""
    multimodal: bool
    language_only: bool = False
    """Whether a multimodal model was started with `--language-model-only`."""
    limits: Mapping[str, object] = field(default_factory=dict)
    """How many one prompt may hold of each: the JSON of `--limit-mm-per-prompt`; of others any number."""

    def is_exceeded(self, modality: str, number: int) -> bool:
        """Whether one prompt may not hold so many."""
        limited = self.language_only or modality in self.limits
        return limited and number > self.most(modality)

    def most(self, modality: str) -> int:
        """Return how many one prompt may hold."""
        return 0 if self.language_only else prompt_items.of_kind(self.limits, modality)


def check(messages: Sequence[JsonObject], modalities: Modalities) -> None:
    """Refuse the first part that the model does not accept, or that is one too many: all messages are one prompt."""
    found = Counter[str]()
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict):
                _check(_kind(part), modalities, found)


def _check(kind: str, modalities: Modalities, found: Counter[str]) -> None:
    """`multimodal/processing/context.py: validate_num_items`."""
    modality = _MODALITIES.get(kind)
    if not modalities.multimodal and modality is not None:
        raise errors.bad_request(f"{modalities.model} is not a multimodal model")
    if not modalities.multimodal and kind in _EMBEDDED:
        raise errors.bad_request("The model is not multimodal.")
    if modality is None:
        return
    found[modality] += 1
    if modalities.is_exceeded(modality, found[modality]):
        most = modalities.most(modality)
        raise errors.bad_request(f"At most {most} {modality}(s) may be provided in one prompt.", modality)


def _kind(part: Json) -> str:
    """Without `type`, a part may have a field with the type's name instead."""
    kind = part.get("type")
    return str(kind) if kind is not None else next((one for one in _MODALITIES if one in part), "text")
