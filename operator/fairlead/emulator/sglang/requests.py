"""A completion or chat as SGLang 0.5.23 reads it: `srt/entrypoints/openai/protocol.py`, `sampling/sampling_params.py`.

Field types are read as by vLLM: both use pydantic models. Unknown fields are ignored.
"""

import math
from collections.abc import Callable
from typing import Final

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang import errors
from fairlead.emulator.surface import errors as shared_errors
from fairlead.emulator.surface import fields, generation_requests
from fairlead.emulator.surface import structured_outputs as bounds
from fairlead.emulator.surface.fields import FieldReader, JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.structured_outputs import OutputForm, StructuredOutput

_OWN: Final[dict[str, FieldReader]] = {
    "rid": fields.anything,
    "lora_path": fields.anything,
    "regex": fields.text,
    "ebnf": fields.text,
    "no_stop_trim": fields.flag,
    "return_token_ids": fields.flag,
    "cache_salt": fields.anything,
}
_NOT_TAKEN: Final = frozenset(
    {
        *("request_id", "structured_outputs", "include_stop_str_in_output", "prompt_logprobs", "truncation_side"),
        *("truncate_prompt_tokens", "return_tokens_as_token_ids", "return_prompt_text", "add_special_tokens"),
    }
)
"""vLLM's fields, which SGLang ignores."""
_COMPLETION: Final[dict[str, FieldReader]] = {
    **{name: kind for name, kind in generation_requests.COMPLETION.items() if name not in _NOT_TAKEN},
    **_OWN,
    "json_schema": fields.text,
}
_CHAT: Final[dict[str, FieldReader]] = {
    **{name: kind for name, kind in generation_requests.CHAT.items() if name not in _NOT_TAKEN | {"echo"}},
    **_OWN,
}
_KEPT_BACK: Final = 6
"""A prompt must be this many tokens shorter than the context and the KV cache: `srt/managers/tp_worker.py`."""
SamplingRule = tuple[str, Callable[[float], bool], str]
_RULES: Final[tuple[SamplingRule, ...]] = (
    (
        "temperature",
        lambda value: math.isfinite(value) and value >= 0,
        "temperature must be a non-negative finite number",
    ),
    ("top_p", lambda value: 0 < value <= 1, "top_p must be in (0, 1]"),
    ("min_p", lambda value: 0 <= value <= 1, "min_p must be in [0, 1]"),
    ("top_k", lambda value: value == -1 or value >= 1, "top_k must be -1 (disable) or at least 1"),
    ("frequency_penalty", lambda value: -2 <= value <= 2, "frequency_penalty must be in [-2, 2]"),
    ("presence_penalty", lambda value: -2 <= value <= 2, "presence_penalty must be in [-2, 2]"),
    ("repetition_penalty", lambda value: 0 < value <= 2, "repetition_penalty must be in (0, 2] (1.0 = no penalty)"),
)


def completion(body: JsonObject) -> GenerationRequest:
    """Read a completion: `max_tokens` must be positive, and a prompt present."""
    found = fields.needed(body, _COMPLETION, "prompt")
    if found.get("max_tokens", 1) <= 0:
        why = "Value error, max_tokens must be positive"
        raise shared_errors.invalid_body(
            shared_errors.detail("value_error", "body.max_tokens", why, found["max_tokens"])
        )
    prompt = found["prompt"]
    if not prompt or (isinstance(prompt, list) and all(part in ("", []) for part in prompt)):
        raise errors.bad_request("Prompt cannot be empty")
    return _request(found, found.get("logprobs"))


def chat(body: JsonObject) -> GenerationRequest:
    """Read a chat: messages must be present."""
    found = fields.needed(body, _CHAT, "messages")
    if not found["messages"]:
        raise errors.bad_request("Messages cannot be empty.")
    return _request(found, found.get("top_logprobs", 0) if found.get("logprobs") else None)


def settle(
    generation: GenerationRequest, prompts: list[list[int]], wanted: int | None, serve_arguments: ServeArguments
) -> None:
    """Refuse what is too long, or cut it if a flag says so; then set the reply's token limit."""
    context, pool = serve_arguments.context_tokens, serve_arguments.pool_tokens or serve_arguments.context_tokens
    most = min(context, pool)
    for prompt in prompts:
        if serve_arguments.answering.truncates:
            del prompt[most - _KEPT_BACK - 1 :]
        elif len(prompt) >= context:
            raise errors.longer_than_context(len(prompt), context)
        elif wanted is not None and len(prompt) + wanted > context:
            raise errors.too_many_together(len(prompt), wanted, context)
        elif len(prompt) >= most - _KEPT_BACK:
            raise errors.longer_than_pool(len(prompt), most - _KEPT_BACK)
    left = most - 2 - max(map(len, prompts))
    generation.sampling.max_tokens = left if wanted is None else min(wanted, left)
    _check(generation, wanted)


def _request(found: JsonObject, logprobs: int | None) -> GenerationRequest:
    if "no_stop_trim" in found:
        found["include_stop_str_in_output"] = found["no_stop_trim"]
    made = generation_requests.of(found, logprobs=logprobs, structured=_bound(found), force_usage=False)
    salt = found.get("cache_salt")
    made.salt = salt if isinstance(salt, str) else None
    if made.sampling.ignore_eos:  # a run showed: no token ends the reply then, not even a requested one
        made.sampling.stop_token_ids = ()
    return made


def _bound(found: JsonObject) -> StructuredOutput | None:
    """Read SGLang's own fields and OpenAI's `response_format`; more than one is an error."""
    own = [
        StructuredOutput(form=form, what=found[name])
        for name, form in (
            ("json_schema", OutputForm.SCHEMA),
            ("regex", OutputForm.PATTERN),
            ("ebnf", OutputForm.GRAMMAR),
        )
        if found.get(name)
    ]
    wanted = found.get("response_format")
    formatted = None if wanted is None or wanted.get("type") == "text" else bounds.formatted(wanted, "body")
    several = [*own, *([formatted] if formatted is not None else [])]
    if len(several) > 1:
        raise errors.bad_request("Only one of json_schema, regex, ebnf, or structural_tag can be set.")
    return several[0] if several else None


def _check(generation: GenerationRequest, wanted: int | None) -> None:
    """`SamplingParams.verify`; the first failure is the error."""
    for name, holds, why in _RULES:
        value = generation.body.get(name)
        if value is not None and not holds(value):
            raise errors.bad_request(f"{why}, got {value}.")
    least = generation.sampling.min_tokens
    if least < 0 or (wanted is not None and least > wanted):
        span = "[0, max_new_tokens]" if least < 0 else f"[0, max_new_tokens({wanted})]"
        raise errors.bad_request(f"min_new_tokens must be in {span}, got {least}.")
    if generation.sampling.n < 1:
        raise errors.bad_request(f"n must be at least 1, got {generation.sampling.n}.")
