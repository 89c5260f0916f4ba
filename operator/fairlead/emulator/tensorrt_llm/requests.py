"""A completion or chat as TensorRT-LLM reads it: `serve/openai_protocol.py`.

Its schema forbids members that it does not have. Members that the emulation does not act on, and that clients would
miss, are refused by name. The types of the others are read as by vLLM: both use pydantic models.
"""

from collections.abc import Mapping
from typing import Final

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import fields, generation_requests
from fairlead.emulator.surface import structured_outputs as bounds
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldReader, JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.structured_outputs import OutputForm, StructuredOutput
from fairlead.emulator.tensorrt_llm import errors
from fairlead.engines.tensorrt_llm.memory import MEMORY

_ACTED_ON: Final[dict[str, FieldReader]] = {
    **{
        name: generation_requests.COMPLETION[name]
        for name in (
            *("model", "frequency_penalty", "presence_penalty", "repetition_penalty", "temperature", "top_p", "top_k"),
            *("min_p", "max_tokens", "min_tokens", "n", "seed", "stop", "stop_token_ids", "ignore_eos", "stream"),
            *("include_stop_str_in_output", "stream_options", "response_format", "echo"),
        )
    },
    "lora_request": fields.mapping,
}
_LEFT_ALONE: Final = (
    *("user", "logit_bias", "prompt_ignore_length", "top_p_min", "length_penalty", "early_stopping"),
    *("skip_special_tokens", "spaces_between_special_tokens", "add_special_tokens", "conversation_params"),
)
"""Nothing emulated depends on them."""
_NOT_EMULATED: Final = (
    *("best_of", "use_beam_search", "truncate_prompt_tokens", "thinking_token_budget", "disaggregated_params"),
    *("suffix", "return_context_logits", "prompt_token_ids", "prompt_token_ids_b64", "chat_template"),
)
_COMPLETION: Final[dict[str, FieldReader]] = {
    **_ACTED_ON,
    "prompt": fields.anything,
    "logprobs": fields.whole,
    **dict.fromkeys((*_LEFT_ALONE, *_NOT_EMULATED[:7], "detokenize"), fields.anything),
}
_CHAT: Final[dict[str, FieldReader]] = {
    **_ACTED_ON,
    "messages": fields.items,
    "max_completion_tokens": fields.whole,
    "logprobs": fields.flag,
    "top_logprobs": fields.whole,
    "tools": fields.items,
    "tool_choice": fields.anything,
    "cache_salt": fields.text,
    **dict.fromkeys((*_LEFT_ALONE, *_NOT_EMULATED[:5], *_NOT_EMULATED[7:]), fields.anything),
    **dict.fromkeys(
        (
            *("parallel_tool_calls", "reasoning_effort", "thinking", "documents", "chat_template_kwargs"),
            *("media_io_kwargs", "agent_hierarchy", "mm_processor_kwargs", "add_generation_prompt"),
        ),
        fields.anything,
    ),
}
_LORA: Final[dict[str, FieldReader]] = {
    "lora_name": fields.text,
    "lora_int_id": fields.whole,
    "lora_path": fields.text,
}


def completion(body: JsonObject) -> GenerationRequest:
    """Read a completion: model and prompt must be present."""
    found = _read(body, _COMPLETION, "prompt")
    if found.get("detokenize") is False:
        raise _not_emulated("detokenize")
    return _request(found, found.get("logprobs") or None)


def chat(body: JsonObject) -> GenerationRequest:
    """Read a chat: model and messages must be present."""
    found = _read(body, _CHAT, "messages")
    if found.get("echo"):
        raise _not_emulated("echo")
    return _request(found, max(1, found.get("top_logprobs", 0)) if found.get("logprobs") else None)


def settle(
    generation: GenerationRequest, prompts: list[list[int]], wanted: int | None, serve_arguments: ServeArguments
) -> None:
    """Refuse what is too long; then set the reply's token limit, form and adapter."""
    context, step = serve_arguments.context_tokens, serve_arguments.limits.batch_tokens or MEMORY.tokens
    longest = max(map(len, prompts))
    if longest + (1 if wanted is None else wanted) > context:
        raise errors.too_long(longest, wanted, context)
    if longest > step and not serve_arguments.limits.chunked_prefill:
        raise errors.not_in_one_step(longest, step)
    generation.sampling.max_tokens = context - longest if wanted is None else wanted
    _check(generation)
    if (
        generation.structured is not None
        and generation.structured.form is not OutputForm.CALL
        and not serve_arguments.answering.forms
    ):
        raise errors.bad_request("response_format needs guided_decoding_backend, which is not set. (simulated)")
    generation.adapter = _adapter(generation.body.get("lora_request"), serve_arguments)


def _read(body: JsonObject, kinds: Mapping[str, FieldReader], *names: str) -> JsonObject:
    strange = sorted(body.keys() - kinds.keys())
    if strange:
        raise errors.not_permitted(strange)
    found = fields.needed(body, kinds, "model", *names)
    for name in _NOT_EMULATED:
        if found.get(name):
            raise _not_emulated(name)
    options = found.get("stream_options")
    if options is not None:
        if not found.get("stream"):
            raise ErrorResponse(400, "Stream options can only be defined when stream is true.", "Bad Request")
        if options.get("continuous_usage_stats"):
            raise _not_emulated("stream_options.continuous_usage_stats")
        found["stream_options"] = {"include_usage": True} | options
    return found


def _request(found: JsonObject, logprobs: int | None) -> GenerationRequest:
    wanted = found.get("response_format")
    return generation_requests.of(found, logprobs=logprobs, structured=_bound(wanted), force_usage=False)


def _bound(wanted: JsonObject | None) -> StructuredOutput | None:
    """Read OpenAI's formats, and four of its own."""
    kind = None if wanted is None else wanted.get("type")
    if wanted is None or kind == "text":
        return None
    match kind:
        case "structural_tag":
            raise _not_emulated("response_format.type structural_tag")
        case "regex":
            return StructuredOutput(form=OutputForm.PATTERN, what=wanted.get("regex", ""))
        case "ebnf":
            return StructuredOutput(form=OutputForm.GRAMMAR, what=wanted.get("ebnf", ""))
        case "json" | "json_schema":
            schema = wanted.get("schema" if kind == "json" else "json_schema")
            if not isinstance(schema, dict):
                raise errors.bad_request(f"response_format of type {kind} needs its schema. (simulated)")
            schema = schema.get("schema", schema) if kind == "json_schema" else schema
            return bounds.formatted({"type": "json_schema", "json_schema": {"schema": schema}}, "body.response_format")
        case _:
            return bounds.formatted(wanted, "body.response_format")


def _adapter(request: JsonObject | None, serve_arguments: ServeArguments) -> str | None:
    """Return the adapter that a request names."""
    if request is None:
        return None
    found = fields.needed(request, _LORA, *_LORA)
    if not serve_arguments.limits.adapter_slots:
        raise errors.bad_request("lora_request: the server was started without lora_config. (simulated)")
    return str(found["lora_name"])


def _check(generation: GenerationRequest) -> None:
    """Refuse what cannot be a request; its own checks and their messages are not known."""
    sampling = generation.sampling
    for name, value in (("n", sampling.n), ("max_tokens", sampling.max_tokens)):
        if value < 1:
            raise errors.bad_request(f"{name} must be at least 1, got {value}. (simulated)")
    if not 0 <= sampling.min_tokens <= sampling.max_tokens:
        raise errors.bad_request(f"min_tokens must be in [0, max_tokens], got {sampling.min_tokens}. (simulated)")


def _not_emulated(name: str) -> ErrorResponse:
    why = f"{name}: TensorRT-LLM acts on it, and the simulated engine does not (simulated)"
    return ErrorResponse(501, why, "NotImplementedError")
