"""The engine's own metric families in the order of vLLM 0.32's exposition: name, type, help text, children.

Names, types and labels were compared with a real server's exposition; the help texts are ours.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

FINISHES: Final = ("stop", "length", "abort", "error", "repetition")
SOURCES: Final = ("local_compute", "local_cache_hit", "external_kv_transfer")
TIERS: Final = ("device", "host", "p2p", "disk", "external_unspecified")
SLEEP: Final = ("awake", "weights_offloaded", "discard_all")
REJECTED: Final = ("max_num_queued_reqs", "max_num_queued_tokens")


class EngineMetricType(StrEnum):
    """Metric types, by their names in the exposition format."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True)
class EngineMetricFamily:
    """One metric family."""

    name: str
    kind: EngineMetricType
    told: str
    label: str | None = None
    """The label that its children differ by, beside engine and model."""
    children: tuple[str, ...] = ()
    """The label's values that are exposed from the start."""


def _counter(name: str, told: str, label: str | None = None, children: tuple[str, ...] = ()) -> EngineMetricFamily:
    return EngineMetricFamily(f"vllm:{name}", EngineMetricType.COUNTER, told, label, children)


def _gauge(name: str, told: str, label: str | None = None, children: tuple[str, ...] = ()) -> EngineMetricFamily:
    return EngineMetricFamily(f"vllm:{name}", EngineMetricType.GAUGE, told, label, children)


def _histogram(name: str, told: str) -> EngineMetricFamily:
    return EngineMetricFamily(f"vllm:{name}", EngineMetricType.HISTOGRAM, told)


RUNNING: Final = _gauge("num_requests_running", "Requests in the batch.")
WAITING: Final = _gauge("num_requests_waiting", "Requests that wait for the batch.")
WAITING_BY_REASON: Final = _gauge(
    "num_requests_waiting_by_reason", "The same by why they wait.", "reason", ("capacity", "deferred")
)
ASLEEP: Final = _gauge("engine_sleep_state", "1 for the state the engine is in.", "sleep_state", SLEEP)
USAGE: Final = _gauge("kv_cache_usage_perc", "Share of the KV cache in use, 1 being all of it.")
SUCCESS: Final = _counter("request_success", "Requests that ended, by how.", "finished_reason", FINISHES)
PREEMPTED: Final = _counter("num_preemptions", "Requests put back into the queue for want of memory.")
DRAFTS: Final = _counter("spec_decode_num_drafts", "Number of drafts.")
DRAFT_TOKENS: Final = _counter("spec_decode_num_draft_tokens", "Number of draft tokens.")
ACCEPTED: Final = _counter("spec_decode_num_accepted_tokens", "Number of accepted tokens.")
ACCEPTED_AT: Final = "vllm:spec_decode_num_accepted_tokens_per_pos"

ESTIMATES: Final = (
    _counter("estimated_flops_per_gpu", "Operations a GPU did, where they are estimated."),
    _counter("estimated_read_bytes_per_gpu", "Bytes a GPU read, where they are estimated."),
    _counter("estimated_write_bytes_per_gpu", "Bytes a GPU wrote, where they are estimated."),
)
"""Always zero: vLLM counts them only when a flag enables it."""
GAUGES: Final = (RUNNING, WAITING, WAITING_BY_REASON, ASLEEP, USAGE)
QUERIES: Final = _counter("prefix_cache_queries", "Prompt tokens looked up in the prefix cache.")
HITS: Final = _counter("prefix_cache_hits", "Prompt tokens found in the prefix cache.")
UNUSED_CACHES: Final = (
    _counter("external_prefix_cache_queries", "Prompt tokens looked up in other instances' caches."),
    _counter("external_prefix_cache_hits", "Prompt tokens found in other instances' caches."),
    _counter("mm_cache_queries", "Images and the like looked up in their cache."),
    _counter("mm_cache_hits", "Images and the like found in their cache."),
)
PROMPT: Final = _counter("prompt_tokens", "Prompt tokens of requests that began to answer.")
PROMPT_FROM: Final = _counter("prompt_tokens_by_source", "The same by where they came from.", "source", SOURCES)
CACHED: Final = _counter("prompt_tokens_cached", "Prompt tokens that needed no computing.")
CACHED_FROM: Final = _counter("prompt_tokens_cached_by_source", "The same by the tier that held them.", "source", TIERS)
GENERATED: Final = _counter("generation_tokens", "Tokens of replies.")
REJECTIONS: Final = EngineMetricFamily(
    "vllm:admission_rejections", EngineMetricType.COUNTER, "Requests refused at a limit, by which.", "reason", REJECTED
)
PROMPT_SIZE: Final = _histogram("request_prompt_tokens", "Prompt tokens a request.")
REPLY_SIZE: Final = _histogram("request_generation_tokens", "Reply tokens a request.")
ITERATION: Final = _histogram("iteration_tokens_total", "Tokens computed and generated a step.")
MOST_REPLY: Final = _histogram("request_max_num_generation_tokens", "Tokens of the longest reply to a request.")
CHOICES: Final = _histogram("request_params_n", "Replies asked for in a request.")
MAX_TOKENS: Final = _histogram("request_params_max_tokens", "Tokens a reply was limited to.")
FIRST_TOKEN: Final = _histogram("time_to_first_token_seconds", "From arrival to the first token.")
INTER_TOKEN: Final = _histogram("inter_token_latency_seconds", "From one output to the next.")
PER_TOKEN: Final = _histogram("request_time_per_output_token_seconds", "Mean time a token, by request.")
END_TO_END: Final = _histogram("e2e_request_latency_seconds", "From arrival to the end.")
QUEUE: Final = _histogram("request_queue_time_seconds", "From arrival to the first step.")
INFERENCE: Final = _histogram("request_inference_time_seconds", "From the first step to the end.")
PREFILL: Final = _histogram("request_prefill_time_seconds", "From the first step to the first token.")
DECODE: Final = _histogram("request_decode_time_seconds", "From the first token to the end.")
PREEMPTIONS: Final = _histogram("request_num_preemptions", "How often a request was put back.")
COMPUTED: Final = _histogram("request_prefill_kv_computed_tokens", "Prompt tokens computed for a request.")
