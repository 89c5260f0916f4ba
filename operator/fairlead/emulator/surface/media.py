"""Images, audio and video in a conversation: the errors of a model that does not accept them, as in vLLM."""

from dataclasses import dataclass
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.fields import Json, JsonObject

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


def check(message: JsonObject, modalities: Modalities) -> None:
    """Refuse the first part that the model does not accept."""
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict):
            _check(_kind(part), modalities)


def _check(kind: str, modalities: Modalities) -> None:
    modality = _MODALITIES.get(kind)
    if not modalities.multimodal and modality is not None:
        raise errors.bad_request(f"{modalities.model} is not a multimodal model")
    if not modalities.multimodal and kind in _EMBEDDED:
        raise errors.bad_request("The model is not multimodal.")
    if modalities.language_only and modality is not None:
        raise errors.bad_request(f"At most 0 {modality}(s) may be provided in one prompt.", modality)


def _kind(part: Json) -> str:
    """Without `type`, a part may have a field with the type's name instead."""
    kind = part.get("type")
    return str(kind) if kind is not None else next((one for one in _MODALITIES if one in part), "text")
