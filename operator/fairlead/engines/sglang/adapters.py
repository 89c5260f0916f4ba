"""LoRA adapters: the flags of SGLang 0.5.23, and how a request names an adapter."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from fairlead.engines import weight_paths
from fairlead.engines.http_api import AdapterRequests
from fairlead.fleet.desired_state import Adapter

SLOTS: Final = 8
"""Adapters kept on the GPU at once, without the base model's slot; the others wait in RAM."""


def arguments(adapters: Sequence[Adapter]) -> tuple[str, ...]:
    """Return all LoRA flags. The base model takes a slot as well; the modules follow from the adapters."""
    if not adapters:
        return ()
    named = (f"{one.name}={weight_paths.path_to_open(one.source, weight_paths.adapter_path(one))}" for one in adapters)
    return (
        "--enable-lora",
        *("--max-loras-per-batch", str(min(len(adapters), SLOTS) + 1)),
        *("--max-lora-rank", str(max(one.rank for one in adapters))),
        *("--lora-paths", *named),
    )


def members(base: str, adapter: str | None) -> Mapping[str, bytes]:
    """`srt/entrypoints/openai/serving_base.py: _resolve_lora_path`: the adapter follows the model's name and a colon.
    An adapter's name alone means the base model, and a client's own `lora_path` would choose an adapter that it may not
    use."""
    if adapter is None:
        return {"lora_path": b"null"}
    return {"model": json.dumps(f"{base}:{adapter}", ensure_ascii=False).encode()}


REQUESTS: Final = AdapterRequests(
    paths=frozenset(
        {
            b"/v1/chat/completions",
            b"/v1/completions",
            b"/v1/embeddings",
            b"/v1/messages",
            b"/v1/messages/count_tokens",
            b"/tokenize",
        }
    ),
    members=members,
)
"""`/v1/responses` reads an adapter's name and then answers as the base model (`serving_responses.py`)."""
