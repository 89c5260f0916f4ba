"""vLLM 0.32's HTTP server: its port, pages, tokenizer, and how it is put to sleep."""

from typing import Final

from fairlead.engines.http_api import AdapterEndpoints, ErrorShapes, HttpApi, SleepEndpoints, Tokenizer, token_count
from fairlead.engines.quick_load import QuickLoadReader
from fairlead.engines.vllm import errors, metrics

SLEEP: Final = SleepEndpoints(sleep="/sleep?level=1&mode=wait", wake="/wake_up")
"""Two of its development endpoints. Level 1 moves the weights to main memory and drops the KV cache. `wait` lets
running requests end first; a request after that hangs until the engine wakes, so routers must have dropped it."""
HOT_ADAPTERS: Final = AdapterEndpoints(
    load="/v1/load_lora_adapter", unload="/v1/unload_lora_adapter", name="lora_name", folder="lora_path"
)
BATCH_OF_CHATS: Final = b"/v1/chat/completions/batch"
"""Routers cannot apply limits, salts and rates to it."""


API: Final = HttpApi(
    provider="vllm",
    port=8000,
    metrics_path="/metrics",
    models_path="/v1/models",
    quick_load=QuickLoadReader(metrics.NAMES).read,
    errors=ErrorShapes(
        begins_with_error=errors.begins_with_error,
        error_class=errors.error_class,
        lost_adapter=errors.lost_adapter,
    ),
    tokenizer=Tokenizer(path=b"/tokenize", count=token_count),
    priority_header=b"x-vllm-priority",
    sleep=SLEEP,
    hot_adapters=HOT_ADAPTERS,
    hidden=frozenset((HOT_ADAPTERS.load.encode(), HOT_ADAPTERS.unload.encode(), BATCH_OF_CHATS)),
    salts_all=True,
)
