"""An engine's command line as values, for every kind of engine: model names, limits, and options of responses.

A limit that is not on the command line is absent here; `provision` fills in what the engine would use.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from fairlead.fleet.desired_state import EngineKind, Parallelism
from fairlead.fleet.engine_memory import NO_HOST_CACHE, NOTHING_OFFLOADED, HostCache, WeightOffload
from fairlead.simulator.engine.settings import SchedulingPolicy

DEFAULT_CONTEXT_TOKENS: Final = 32_768
"""The context if neither the command line nor the catalogue gives one."""
VOCABULARY: Final = 128_256
"""Size of Llama 3's vocabulary, used if the catalogue lacks the model."""
ONE_GPU: Final = Parallelism()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerArguments:
    """The flags of the scheduler and the prefix cache, as given."""

    context: int | None = None
    """Absent: the model's own context, or what fits with `auto`."""
    context_fits: bool = False
    """`--max-model-len auto`: shrink the context to what the KV cache holds."""
    max_sequences: int | None = None
    max_active: int | None = None
    batch_tokens: int | None = None
    batch_factor: int = 1
    """How many times the engine's defaults those two are where they are absent."""
    whole_prompts: bool = False
    """Whether a step of the default length holds the longest prompt."""
    block_tokens: int = 16
    block_size_set: bool = False
    prefix_caching: bool = True
    chunked_prefill: bool = True
    long_prefill_tokens: int = 0
    watermark: float = 0.0
    reserve_whole_prompt: bool = True
    policy: SchedulingPolicy = SchedulingPolicy.FCFS
    max_unfinished: int | None = None
    max_backlog_tokens: int | None = None
    graph_tokens: int | None = None
    """Tokens of the longest step that runs from a CUDA graph; None: the engine's choice."""
    asynchronous: bool = True
    speculation: Mapping[str, Any] | None = None
    """The JSON of `--speculative-config`, with the shorthand flags merged in."""
    adapter_slots: int = 0
    adapter_rank: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheArguments:
    """The flags that decide how many blocks the KV cache has."""

    parallelism: Parallelism = ONE_GPU
    expert_parallel: bool = False
    attention_ranks: int = 1
    """Ranks inside tensor parallelism, each with all of attention, a scheduler and a KV cache of its own."""
    redundant_experts: int = 0
    """Experts of each layer that exist twice."""
    moves_experts: bool = False
    """Whether there is room through which experts are moved between GPUs."""
    context_ranks: int = 1
    """GPUs of a rank that hold different tokens of each request's cache."""
    windows: bool = True
    """Whether layers with a window keep no more tokens than that."""
    adapter_modules: frozenset[str] | None = None
    """Names of the modules that adapters may change; None: all."""
    adapter_experts: bool = True
    """Whether adapters may change experts."""
    offload: WeightOffload = NOTHING_OFFLOADED
    host_cache: HostCache = NO_HOST_CACHE
    utilization: float | None = None
    cache_bytes: int | None = None
    blocks: int | None = None
    most_tokens: int | None = None
    """Maximum tokens in the cache, even if there is room for more."""
    quantization: str | None = None
    cache_dtype: str = "auto"
    dtype: str = "auto"
    eager: bool = False
    caches_states: bool = True
    """Whether a recurrent layer keeps the last cached state of a request beside the running one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseArguments:
    """The flags and variables that change responses only."""

    api_keys: tuple[str, ...] = ()
    request_id_headers: bool = False
    prompt_tokens_details: bool = False
    force_include_usage: bool = False
    per_request_metrics: bool = False
    load_tracking: bool = False
    auto_tool_choice: bool = False
    tool_parser: str | None = None
    reasoning_parser: str = ""
    parser_plugins: bool = False
    """Whether files may register parsers of any name."""
    language_only: bool = False
    """`--language-model-only`: a multimodal model accepts text only, and has no tower."""
    prompt_items: Mapping[str, object] = field(default_factory=dict)
    """The JSON of `--limit-mm-per-prompt`."""
    truncates: bool = False
    """Whether a prompt or a reply that is too long is cut instead of refused."""
    forms: bool = True
    """Whether structured outputs can be enforced."""
    runner: str = "auto"
    max_logprobs: int = 20
    dev_mode: bool = False
    """VLLM_SERVER_DEV_MODE=1."""
    runtime_adapters: bool = False
    """VLLM_ALLOW_RUNTIME_LORA_UPDATING=1."""
    invalid_json_rate: float = 0.0
    """FAIRLEAD_ENGINE_INVALID_JSON_RATE: the share of replies to a schema that violate it."""
    reply_tokens: int | None = None
    """FAIRLEAD_ENGINE_REPLY_TOKENS: the mean length of a reply that has no other limit."""
    reply_seed: int = 0
    """FAIRLEAD_ENGINE_SEED: another seed gives other replies to the same prompts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionRules:
    """Which requests the engine accepts, beyond the limits of the scheduler."""

    max_waiting: int | None = None
    """Requests that may wait on each data-parallel rank; running ones do not count."""
    while_draining: bool = False
    """Whether it accepts requests after SIGTERM."""
    larger_first: bool = False
    """Whether larger priorities are served first."""
    default_priority: int | None = None
    """For a request without one; absent: it is served last."""
    header_overrides: bool = False
    """Whether headers name a request and say its priority."""
    ids_are_prefixes: bool = False
    """Whether the end of a request ends all whose ids begin with its own; then no two have the same."""


NO_RULES: Final = AdmissionRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsArguments:
    """The flags of the metrics page."""

    exposed: bool = True
    refreshed_steps: int = 1
    """Steps between two updates of the gauges while only answers are generated."""
    first_token_bounds: tuple[float, ...] = ()
    """Bounds of the histogram; empty: the engine's own."""
    of_steps: bool = True
    """Whether the page shows the scheduler's steps, and not only requests that ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeArguments:
    """The whole command line of one engine."""

    kind: EngineKind = EngineKind.VLLM
    """Which engine is emulated."""
    model: str
    """The model that the engine would load; `root` in `/v1/models`."""
    names: tuple[str, ...]
    """Names that requests may use; the first one appears in responses and metrics."""
    adapters: tuple[tuple[str, str], ...] = ()
    """Name and path of each LoRA adapter that is loaded at the start."""
    host: str = "127.0.0.1"
    port: int = 8000
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    """Maximum tokens of prompt and reply together; `provision` fills it in if it is not on the command line."""
    pool_tokens: int | None = None
    """Tokens that a rank's KV cache holds; filled in by `provision`."""
    vocabulary: int = VOCABULARY
    multimodal: bool = False
    """Whether the model accepts images and other media; filled in by `provision`."""
    shutdown_seconds: int = 0
    limits: SchedulerArguments = SchedulerArguments()
    memory: CacheArguments = CacheArguments()
    answering: ResponseArguments = ResponseArguments()
    admission: AdmissionRules = NO_RULES
    metrics: MetricsArguments = MetricsArguments()
    kv_events: Mapping[str, Any] | None = None
    """The JSON of `--kv-events-config`."""
    hash_algorithm: str = "sha256"
