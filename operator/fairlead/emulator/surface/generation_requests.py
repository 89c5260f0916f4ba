"""A completion, chat or responses request as vLLM reads it: every field that the emulator acts on.

Types are checked here and values in `sampling_checks`; `prompts` reads the prompt. Unknown fields are ignored.
"""

from dataclasses import dataclass, field
from typing import Final

from fairlead.emulator.surface import errors, fields
from fairlead.emulator.surface.fields import FieldReader, Json, JsonObject
from fairlead.emulator.surface.structured_outputs import StructuredOutput

COMPLETION_TOKENS: Final = 16
"""The completions endpoint's default `max_tokens`."""

_SHARED: Final[dict[str, FieldReader]] = {
    "model": fields.text,
    "request_id": fields.text,
    "frequency_penalty": fields.number,
    "presence_penalty": fields.number,
    "repetition_penalty": fields.number,
    "temperature": fields.number,
    "top_p": fields.number,
    "top_k": fields.whole,
    "min_p": fields.number,
    "max_tokens": fields.whole,
    "min_tokens": fields.whole,
    "n": fields.whole,
    "seed": fields.whole,
    "stop": fields.texts,
    "stop_token_ids": fields.wholes,
    "include_stop_str_in_output": fields.flag,
    "ignore_eos": fields.flag,
    "stream": fields.flag,
    "stream_options": fields.mapping,
    "prompt_logprobs": fields.whole,
    "echo": fields.flag,
    "return_token_ids": fields.flag,
    "return_tokens_as_token_ids": fields.flag,
    "priority": fields.whole,
    "cache_salt": fields.anything,
    "response_format": fields.mapping,
    "structured_outputs": fields.mapping,
    "truncate_prompt_tokens": fields.whole,
    "truncation_side": fields.text,
}
COMPLETION: Final[dict[str, FieldReader]] = {
    **_SHARED,
    "prompt": fields.anything,
    "logprobs": fields.whole,
    "suffix": fields.text,
    "add_special_tokens": fields.flag,
}
CHAT: Final[dict[str, FieldReader]] = {
    **_SHARED,
    "messages": fields.items,
    "max_completion_tokens": fields.whole,
    "logprobs": fields.flag,
    "top_logprobs": fields.whole,
    "tools": fields.items,
    "tool_choice": fields.anything,
    "add_generation_prompt": fields.flag,
    "continue_final_message": fields.flag,
    "return_prompt_text": fields.flag,
    "parallel_tool_calls": fields.flag,
    "include_reasoning": fields.flag,
}


@dataclass(slots=True, kw_only=True)
class SamplingParams:
    """vLLM's numeric sampling parameters; absent ones have its defaults."""

    n: int = 1
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int = COMPLETION_TOKENS
    """As requested, capped by the remaining context."""
    min_tokens: int = 0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    include_stop: bool = False
    ignore_eos: bool = False
    logprobs: int | None = None
    """Number of alternatives to return for each token; absent: no logprobs."""
    prompt_logprobs: int | None = None


@dataclass(slots=True, kw_only=True)
class GenerationRequest:
    """One generation request."""

    model: str | None
    """The model's name in the request, if any."""
    adapter: str | None = None
    """An adapter given beside the model; the model's name may also name one."""
    sampling: SamplingParams
    stream: bool = False
    include_usage: bool = False
    continuous_usage: bool = False
    echo: bool = False
    token_ids: bool = False
    """Whether the response has token ids beside texts."""
    tokens_as_ids: bool = False
    """Whether tokens in logprobs are written as `token_id:N`."""
    prompt_text: bool = False
    priority: int = 0
    salt: str | None = None
    request_id: str | None = None
    structured: StructuredOutput | None = None
    body: JsonObject = field(default_factory=dict)
    """The known fields, for those that only one endpoint reads."""


def of(
    found: JsonObject, *, logprobs: int | None, structured: StructuredOutput | None, force_usage: bool
) -> GenerationRequest:
    """Build the request from the checked fields of a completion or chat."""
    options = found.get("stream_options") or {}
    usage = force_usage or bool(options.get("include_usage"))
    return GenerationRequest(
        model=found.get("model"),
        sampling=sampling_of(found, logprobs),
        stream=found.get("stream", False),
        include_usage=usage,
        continuous_usage=usage and (force_usage or bool(options.get("continuous_usage_stats"))),
        echo=found.get("echo", False),
        token_ids=found.get("return_token_ids", False),
        tokens_as_ids=found.get("return_tokens_as_token_ids", False),
        prompt_text=found.get("return_prompt_text", False),
        priority=found.get("priority", 0),
        salt=found.get("cache_salt"),
        request_id=found.get("request_id"),
        structured=structured,
        body=found,
    )


def sampling_of(found: JsonObject, logprobs: int | None) -> SamplingParams:
    """Return the sampling parameters; `max_tokens` is not capped yet."""
    plain = {name: found[name] for name in _PLAIN if name in found}
    return SamplingParams(
        **plain,
        stop=tuple(found.get("stop", ())),
        stop_token_ids=tuple(found.get("stop_token_ids", ())),
        include_stop=found.get("include_stop_str_in_output", False),
        logprobs=logprobs,
    )


_PLAIN: Final = (
    *("n", "temperature", "top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty"),
    *("min_tokens", "seed", "ignore_eos", "prompt_logprobs"),
)


def check_shared(body: Json) -> None:
    """Check what vLLM checks in the raw body, before the types of fields."""
    if body.get("stream_options") and not body.get("stream"):
        raise errors.bad_request("Stream options can only be defined when `stream=True`.", "stream_options")
    salt = body.get("cache_salt")
    if salt is not None and (not isinstance(salt, str) or not salt):
        raise errors.bad_request("Parameter 'cache_salt' must be a non-empty string if provided.", "cache_salt")
    if salt is not None and (len(salt) > 128 or any(letter in salt for letter in "@/\\\x00")):
        why = "Parameter 'cache_salt' must be at most 128 characters and must not contain '@', '/', '\\\\', or NUL."
        raise errors.bad_request(why, "cache_salt")
    _check_prompt_logprobs(body)


def check_count(body: Json, name: str) -> None:
    """Check a number of alternatives: none, some, or -1 for all."""
    count = body.get(name)
    if count is None:
        return
    if not isinstance(count, int | float):
        raise errors.bad_request(f"`{name}` must be an integer.", name, count)
    if count < 0 and count != -1:
        raise errors.bad_request(f"`{name}` must be a positive value or -1.", name, count)


def _check_prompt_logprobs(body: Json) -> None:
    check_count(body, "prompt_logprobs")
    wanted = body.get("prompt_logprobs") or 0
    if body.get("stream") and wanted:
        raise errors.bad_request("`prompt_logprobs` are not available when `stream=True`.", "prompt_logprobs")
