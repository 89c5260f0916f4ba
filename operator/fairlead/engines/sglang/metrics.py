"""The metrics of SGLang 0.5.23 that are the facts of `EngineLoad`.

Its page gives some facts in another form than `load_parser` reads, so its samples are translated first: tokens by mode,
sizes as values, queues by priority besides their sum, and one line for each pipeline stage. Counters of prompt and
generated tokens grow only when a request ends. The scheduler's counters, which are used here, grow with every step and
leave out the first token of each reply, which comes from its prompt's step, as a run showed.

Missing: drafts and accepted tokens (only gauges of the last interval), scheduler steps, and why a request was rejected.
"""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from fairlead.engines import exposition, load_parser
from fairlead.engines.exposition import MetricSample
from fairlead.engines.load_parser import MetricNames
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape

FIRST_TOKEN_BOUNDS: Final = (
    *("0.001", "0.005", "0.01", "0.02", "0.04", "0.06", "0.08", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0"),
    *("7.5", "10.0", "20.0", "40.0", "80.0", "160.0", "640.0", "2560.0"),
)
"""In seconds, as vLLM's: SGLang's begin at 0.1, which is too coarse for shorter objectives."""

RUNNING: Final = "sglang:num_running_reqs"
WAITING: Final = "sglang:num_queue_reqs"
COMPILING: Final = "sglang:num_grammar_queue_reqs"
"""Requests whose grammar is being compiled; they wait as well."""
TOKENS: Final = "sglang:realtime_tokens_total"
CAPACITY: Final = "sglang:max_total_num_tokens"
USAGE: Final = "sglang:token_usage"
FIRST_TOKEN: Final = "sglang:time_to_first_token_seconds"

_HISTOGRAMS: Final = MappingProxyType(
    {
        FIRST_TOKEN: "time_to_first_token",
        "sglang:inter_token_latency_seconds": "inter_token",
        "sglang:request_time_per_output_token_seconds": "request_pace",
    }
)
_COUNTED: Final = MappingProxyType(
    {
        RUNNING: "running",
        WAITING: "waiting",
        "sglang:num_requests_total": "finished",
        "sglang:num_retracted_requests_total": "preemptions",
    }
)
_MODES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "prefill_compute": ("prompt_tokens", "prefix_queries"),
        "prefill_cache": ("prompt_tokens", "prefix_queries", "prefix_hits"),
        "decode": ("generation_tokens",),
    }
)
"""What a token of each mode counts as."""
_BY_PRIORITY: Final = frozenset({RUNNING, WAITING})
"""Gauges with a line per priority, beside the one with their sum, once priorities are on."""
_PARTS: Final = tuple(f"{FIRST_TOKEN}_{part}" for part in ("bucket", "sum", "count"))

NAMES: Final = MetricNames(
    sums=MappingProxyType({**_COUNTED, COMPILING: "waiting", TOKENS: "generation_tokens"}),
    usage=USAGE,
    histograms=_HISTOGRAMS,
    capacity=CAPACITY,
    capacity_labels=MappingProxyType({}),
    engine_label="dp_rank",
    labels=("dp_rank", "tp_rank", "pp_rank", "model_name", "priority", "mode", "is_streaming"),
)
"""For queries to a Prometheus, which returns samples untranslated."""
_TRANSLATED: Final = MetricNames(
    sums=MappingProxyType({**_COUNTED, **{fact: fact for facts in _MODES.values() for fact in facts}}),
    usage=USAGE,
    histograms=_HISTOGRAMS,
    capacity=CAPACITY,
    capacity_labels=MappingProxyType({"tokens": "capacity_tokens"}),
    engine_label="dp_rank",
)
_FAMILIES: Final = NAMES.families


def load(text: str) -> EngineLoad | UnreadableScrape:
    """Parse one page of SGLang's metrics."""
    return load_parser.of_samples(_translated(exposition.samples(text, _FAMILIES)), _TRANSLATED)


class SglangLoadReader:
    """Parses every line of each page: only vLLM's pages were so many that a faster reader was worth its code."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """Parse one page."""
        return load(page.decode(errors="replace"))


def _translated(found: Iterable[MetricSample | UnreadableScrape]) -> Iterator[MetricSample | UnreadableScrape]:
    """Translate samples for `load_parser`; requests without a stream follow at the end."""
    bounds: dict[str, None] = {}
    whole = 0.0
    for sample in found:
        if isinstance(sample, UnreadableScrape):
            yield sample
        elif _is_counted_elsewhere(sample):
            continue
        elif sample.name in _PARTS and sample.labels.get("is_streaming") == "false":
            whole += sample.value if sample.name == _PARTS[-1] else 0.0
        else:
            if sample.name == _PARTS[0]:
                bounds[sample.labels.get("le", "")] = None
            yield from _facts(sample)
    if whole:
        yield from _in_time(whole, tuple(bounds) or FIRST_TOKEN_BOUNDS[:1])


def _is_counted_elsewhere(sample: MetricSample) -> bool:
    """Match later pipeline stages, and parts of a sum."""
    labels = sample.labels
    return labels.get("pp_rank", "0") != "0" or (sample.name in _BY_PRIORITY and bool(labels.get("priority")))


def _facts(sample: MetricSample) -> Iterator[MetricSample]:
    if sample.name == TOKENS:
        yield from (sample._replace(name=fact) for fact in _MODES.get(sample.labels.get("mode", ""), ()))
    elif sample.name == COMPILING:
        yield sample._replace(name=WAITING)
    elif sample.name == CAPACITY:
        yield sample._replace(labels={**sample.labels, "tokens": f"{sample.value:.0f}"})
    else:
        yield sample


def _in_time(whole: float, bounds: Iterable[str]) -> Iterator[MetricSample]:
    """Requests without a stream: their first token is reported up to 50 tokens late, so they count as begun and in
    time."""
    bucket, total, count = _PARTS
    yield from (MetricSample(bucket, {"le": bound}, whole, "") for bound in bounds)
    yield MetricSample(total, {}, 0.0, "")
    yield MetricSample(count, {}, whole, "")
