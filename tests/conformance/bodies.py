"""The keys of vLLM's answers in their order, and helpers that read a stream's chunks."""

from collections.abc import Sequence
from typing import Final

from tests.conformance.endpoint import Json

CHOICE: Final = (
    *("index", "text", "logprobs", "finish_reason", "stop_reason"),
    *("token_ids", "prompt_logprobs", "prompt_token_ids", "routed_experts"),
)
COMPLETION: Final = (
    *("id", "object", "created", "model", "choices", "service_tier", "system_fingerprint", "usage"),
    *("kv_transfer_params", "ec_transfer_params", "metrics"),
)
USAGE: Final = (
    *("prompt_tokens", "total_tokens", "completion_tokens"),
    *("prompt_tokens_details", "completion_tokens_details"),
)
CHAT: Final = (
    *("id", "object", "created", "model", "choices", "service_tier", "system_fingerprint", "usage"),
    *("prompt_logprobs", "prompt_token_ids", "prompt_text", "kv_transfer_params", "ec_transfer_params", "metrics"),
)
CHAT_CHOICE: Final = ("index", "message", "logprobs", "finish_reason", "stop_reason", "token_ids", "routed_experts")
MESSAGE: Final = ("role", "content", "refusal", "annotations", "audio", "function_call", "reasoning")
CHUNK: Final = ("id", "object", "created", "model", "choices")
CHUNK_CHOICE: Final = (
    *("index", "text", "logprobs", "finish_reason", "stop_reason"),
    *("prompt_token_ids", "token_ids"),
)
DELTA_CHOICE: Final = ("index", "delta", "logprobs", "finish_reason", "token_ids")
LAST_DELTA_CHOICE: Final = ("index", "delta", "logprobs", "finish_reason", "stop_reason", "token_ids")
CARD: Final = ("id", "object", "created", "owned_by", "root", "parent", "max_model_len", "permission")


def text(chunks: Sequence[Json], index: int = 0) -> str:
    """The text of one choice of a completion stream."""
    return "".join(choice["text"] for chunk in chunks for choice in chunk["choices"] if choice["index"] == index)


def spoken(chunks: Sequence[Json], index: int = 0) -> str:
    """The text of one choice of a chat stream."""
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"] if choice["index"] == index]
    return "".join(delta.get("content") or "" for delta in deltas)


def finishes(chunks: Sequence[Json]) -> list[str]:
    """The finish reasons of a stream's choices, in the order in which they ended."""
    reasons = [choice.get("finish_reason") for chunk in chunks for choice in chunk["choices"]]
    return [reason for reason in reasons if reason is not None]


def usage(prompt: int, completion: int) -> dict[str, int]:
    """Two numbers and their sum."""
    return {"prompt_tokens": prompt, "total_tokens": prompt + completion, "completion_tokens": completion}
