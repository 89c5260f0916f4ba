"""A completion or chat request as vLLM reads it: the few fields a pretended engine acts on, and its refusals.

Unknown fields are passed over, as vLLM does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from fairlead.simulator import refused
from fairlead.simulator.command import Served

COMPLETION_TOKENS: Final = 16
"""The completions endpoint's own default of `max_tokens`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    model: str
    chat: bool
    prompt: str
    prompt_tokens: int
    max_tokens: int
    min_tokens: int = 0
    ignore_end: bool = False
    stream: bool = False
    usage_chunk: bool = False


def read(body: bytes, chat: bool, served: Served) -> Asked:
    """The request, or `Refused` in vLLM's words."""
    told = parsed(body)
    model = told.get("model") or served.names[0]
    if model not in served.callable_names:
        raise refused.unknown_model(str(model), served.callable_names)
    prompt, tokens = prompt_of(told)
    options = told.get("stream_options") or {}
    stream = bool(told.get("stream"))
    if options and not stream:
        raise refused.unread("value_error", "body", "Stream options can only be defined when `stream=True`.")
    if told.get("n") not in (None, 1):
        raise refused.bad(f"n={told['n']}: the simulated engine answers one choice; leave n out", "n")
    return Asked(
        model=model,
        chat=chat,
        prompt=prompt,
        prompt_tokens=tokens,
        max_tokens=_max_tokens(told, chat, tokens, served.context_tokens),
        min_tokens=_count(told, "min_tokens") or 0,
        ignore_end=bool(told.get("ignore_eos")),
        stream=stream,
        usage_chunk=bool(options.get("include_usage")),
    )


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of the body."""
    try:
        told = json.loads(body)
    except ValueError as problem:
        where = f"body.{getattr(problem, 'pos', 0)}"
        raise refused.unread("json_invalid", where, "JSON decode error") from None
    if not isinstance(told, dict):
        raise refused.unread("model_attributes_type", "body", "Input should be a valid dictionary")
    return told


def prompt_of(told: Mapping[str, Any]) -> tuple[str, int]:
    """The prompt as one text and its length; words count as tokens, token numbers as themselves."""
    prompt = told["messages"] if "messages" in told else told.get("prompt")
    match prompt:
        case None | "" | []:
            raise refused.bad("Either prompt or prompt_embeds must be provided and non-empty.")
        case str():
            text = prompt
        case [str(only)]:
            text = only
        case [dict(), *_]:
            text = "\n".join(_said(message) for message in prompt)
        case [int(), *_]:
            return " ".join(map(str, prompt)), len(prompt)
        case _:
            raise refused.bad("prompt: the simulated engine answers one prompt a request; send the others apart")
    return text, max(1, len(text.split()))


def _said(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content)
    return f"{message.get('role', 'user')} {content}"


def _max_tokens(told: Mapping[str, Any], chat: bool, prompt_tokens: int, context: int) -> int:
    """What may be generated; as vLLM, quietly capped by the context that is left."""
    wanted = _count(told, "max_completion_tokens") or _count(told, "max_tokens")
    if wanted is not None and wanted > context:
        why = f"max_tokens={wanted} cannot be greater than max_model_len={context}. Please request fewer output tokens."
        raise refused.bad(f"{why} (parameter=max_tokens, value={wanted})", "max_tokens")
    if prompt_tokens >= context:
        why = (
            f"This model's maximum context length is {context} tokens. However, your prompt contains at least "
            f"{context + 1} input tokens. (parameter=input_tokens, value={context + 1})"
        )
        raise refused.bad(why, "input_tokens")
    default = context if chat else COMPLETION_TOKENS
    return min(wanted or default, context - prompt_tokens)


def _count(told: Mapping[str, Any], field: str) -> int | None:
    """A count of tokens; `min_tokens` may be none."""
    count = told.get(field)
    if count is None:
        return None
    if not isinstance(count, int) or isinstance(count, bool):
        raise refused.unread("int_type", f"body.{field}", "Input should be a valid integer")
    least = 0 if field == "min_tokens" else 1
    if count < least:
        raise refused.bad(f"{field} must be at least {least}, got {count}. (parameter={field}, value={count})", field)
    return count
