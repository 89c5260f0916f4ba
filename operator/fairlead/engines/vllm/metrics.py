"""The metrics of vLLM 0.32 that are the facts of `EngineLoad`."""

from types import MappingProxyType
from typing import Final

from fairlead.engines import load_parser
from fairlead.engines.fast_load_reader import FamilyIndex
from fairlead.engines.load_parser import MetricNames
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape

NAMES: Final = MetricNames(
    sums=MappingProxyType(
        {
            "vllm:num_requests_running": "running",
            "vllm:num_requests_waiting": "waiting",
            "vllm:prefix_cache_queries_total": "prefix_queries",
            "vllm:prefix_cache_hits_total": "prefix_hits",
            "vllm:external_prefix_cache_hits_total": "loaded",
            "vllm:prompt_tokens_total": "prompt_tokens",
            "vllm:generation_tokens_total": "generation_tokens",
            "vllm:request_success_total": "finished",
            "vllm:num_preemptions_total": "preemptions",
            "vllm:spec_decode_num_drafts_total": "drafts",
            "vllm:spec_decode_num_draft_tokens_total": "draft_tokens",
            "vllm:spec_decode_num_accepted_tokens_total": "accepted_tokens",
            "vllm:iteration_tokens_total_count": "steps",
            "vllm:iteration_tokens_total_sum": "step_tokens",
        }
    ),
    usage="vllm:kv_cache_usage_perc",
    histograms=MappingProxyType(
        {
            "vllm:time_to_first_token_seconds": "time_to_first_token",
            "vllm:inter_token_latency_seconds": "inter_token",
            "vllm:request_time_per_output_token_seconds": "request_pace",
        }
    ),
    capacity="vllm:cache_config_info",
    capacity_labels=MappingProxyType(
        {
            "kv_cache_size_tokens": "capacity_tokens",
            "num_gpu_blocks": "capacity_blocks",
            "block_size": "block_tokens",
        }
    ),
    of_pod=frozenset({"capacity_blocks"}),
    engine_label="engine",
    labels=("engine", "model_name", "finished_reason", "reason"),
)
_FAMILIES: Final = NAMES.families


def load(text: str) -> EngineLoad | UnreadableScrape:
    """Parse one page of vLLM's metrics."""
    return load_parser.load(text, NAMES, _FAMILIES)


FAMILY_INDEX: Final = FamilyIndex(NAMES, load)
