"""What the engine counted since it started, written as the page vLLM 0.32 serves under `/metrics`.

Only the families that somebody reads: those the operator's room `engines` wants, and a few that dashboards show.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.simulator.command import BLOCK_TOKENS, Served

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
_FINISHES: Final = ("stop", "length", "abort", "error", "repetition")


@dataclass(slots=True)
class Histogram:
    """Durations in vLLM's buckets."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, seconds: float) -> None:
        """One sample."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def lines(self, name: str, labels: str) -> Iterator[str]:
        """Buckets from small to large, each with all below it."""
        below = 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            below += count
            yield f'{name}_bucket{{{labels},le="{bound}"}} {below}.0'
        yield f"{name}_count{{{labels}}} {below}.0"
        yield f"{name}_sum{{{labels}}} {self.total}"


@dataclass(slots=True)
class Tally:
    """Plain numbers, counted where things happen and read at a scrape."""

    prompt_tokens: int = 0
    generation_tokens: int = 0
    prefix_queries: int = 0
    rejected: int = 0
    finished: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_FINISHES, 0))
    time_to_first_token: Histogram = field(default_factory=lambda: Histogram(_FIRST_TOKEN))
    inter_token: Histogram = field(default_factory=lambda: Histogram(_TOKEN))
    end_to_end: Histogram = field(default_factory=lambda: Histogram(_REQUEST))
    queue: Histogram = field(default_factory=lambda: Histogram(_REQUEST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is true at the moment of a scrape."""

    running: int
    waiting: int
    blocks_used: int


def page(served: Served, tally: Tally, now: Now) -> str:
    """The whole text."""
    name = served.names[0].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    labels = f'engine="0",model_name="{name}"'
    lines: list[str] = []
    for family, number in _gauges(served, now).items():
        lines += _family(family, "gauge", [f"{family}{{{labels}}} {number}"])
    for family, count in _counters(tally).items():
        lines += _family(family.removesuffix("_total"), "counter", [f"{family}{{{labels}}} {count}.0"])
    finished = (
        f'vllm:request_success_total{{{labels},finished_reason="{reason}"}} {count}.0'
        for reason, count in tally.finished.items()
    )
    lines += _family("vllm:request_success", "counter", finished)
    rejected = f'vllm:admission_rejections_total{{model_name="{name}",reason="max_num_queued_reqs"}} {tally.rejected}.0'
    lines += _family("vllm:admission_rejections", "counter", [rejected])
    for family, histogram in _histograms(tally).items():
        lines += _family(family, "histogram", histogram.lines(family, labels))
    lines += _family("vllm:cache_config_info", "gauge", [_cache(served)])
    return "\n".join(lines) + "\n"


def _gauges(served: Served, now: Now) -> Mapping[str, float]:
    """One page of the cache can never be used: vLLM keeps it for nothing."""
    return {
        "vllm:num_requests_running": float(now.running),
        "vllm:num_requests_waiting": float(now.waiting),
        "vllm:kv_cache_usage_perc": min(1.0, now.blocks_used / (served.cache_blocks - 1)),
    }


def _counters(tally: Tally) -> Mapping[str, int]:
    """There is no prefix cache and no speculation yet: their counters stand at zero, as vLLM's do when off."""
    return {
        "vllm:prefix_cache_queries_total": tally.prefix_queries,
        "vllm:prefix_cache_hits_total": 0,
        "vllm:prompt_tokens_total": tally.prompt_tokens,
        "vllm:generation_tokens_total": tally.generation_tokens,
        "vllm:num_preemptions_total": 0,
        "vllm:spec_decode_num_drafts_total": 0,
        "vllm:spec_decode_num_draft_tokens_total": 0,
        "vllm:spec_decode_num_accepted_tokens_total": 0,
    }


def _histograms(tally: Tally) -> Mapping[str, Histogram]:
    return {
        "vllm:time_to_first_token_seconds": tally.time_to_first_token,
        "vllm:inter_token_latency_seconds": tally.inter_token,
        "vllm:e2e_request_latency_seconds": tally.end_to_end,
        "vllm:request_queue_time_seconds": tally.queue,
    }


def _cache(served: Served) -> str:
    """The KV cache, all numbers as words."""
    tokens = (served.cache_blocks - 1) * BLOCK_TOKENS
    told = {
        "block_size": BLOCK_TOKENS,
        "cache_dtype": "auto",
        "enable_prefix_caching": "False",
        "engine": 0,
        "kv_cache_max_concurrency": round(tokens / served.context_tokens, 2),
        "kv_cache_size_tokens": tokens,
        "num_gpu_blocks": served.cache_blocks,
        "num_gpu_blocks_override": "None",
    }
    labels = ",".join(f'{label}="{value}"' for label, value in told.items())
    return f"vllm:cache_config_info{{{labels}}} 1.0"


def _family(name: str, kind: str, samples: Iterator[str] | list[str]) -> list[str]:
    return [f"# TYPE {name} {kind}", *samples]
