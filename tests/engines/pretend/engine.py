"""A fake kind of engine as a contributor would add it: this folder and one row. Its names resemble no other kind."""

import json
import re
from dataclasses import dataclass
from typing import Final

from fairlead.engines import extra_args, load_parser, start_budget, weight_paths
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.extra_args import FlagRule
from fairlead.engines.failures import FailurePattern
from fairlead.engines.fast_load_reader import FamilyIndex, FastLoadReader
from fairlead.engines.http_api import EngineErrorClass, ErrorShapes, HttpApi, Tokenizer
from fairlead.engines.load_parser import MetricNames
from fairlead.engines.quick_load import QuickLoadReader
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters, StartCost
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.desired_state import EngineKind, EngineRelease
from fairlead.fleet.draft_cost import DraftCost
from fairlead.fleet.engine_launch import EngineLaunch, EnginePort, EngineProbes, EnvVar, HttpProbe
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape
from fairlead.fleet.engine_memory import (
    BatchLimits,
    EngineMemory,
    HostMemory,
    LongerStages,
    MemorySettings,
    ReplicaLayout,
    SpreadRules,
)
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape

PORT: Final = 30000
NAMES: Final = MetricNames(
    sums={"pretend:running": "running", "pretend:queued": "waiting", "pretend:tokens_total": "generation_tokens"},
    usage="pretend:cache_usage",
    histograms={"pretend:first_token_seconds": "time_to_first_token"},
    capacity="pretend:cache_info",
    capacity_labels={"tokens": "capacity_tokens", "pages": "capacity_blocks", "page": "block_tokens"},
    engine_label="rank",
    labels=("rank",),
)
RULES: Final = (
    FlagRule(
        flags=("--listen",),
        reason=EngineReason.ARGUMENT_RESERVED,
        because=f"routers and probes look for the engine on port {PORT}",
        remedy="leave it out",
    ),
)


def begins_with_error(first: bytes) -> bool:
    """Whether it is an error: this engine names the event."""
    return first.startswith(b"event: error\n")


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """A full queue is a 429, in a stream too; no shutdown accepts requests."""
    if status == 429 or (begins_with_error(body) and b'"code": 429' in body):
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON


def token_count(page: bytes) -> int | None:
    """None: its tokenizer returns the ids and no number."""
    return len(json.loads(page)["ids"])


def _load(text: str) -> EngineLoad | UnreadableScrape:
    return load_parser.load(text, NAMES, NAMES.families)


API: Final = HttpApi(
    provider="pretend",
    port=PORT,
    metrics_path="/engine/metrics",
    models_path="/v1/models",
    quick_load=QuickLoadReader(NAMES).read,
    errors=ErrorShapes(begins_with_error=begins_with_error, error_class=error_class),
    tokenizer=Tokenizer(path=b"/ids", count=token_count),
    priority_header=b"x-pretend-rank",
    hidden=frozenset((b"/v1/forget",)),
)
INDEX: Final = FamilyIndex(NAMES, _load)
_SPREAD: Final = SpreadRules(divides_experts=True, longer=LongerStages.FIRST)


@dataclass(frozen=True, slots=True)
class PretendMemory:
    """Needs little and uses half."""

    share: float = 0.5
    logit_bytes: float = 4.0
    context_gib: float = 0.25
    switched_gib: float = 1.0
    sets_graphs_aside: bool = True
    spread: SpreadRules = _SPREAD
    shares_the_rest: bool = False
    counts_requests: bool = True
    adapts_experts: bool = False
    host: HostMemory | None = None

    def static_share(self, accelerator: Accelerator, layout: ReplicaLayout) -> None:
        """None: it measures its work first."""

    def batch(self, accelerator: Accelerator) -> BatchLimits:  # noqa: ARG002 - the same on every GPU
        """The same on every GPU."""
        return BatchLimits(sequences=48, tokens=4096)

    def own_cache(self, shape: ModelShape, accelerator: Accelerator) -> KvFormat:  # noqa: ARG002 - the same for all
        """The model's own type."""
        return KvFormat.AUTO

    def graph_sizes(self, tokens: int, longest: int | None = None) -> int:  # noqa: ARG002 - whatever the batch
        """A single one."""
        return 1

    def doubt(self, accelerator: Accelerator) -> float:  # noqa: ARG002 - measured on none
        """Nothing was measured."""
        return 3.0


class PretendEngine:
    """An engine that cannot sleep and has no check of its own."""

    kind = EngineKind("Pretend")
    release = EngineRelease(version="7.1", image="example.com/pretend:7.1")
    is_fairleads = False
    is_played = False
    program = "pretend"
    api = API
    check_unsupported = ""
    draft_cost = DraftCost(own_tokens=5)
    failures = (
        FailurePattern(re.compile("out of pretend memory"), ConditionReason.OUT_OF_GPU_MEMORY, "write less context"),
    )
    names = NAMES
    sweep = None

    def refusals(self, setup: EngineSetup) -> tuple[SpecRefusal, ...]:
        """Its own flags only."""
        return extra_args.refusals(setup.engine.extra_args, RULES)

    def warnings(self, setup: EngineSetup) -> tuple[SpecWarning, ...]:  # noqa: ARG002 - the interface's
        """None."""
        return ()

    def launch(self, setup: EngineSetup, lifecycle: LifecycleParameters) -> EngineLaunch:
        """The launch; its liveness probe generates a token, so it may take long."""
        budget = start_budget.budget_seconds(lifecycle, StartCost(fixed_seconds=60, compile_seconds=0))
        live = HttpProbe(path="/alive", port="web", period_seconds=30, timeout_seconds=25, failures=3)
        return EngineLaunch(
            command=("pretend", "--listen", str(PORT), setup.revision.model.source.location, *setup.engine.extra_args),
            environment=(EnvVar(name="PRETEND_HOME", value=weight_paths.CACHE),),
            ports=(EnginePort(name="web", number=PORT),),
            probes=EngineProbes(
                startup=start_budget.startup_probe("/started", "web", budget),
                readiness=HttpProbe(path="/ready", port="web", period_seconds=5, timeout_seconds=5, failures=3),
                liveness=live,
            ),
            shutdown=start_budget.shutdown(lifecycle, 30),
            user=4242,
            cache_path=weight_paths.CACHE,
        )

    def memory(self, version: str) -> EngineMemory:  # noqa: ARG002 - every release of it is alike
        """It uses half of what it sees."""
        return PretendMemory()

    def memory_settings(self, setup: EngineSetup) -> MemorySettings:  # noqa: ARG002 - no flag changes it
        """From the typed fields."""
        return MemorySettings()

    def load(self, text: str) -> EngineLoad | UnreadableScrape:
        """One page of its metrics as facts."""
        return _load(text)

    def reader(self) -> FastLoadReader:
        """For one pod."""
        return FastLoadReader(INDEX)
