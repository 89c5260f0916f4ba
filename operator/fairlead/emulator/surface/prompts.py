"""Prompts as token ids: texts, ids, batches of both, and conversations. Prompts that are too long are refused.

The chat template is simple: for each message a token of its role, its text, and the end token; then the assistant's
token. So a conversation's ids begin with those of its earlier turns, including the engine's replies.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.emulator.surface import errors, fields, media
from fairlead.emulator.surface.fields import Json, JsonObject
from fairlead.emulator.surface.media import Modalities
from fairlead.emulator.text.tokenizer import Tokenizer

_ROLES: Final = ("developer", "system", "user", "assistant", "tool", "function")
_PICTURE_TOKENS: Final = 256
"""Prompt tokens of an image, an audio clip or a video; real models differ widely."""


@dataclass(frozen=True, slots=True)
class PromptLimits:
    """The limits of a prompt, and how it is tokenized."""

    context: int
    tokenizer: Tokenizer
    truncate: int | None = None
    """Tokens to keep of each prompt; -1: as many as fit."""
    keep_left: bool = False
    modalities: Modalities | None = None
    """Absent: the model accepts every kind of part."""
    between_parts: str = "\n"
    """Separator between the texts of one message."""


def of_completion(prompt: Json, limits: PromptLimits) -> list[list[int]]:
    """Return a list of ids for each prompt: a text, a list of texts, a list of ids, or a list of such lists."""
    if prompt is None or prompt == "":
        raise errors.bad_request("Either prompt or prompt_embeds must be provided and non-empty.", "prompt")
    if isinstance(prompt, str):
        return [_of_text(prompt, limits)]
    if not isinstance(prompt, list):
        raise errors.invalid_body(errors.detail("string_type", "body.prompt", "Input should be a valid string", prompt))
    if not prompt:
        raise errors.bad_request("You must pass at least one prompt")
    if all(type(item) is int for item in prompt) and min(prompt) >= 0:
        return [_of_ids(prompt, limits)]
    if all(isinstance(item, str) for item in prompt):
        return [_of_text(item, limits) for item in prompt]
    return [_of_ids(ids, limits) for ids in _lists_of_ids(prompt)]


def of_chat(
    messages: Sequence[Json], limits: PromptLimits, *, answer: bool = True, tools: Sequence[Json] = ()
) -> list[int]:
    """Return the ids of a conversation; its tools come first, as a system message."""
    if not messages:
        raise errors.bad_request("Cannot apply chat template to an empty conversation. Provide at least one message.")
    turns = [(_role(message, place), text_of(message, limits.between_parts)) for place, message in enumerate(messages)]
    if limits.modalities is not None:
        media.check(messages, limits.modalities)
    if tools:
        turns.insert(0, ("system", json.dumps(tools)))
    _check_text(sum(len(role) + len(text) + 4 for role, text in turns), limits)
    tokenizer = limits.tokenizer
    ids: list[int] = []
    for role, text in turns:
        ids += (tokenizer.roles.get(role, tokenizer.roles["tool"]), *tokenizer.encode(text), tokenizer.end)
    if answer:
        ids.append(tokenizer.roles["assistant"])
    for message in messages:
        ids += [tokenizer.end] * (_PICTURE_TOKENS * _pictures(message))
    return check_ids(ids, limits)


def text_of(message: JsonObject, between: str) -> str:
    """Return the text of all parts of a message, with its tool calls as JSON."""
    content = message.get("content") or ""
    if isinstance(content, list):
        content = between.join(_text_of_part(part) for part in content if not _is_picture(part))
    calls = message.get("tool_calls")
    return str(content) + (json.dumps(calls) if calls else "")


def check_ids(ids: list[int], limits: PromptLimits) -> list[int]:
    """Truncate if the request says so; refuse a prompt that is too long."""
    if limits.truncate is not None:
        if limits.truncate < -1:
            why = "Input should be greater than or equal to -1"
            problem = errors.detail("greater_than_equal", "body.truncate_prompt_tokens", why, limits.truncate)
            raise errors.invalid_body(problem | {"ctx": {"ge": -1}})
        kept = limits.context - 1 if limits.truncate == -1 else limits.truncate
        ids = ids[:kept] if limits.keep_left else ids[max(0, len(ids) - kept) :]
    if len(ids) > limits.context:
        most = "at least " if len(ids) == limits.context + 1 else ""
        why = f"contains {most}{len(ids)} input tokens, which exceeds this limit even without any output tokens."
        raise errors.bad_request(f"{_length_advice(limits)} {why} {_SHORTER}", "input_tokens", len(ids))
    return ids


_SHORTER: Final = "Please reduce the length of the input prompt."


def _length_advice(limits: PromptLimits) -> str:
    return f"This model's maximum context length is {limits.context} tokens. However, your prompt"


def _lists_of_ids(prompt: list[Json]) -> list[list[int]]:
    """Read a list of ids, or of such lists. Any other value is refused with pydantic's errors for each form."""
    flat = list(_invalid_ids(prompt, "body.prompt"))
    if not flat:
        return [fields.wholes(prompt, "body.prompt")]
    nested: list[fields.ErrorDetail] = []
    for place, item in enumerate(prompt):
        where = f"body.prompt.{place}"
        if isinstance(item, list):
            nested += _invalid_ids(item, where)
        else:
            nested.append(errors.detail("list_type", where, "Input should be a valid list", item))
    if not nested:
        return [fields.wholes(item, "body.prompt") for item in prompt]
    no_text = errors.detail("string_type", "body.prompt", "Input should be a valid string", prompt)
    no_texts = [
        errors.detail("string_type", f"body.prompt.{place}", "Input should be a valid string", item)
        for place, item in enumerate(prompt)
        if not isinstance(item, str)
    ]
    raise errors.invalid_body(*flat, *nested, no_text, *no_texts)


def _invalid_ids(ids: list[Json], where: str) -> Iterator[fields.ErrorDetail]:
    """Yield an error for each item that is not a token id."""
    for place, item in enumerate(ids):
        try:
            number = fields.whole(item, f"{where}.{place}")
        except fields.FieldTypeError as problem:
            yield problem.detail
            continue
        if number < 0:
            why = "Input should be greater than or equal to 0"
            yield errors.detail("greater_than_equal", f"{where}.{place}", why, item) | {"ctx": {"ge": 0}}


def _of_text(text: str, limits: PromptLimits) -> list[int]:
    _check_text(len(text), limits)
    return check_ids(limits.tokenizer.encode(text), limits)


def _check_text(length: int, limits: PromptLimits) -> None:
    """Refuse a text before it is tokenized if it could not fit even with the longest tokens, as in vLLM."""
    most = limits.context * limits.tokenizer.longest
    if length > most and limits.truncate is None:
        why = (
            f"contains {length} characters (more than {most} characters, which is the upper bound for "
            f"{limits.context} input tokens)."
        )
        raise errors.bad_request(f"{_length_advice(limits)} {why} {_SHORTER}", "input_text", length)


def _of_ids(ids: list[int], limits: PromptLimits) -> list[int]:
    if not ids:
        raise errors.bad_request("You must pass at least one prompt")
    checked = check_ids(ids, limits)
    if (most := max(ids)) >= limits.tokenizer.vocabulary:
        raise errors.bad_request(f"Token id {most} is out of vocabulary")
    return checked


def _role(message: Json, place: int) -> str:
    where = f"body.messages.{place}"
    if not isinstance(message, dict):
        raise errors.invalid_body(errors.detail("dict_type", where, "Input should be a valid dictionary", message))
    role = message.get("role")
    if role is None:
        raise errors.invalid_body(errors.detail("missing", f"{where}.role", "Field required", message))
    if not isinstance(role, str):
        expected = ", ".join(f"'{name}'" for name in _ROLES)
        problem = errors.detail("literal_error", f"{where}.role", f"Input should be {expected}", role)
        raise errors.invalid_body(problem | {"ctx": {"expected": expected}})
    return role


def _pictures(message: JsonObject) -> int:
    content = message.get("content")
    if not isinstance(content, list):
        return 0
    return sum(map(_is_picture, content))


def _is_picture(part: Json) -> bool:
    return isinstance(part, dict) and part.get("type", "text") not in ("text", "refusal")


def _text_of_part(part: Json) -> str:
    return str(part.get("text", "")) if isinstance(part, dict) else str(part)
