"""The configurations in which the suite starts a server; each is started once for all its cases."""

import json
from typing import Final

from tests.conformance import engines
from tests.conformance.servers import Configuration

KEY: Final = "sesame"
SLOTS: Final = 3
"""How many unfinished requests the narrow server accepts."""
BACKLOG: Final = 600
"""How many prompt tokens may wait in its queue."""
EVENTS: Final = {
    "enable_kv_cache_events": True,
    "publisher": "zmq",
    "topic": "kv-events",
    "endpoint": "tcp://127.0.0.1:{events}",
    "replay_endpoint": "tcp://127.0.0.1:{replay}",
}
"""To an endpoint with an address the publisher connects: the reader binds."""
COMPACT: Final = {"backend": "xgrammar", "disable_any_whitespace": True}

LASTING: Final = 2048
"""The context length where a reply must outlast what a test does meanwhile."""
PLAIN: Final = Configuration(name="plain", flags=("--structured-outputs-config", json.dumps(COMPACT)))
RICH: Final = Configuration(
    name="rich",
    flags=(
        *("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
        *("--enable-lora", "--max-loras", "1", "--max-lora-rank", "8", "--max-cpu-loras", "2"),
        *("--block-size", "32", "--prefix-caching-hash-algo", "sha256_cbor"),
        *("--kv-events-config", json.dumps(EVENTS)),
        *("--structured-outputs-config", json.dumps(COMPACT)),
        *("--enable-request-id-headers", "--enable-prompt-tokens-details"),
        *("--enable-server-load-tracking", "--enable-per-request-metrics"),
    ),
    environment={"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1", "VLLM_SERVER_DEV_MODE": "1"},
)
SGLANG: Final = Configuration(
    name="sglang",
    words=engines.SGLANG,
    flags=(
        *("--enable-metrics", "--enable-cache-report", "--decode-log-interval", "10"),
        *("--tool-call-parser", "hermes", "--lora-paths", "poet=/adapters/poet"),
    ),
)
SGLANG_DRAINING: Final = Configuration(
    name="sglang-draining", words=engines.SGLANG, context=LASTING, pace_ms=3.0, flags=("--enable-metrics",)
)
_OPTIONS: Final = (
    *("--enable_chunked_prefill", "--tool_parser", "qwen3", "--set=guided_decoding_backend=xgrammar"),
    *("--set=return_perf_metrics=true", "--set=enable_iter_perf_stats=true"),
)
"""In the format of Fairlead's options file."""
TENSORRT: Final = Configuration(
    name="tensorrt", words=engines.TENSORRT, flags=(*_OPTIONS, "--set=lora_config.lora_dir=[/adapters/poet]")
)
TENSORRT_LASTING: Final = Configuration(
    name="tensorrt-lasting", words=engines.TENSORRT, context=LASTING, pace_ms=3.0, flags=_OPTIONS
)
HELD: Final = 8192
"""The context length where a request holds the only slot until the test releases it, even on a slow machine."""
NARROW: Final = Configuration(
    name="narrow",
    context=HELD,
    flags=(
        *("--scheduling-policy", "priority", "--max-num-seqs", "1"),
        *("--max-num-queued-reqs", str(SLOTS), "--max-num-queued-tokens", str(BACKLOG)),
        *("--api-key", KEY),
    ),
    pace_ms=3.0,
    token=KEY,
)
SGLANG_NARROW: Final = Configuration(
    name="sglang-narrow",
    words=engines.SGLANG,
    context=HELD,
    flags=(
        *("--enable-metrics", "--decode-log-interval", "1"),
        *("--max-running-requests", "1", "--max-queued-requests", str(SLOTS - 1)),
        *("--enable-priority-scheduling", "--schedule-low-priority-values-first", "--disable-priority-preemption"),
        *("--api-key", KEY),
    ),
    pace_ms=3.0,
    token=KEY,
)
ROOM: Final = 11
"""Blocks of the cramped server that requests can use: it has one more, which no request gets."""
BLOCK: Final = 32
CRAMPED: Final = Configuration(
    name="cramped",
    context=8 * BLOCK,
    flags=(
        *("--num-gpu-blocks-override", str(ROOM + 1), "--block-size", str(BLOCK)),
        *("--prefix-caching-hash-algo", "sha256_cbor", "--kv-events-config", json.dumps(EVENTS)),
    ),
    pace_ms=3.0,
)
ABORTING: Final = Configuration(name="aborting", context=LASTING, pace_ms=3.0)
DRAINING: Final = Configuration(name="draining", context=LASTING, pace_ms=3.0, flags=("--shutdown-timeout", "30"))
HURRIED: Final = Configuration(name="hurried", context=LASTING, pace_ms=3.0, flags=("--shutdown-timeout", "1"))
