"""The families of SGLang 0.5.23 that the emulator exposes: `srt/observability/metrics_collector.py`.

The real server's page has twice as many; the missing ones describe parts that are not emulated. Labels common to all
families of its scheduler or of its server are not listed.
"""

from typing import Final

from fairlead.telemetry.metric_family import MetricPrefix

_SGLANG: Final = MetricPrefix("sglang:", bound_format="")

MODES: Final = ("prefill_compute", "prefill_cache", "decode")
PREFILL: Final = "prefill_forward"
HITS: Final = ("input", "device_hit", "host_hit", "storage_hit")

_FIRST_TOKEN: Final = (
    *(0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 20.0, 40.0, 60.0, 80.0, 100.0, 200.0, 400.0),
)
_END_TO_END: Final = (*_FIRST_TOKEN, 600.0, 1200.0, 1800.0, 2400.0)
_TOKEN: Final = (
    *(0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8),
    *(1.0, 2.0, 4.0, 6.0, 8.0),
)
_QUEUE: Final = (
    *(0.0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0),
    *(60.0, 70.0, 80.0, 90.0, 100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0, 1000.0, 1200.0),
    *(1400.0, 1600.0, 1800.0, 2000.0, 2500.0, 3000.0),
)
_STAGE: Final = tuple(0.001 * 1.62**step for step in range(30))
_SIZE: Final = (
    *(100.0, 300.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0, 7000.0, 8000.0, 9000.0),
    *(10000.0, 12500.0, 15000.0, 17500.0, 20000.0, 22500.0, 25000.0, 27500.0, 30000.0, 35000.0, 40000.0, 60000.0),
    *(80000.0, 100000.0, 200000.0, 300000.0, 400000.0, 600000.0, 800000.0, 1000000.0, 1100000.0),
)

RUNNING: Final = _SGLANG.gauge("num_running_reqs", "Requests in the batch.")
WAITING: Final = _SGLANG.gauge("num_queue_reqs", "Requests that wait for the batch.")
COMPILING: Final = _SGLANG.gauge("num_grammar_queue_reqs", "Requests whose grammar is compiled.")
USAGE: Final = _SGLANG.gauge("token_usage", "Share of the KV cache in use, 1 being all of it.")
FULL_USAGE: Final = _SGLANG.gauge("full_token_usage", "The same for layers with full attention.")
USED: Final = _SGLANG.gauge("num_used_tokens", "Tokens of the KV cache in use.")
CAPACITY: Final = _SGLANG.gauge("max_total_num_tokens", "Tokens that the KV cache holds.")
PAGE: Final = _SGLANG.gauge("page_size", "Tokens of one page of the KV cache.")
CONTEXT: Final = _SGLANG.gauge("context_len", "Tokens of the longest request.")
HIT_RATE: Final = _SGLANG.gauge("cache_hit_rate", "Share of the last prompts that the cache held.")
RETRACTED_NOW: Final = _SGLANG.gauge("num_retracted_reqs", "Requests put back at the last update.", "pid")
SLOTS_USED: Final = _SGLANG.gauge("lora_pool_slots_used", "Adapters on the GPU.")
SLOTS: Final = _SGLANG.gauge("lora_pool_slots_total", "Adapters for which the GPU has room.")

TOKENS: Final = _SGLANG.counter("realtime_tokens", "Tokens computed, as of the last update.", "mode")
EFFECTIVE: Final = _SGLANG.counter("prefill_effective_tokens", "Prompt tokens by where they came from.", "mode")
RETRACTED: Final = _SGLANG.counter("num_retracted_requests", "Requests put back because memory was short.")

PROMPT: Final = _SGLANG.counter("prompt_tokens", "Prompt tokens of requests that ended.", "is_streaming")
GENERATED: Final = _SGLANG.counter("generation_tokens", "Generated tokens of requests that ended.", "is_streaming")
CACHED: Final = _SGLANG.counter("cached_tokens", "Prompt tokens that the cache held.", "cache_source")
REQUESTS: Final = _SGLANG.counter("num_requests", "Requests that ended.", "is_streaming")
ABORTED: Final = _SGLANG.counter("num_aborted_requests", "Requests that were broken off.")

FIRST_TOKEN: Final = _SGLANG.histogram(
    "time_to_first_token_seconds", "From arrival to the first token that is reported.", _FIRST_TOKEN, "is_streaming"
)
INTER_TOKEN: Final = _SGLANG.histogram("inter_token_latency_seconds", "From one output to the next.", _TOKEN)
PER_TOKEN: Final = _SGLANG.histogram(
    "request_time_per_output_token_seconds", "Mean time a token, by request.", _TOKEN, "is_streaming"
)
END_TO_END: Final = _SGLANG.histogram(
    "e2e_request_latency_seconds", "From arrival to the end.", _END_TO_END, "is_streaming"
)
STAGE: Final = _SGLANG.histogram(
    "per_stage_req_latency_seconds",
    "Of each stage of a request.",
    _STAGE,
    "stage",
)
QUEUE: Final = _SGLANG.histogram("queue_time_seconds", "From arrival to the first step.", _QUEUE)
PROMPT_SIZE: Final = _SGLANG.histogram("prompt_tokens_histogram", "Prompt tokens a request.", _SIZE)
COMPUTED: Final = _SGLANG.histogram("uncached_prompt_tokens_histogram", "Prompt tokens computed a request.", _SIZE)
REPLY_SIZE: Final = _SGLANG.histogram("generation_tokens_histogram", "Generated tokens a request.", _SIZE)

HTTP_REQUESTS: Final = _SGLANG.counter("http_requests", "Requests by route.", "endpoint", "method")
HTTP_RESPONSES: Final = _SGLANG.counter("http_responses", "Responses by route.", "endpoint", "status_code", "method")
