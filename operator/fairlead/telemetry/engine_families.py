"""The families that vLLM 0.32 exposes, in the order of its exposition, and three of the emulator's own.

Names, types, labels and buckets were compared with a real server's exposition; the help texts are ours. `engine` and
`model_name`, which all of vLLM's own families have, are not listed among the labels.
"""

from typing import Final

from fairlead.telemetry.metric_family import MetricPrefix

_VLLM: Final = MetricPrefix("vllm:", bound_format="")
_EMULATOR: Final = MetricPrefix("fairlead_engine_")
_HTTP: Final = MetricPrefix("http_", bound_format="")

FINISHES: Final = ("stop", "length", "abort", "error", "repetition")
SOURCES: Final = ("local_compute", "local_cache_hit", "external_kv_transfer")
TIERS: Final = ("device", "host", "p2p", "disk", "external_unspecified")
SLEEP: Final = ("awake", "weights_offloaded", "discard_all")
REJECTED: Final = ("max_num_queued_reqs", "max_num_queued_tokens")

_FIRST_TOKEN: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0),
    *(80.0, 160.0, 640.0, 2560.0),
)
_TOKEN: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)
_REQUEST: Final = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0),
    *(960.0, 1920.0, 7680.0),
)
_ITERATION: Final = (1.0, *(float(2**power) for power in range(3, 15)))
_CHOICES: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
_PREEMPTIONS: Final = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0)
_FINE: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0),
    *(30.0, 60.0),
)
_COARSE: Final = (0.1, 0.5, 1.0)

RUNNING: Final = _VLLM.gauge("num_requests_running", "Requests in the batch.")
WAITING: Final = _VLLM.gauge("num_requests_waiting", "Requests that wait for the batch.")
WAITING_BY_REASON: Final = _VLLM.gauge(
    "num_requests_waiting_by_reason", "The same by why they wait.", "reason", children=("capacity", "deferred")
)
ASLEEP: Final = _VLLM.gauge("engine_sleep_state", "1 for the state the engine is in.", "sleep_state", children=SLEEP)
USAGE: Final = _VLLM.gauge("kv_cache_usage_perc", "Share of the KV cache in use, 1 being all of it.")
SUCCESS: Final = _VLLM.counter("request_success", "Requests that ended, by how.", "finished_reason", children=FINISHES)
PREEMPTED: Final = _VLLM.counter("num_preemptions", "Requests put back into the queue because memory was short.")
DRAFTS: Final = _VLLM.counter("spec_decode_num_drafts", "Number of drafts.")
DRAFT_TOKENS: Final = _VLLM.counter("spec_decode_num_draft_tokens", "Number of draft tokens.")
ACCEPTED: Final = _VLLM.counter("spec_decode_num_accepted_tokens", "Number of accepted tokens.")
ACCEPTED_AT: Final = _VLLM.counter(
    "spec_decode_num_accepted_tokens_per_pos", "Accepted draft tokens, by position.", "position"
)

ESTIMATES: Final = (
    _VLLM.counter("estimated_flops_per_gpu", "Operations a GPU did, where they are estimated."),
    _VLLM.counter("estimated_read_bytes_per_gpu", "Bytes a GPU read, where they are estimated."),
    _VLLM.counter("estimated_write_bytes_per_gpu", "Bytes a GPU wrote, where they are estimated."),
)
"""Always zero: vLLM counts them only if a flag enables it."""
QUERIES: Final = _VLLM.counter("prefix_cache_queries", "Prompt tokens looked up in the prefix cache.")
HITS: Final = _VLLM.counter("prefix_cache_hits", "Prompt tokens found in the prefix cache.")
BEYOND_QUERIES: Final = _VLLM.counter(
    "external_prefix_cache_queries", "Prompt tokens looked up beyond the GPU, in main memory or other instances."
)
BEYOND_HITS: Final = _VLLM.counter("external_prefix_cache_hits", "Prompt tokens found beyond the GPU.")
UNUSED_CACHES: Final = (
    _VLLM.counter("mm_cache_queries", "Images and the like looked up in their cache."),
    _VLLM.counter("mm_cache_hits", "Images and the like found in their cache."),
)
PROMPT: Final = _VLLM.counter("prompt_tokens", "Prompt tokens of requests that began to answer.")
PROMPT_FROM: Final = _VLLM.counter(
    "prompt_tokens_by_source", "The same by where they came from.", "source", children=SOURCES
)
CACHED: Final = _VLLM.counter("prompt_tokens_cached", "Prompt tokens that needed no computing.")
CACHED_FROM: Final = _VLLM.counter(
    "prompt_tokens_cached_by_source", "The same by the tier that held them.", "source", children=TIERS
)
GENERATED: Final = _VLLM.counter("generation_tokens", "Tokens of replies.")
REFUSALS: Final = _VLLM.counter(
    "admission_rejections", "Requests refused at a limit, by which.", "reason", children=REJECTED
)
LOADED_BYTES: Final = _VLLM.counter("kv_offload_load_bytes", "Bytes of KV blocks loaded from main memory.")
LOADED_SECONDS: Final = _VLLM.counter("kv_offload_load_time", "Seconds in which they were loaded.")
STORED_BYTES: Final = _VLLM.counter("kv_offload_store_bytes", "Bytes of KV blocks copied to main memory.")
STORED_SECONDS: Final = _VLLM.counter("kv_offload_store_time", "Seconds in which they were copied.")
"""Only with `--kv-offloading-size`; names are from its source, and no page of a real server was read with it."""
PROMPT_SIZE: Final = _VLLM.histogram("request_prompt_tokens", "Prompt tokens a request.", ())
REPLY_SIZE: Final = _VLLM.histogram("request_generation_tokens", "Reply tokens a request.", ())
ITERATION: Final = _VLLM.histogram("iteration_tokens_total", "Tokens computed and generated a step.", _ITERATION)
MAX_REPLY: Final = _VLLM.histogram("request_max_num_generation_tokens", "Tokens of the longest reply to a request.", ())
CHOICES: Final = _VLLM.histogram("request_params_n", "Replies asked for in a request.", _CHOICES)
MAX_TOKENS: Final = _VLLM.histogram("request_params_max_tokens", "Tokens a reply was limited to.", ())
FIRST_TOKEN: Final = _VLLM.histogram("time_to_first_token_seconds", "From arrival to the first token.", _FIRST_TOKEN)
INTER_TOKEN: Final = _VLLM.histogram("inter_token_latency_seconds", "From one output to the next.", _TOKEN)
PER_TOKEN: Final = _VLLM.histogram("request_time_per_output_token_seconds", "Mean time a token, by request.", _TOKEN)
END_TO_END: Final = _VLLM.histogram("e2e_request_latency_seconds", "From arrival to the end.", _REQUEST)
QUEUE: Final = _VLLM.histogram("request_queue_time_seconds", "From arrival to the first step.", _REQUEST)
INFERENCE: Final = _VLLM.histogram("request_inference_time_seconds", "From the first step to the end.", _REQUEST)
PREFILL: Final = _VLLM.histogram("request_prefill_time_seconds", "From the first step to the first token.", _REQUEST)
DECODE: Final = _VLLM.histogram("request_decode_time_seconds", "From the first token to the end.", _REQUEST)
PREEMPTIONS: Final = _VLLM.histogram("request_num_preemptions", "How often a request was put back.", _PREEMPTIONS)
COMPUTED: Final = _VLLM.histogram("request_prefill_kv_computed_tokens", "Prompt tokens computed for a request.", ())

CACHE: Final = _VLLM.gauge("cache_config_info", "How the KV cache is laid out.")
ADAPTERS: Final = _VLLM.gauge("lora_requests_info", "Adapters in work, and when they were.")
HISTOGRAMS: Final = (
    PROMPT_SIZE,
    REPLY_SIZE,
    ITERATION,
    MAX_REPLY,
    CHOICES,
    MAX_TOKENS,
    FIRST_TOKEN,
    INTER_TOKEN,
    PER_TOKEN,
    END_TO_END,
    QUEUE,
    INFERENCE,
    PREFILL,
    DECODE,
    PREEMPTIONS,
    COMPUTED,
)
"""In exposition order; those without bounds count tokens, up to the longest context."""

LAG: Final = _EMULATOR.gauge("lag_seconds", "How late things were noticed, over three seconds.")
LAGGING: Final = _EMULATOR.gauge("behind", "1 while its times are not the model's.")
LATE: Final = _EMULATOR.counter("late_steps", "Steps whose end was noticed too late.")

HTTP_REQUESTS: Final = _HTTP.counter("requests", "Requests by method, status and handler.")
HTTP_REQUEST_SIZE: Final = _HTTP.summary("request_size_bytes", "Length of requests by handler.")
HTTP_RESPONSE_SIZE: Final = _HTTP.summary("response_size_bytes", "Length of answers by handler.")
HTTP_ALL: Final = _HTTP.histogram("request_duration_highr_seconds", "Duration of all requests.", _FINE)
HTTP_EACH: Final = _HTTP.histogram("request_duration_seconds", "Duration by handler.", _COARSE)


def token_counts(longest: int) -> tuple[float, ...]:
    """Return bounds 1, 2, 5, 10 and so on, up to the longest context."""
    bounds: list[float] = []
    power = 1
    while power <= longest:
        bounds += [float(step * power) for step in (1, 2, 5) if step * power <= longest]
        power *= 10
    return tuple(bounds)
