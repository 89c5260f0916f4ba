"""The metrics of TensorRT-LLM that are the facts of `EngineLoad`, from `metrics/collector.py`.

They are at `/prometheus/metrics`; `/metrics` is JSON that each read empties, so nothing here reads it. The page has
some facts in another form than `load_parser` reads: prompt tokens also count as looked up, and the cache's size is two
gauges.

Missing: times between tokens (only a request's mean), preemptions, scheduler steps and drafts. All metrics change only
when a request ends: while long answers are generated or the engine hangs, they keep old values, and before the first
request has ended, the page has only the server's settings.
"""

from collections.abc import Iterable, Iterator
from types import MappingProxyType
from typing import Final

from fairlead.engines import exposition, load_parser
from fairlead.engines.exposition import MetricSample
from fairlead.engines.load_parser import MetricNames
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape

RUNNING: Final = "trtllm_num_requests_running"
WAITING: Final = "trtllm_num_requests_waiting"
USAGE: Final = "trtllm_kv_cache_utilization"
BLOCKS: Final = "trtllm_kv_cache_max_blocks"
BLOCK_TOKENS: Final = "trtllm_kv_cache_tokens_per_block"
PROMPTS: Final = "trtllm_prompt_tokens_total"
SETTINGS: Final = "trtllm_model_config_info"
"""On the page from the start; identifies a server that has not answered any request yet."""

_COUNTED: Final = MappingProxyType(
    {
        RUNNING: "running",
        WAITING: "waiting",
        PROMPTS: "prompt_tokens",
        "trtllm_prompt_cached_tokens_total": "prefix_hits",
        "trtllm_generation_tokens_total": "generation_tokens",
        "trtllm_request_success_total": "finished",
        "trtllm_spec_decode_num_draft_tokens_total": "draft_tokens",
        "trtllm_spec_decode_num_accepted_tokens_total": "accepted_tokens",
    }
)
_HISTOGRAMS: Final = MappingProxyType(
    {
        "trtllm_time_to_first_token_seconds": "time_to_first_token",
        "trtllm_time_per_output_token_seconds": "request_pace",
    }
)
_LOOKED_UP: Final = "looked_up"

NAMES: Final = MetricNames(
    sums=_COUNTED,
    usage=USAGE,
    histograms=_HISTOGRAMS,
    capacity=BLOCKS,
    capacity_labels=MappingProxyType({}),
    engine_label="dp_rank",
    moves_at_ends=True,
    labels=("model_name", "engine_type", "finished_reason"),
    also=frozenset({BLOCK_TOKENS}),
    always=SETTINGS,
)
"""For queries to a Prometheus, which returns samples untranslated."""
_TRANSLATED: Final = MetricNames(
    sums=MappingProxyType({**_COUNTED, _LOOKED_UP: "prefix_queries"}),
    usage=USAGE,
    histograms=_HISTOGRAMS,
    capacity=BLOCKS,
    capacity_labels=MappingProxyType(
        {"tokens": "capacity_tokens", "blocks": "capacity_blocks", "block": "block_tokens"}
    ),
    engine_label="dp_rank",
    moves_at_ends=True,
)
_FAMILIES: Final = NAMES.families


def load(text: str) -> EngineLoad | UnreadableScrape:
    """Parse one page of TensorRT-LLM's metrics."""
    return load_parser.of_samples(_translated(exposition.samples(text, _FAMILIES)), _TRANSLATED)


class TensorRtLoadReader:
    """Parses every line of each page: only vLLM's pages were so many that a faster reader was worth its code."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """Parse one page."""
        return load(page.decode(errors="replace"))


def _translated(found: Iterable[MetricSample | UnreadableScrape]) -> Iterator[MetricSample | UnreadableScrape]:
    """Translate samples for `load_parser`; the cache's size follows at the end, from both gauges."""
    sizes: dict[str, float] = {}
    for sample in found:
        if isinstance(sample, UnreadableScrape):
            yield sample
        elif sample.name in {BLOCKS, BLOCK_TOKENS}:
            sizes[sample.name] = sample.value
        else:
            yield sample
            if sample.name == PROMPTS:
                yield sample._replace(name=_LOOKED_UP)
    if len(sizes) == 2:
        blocks, block = sizes[BLOCKS], sizes[BLOCK_TOKENS]
        written = {"tokens": f"{blocks * block:.0f}", "blocks": f"{blocks:.0f}", "block": f"{block:.0f}"}
        yield MetricSample(BLOCKS, written, blocks, "")
