"""Our series in Prometheus: each by its name, with the labels that its process writes and the scrape adds."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fairlead.controller.informers import WATCHED
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.policies import ScalingReason, ScalingSignal
from fairlead.fleet.tenants import Lane
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.request_results import RequestResult
from fairlead.scaling import decide
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.facts import EnginePodPhase, SampleProblem
from fairlead.telemetry import (
    autoscaler_metrics,
    engine_families,
    operator_metrics,
    router_families,
    router_process_families,
    sglang_families,
    tensorrt_families,
)
from fairlead.telemetry.metric_family import MetricFamily, MetricType, families_of
from monitoring.queries import DEPLOYMENT, REPLICA
from monitoring.recording import groups
from monitoring.rules import RecordingRule

TARGET: Final = frozenset({"namespace", "pod", "job", "instance", "container", "endpoint"})
"""Labels of every target of a PodMonitor."""
SERVING: Final = TARGET | {DEPLOYMENT, "fairlead_dev_revision"}
"""And of routers and engines: the chart's `podTargetLabels`."""
STAGES: Final = frozenset({"pp_rank", "tp_rank", "dp_rank", "priority"})
"""And of SGLang's schedulers."""
SCALING: Final = Path(decide.__file__).parent
SUFFIXES: Final = {MetricType.HISTOGRAM: ("_bucket", "_sum", "_count"), MetricType.SUMMARY: ("_sum", "_count")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedSeries:
    """The series of one name."""

    labels: frozenset[str]
    closed: Mapping[str, frozenset[str]]
    """Labels whose values come from a closed list of ours."""


def exposed() -> dict[str, ExposedSeries]:
    """All series by name, recorded ones included."""
    scraped = {name: one for family, target in _families() for name, one in _series(family, target)}
    return scraped | dict(_recorded())


def _families() -> Iterator[tuple[MetricFamily, frozenset[str]]]:
    for module, target in ((operator_metrics, TARGET), (autoscaler_metrics, TARGET), (router_families, SERVING)):
        yield from ((one, target) for one in module.FAMILIES)
    engine = SERVING | {"engine", "model_name"}
    yield from ((one, engine) for one in families_of(vars(engine_families).values()))
    yield from ((one, engine | STAGES) for one in families_of(vars(sglang_families).values()))
    yield from ((one, engine) for one in families_of(vars(tensorrt_families).values()))


def _series(family: MetricFamily, target: frozenset[str]) -> Iterator[tuple[str, ExposedSeries]]:
    """A label that the scrape adds too is renamed, except for the operator's, whose monitor keeps ours."""
    own = {REPLICA if label == "pod" and target is SERVING else label for label in family.labels}
    for suffix in SUFFIXES.get(family.kind, ("",)):
        bucket = {"le"} if suffix == "_bucket" else set()
        yield (
            f"{family.name}{suffix}",
            ExposedSeries(labels=target | own | bucket, closed=CLOSED.get(family.name, {})),
        )


def _recorded() -> Iterator[tuple[str, ExposedSeries]]:
    of = frozenset({"namespace", DEPLOYMENT})
    for group in groups():
        for rule in group.rules:
            if isinstance(rule, RecordingRule):
                more = {"objective", "le"} if rule.record.endswith(":bound") else set()
                more |= {"objective"} if "latencies" in rule.record else set()
                yield rule.record, ExposedSeries(labels=of | more, closed={})


def _words(*values: str) -> frozenset[str]:
    return frozenset(map(str, values))


def figure_names() -> frozenset[str]:
    """Every figure of a decision, taken from the source: no single decision has all of them."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in SCALING.rglob("*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    made = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == DecisionFigure.__name__)
    names = (word.value for call in made for word in call.keywords if word.arg == "name")
    return _words(*(str(one.value) for one in names if isinstance(one, ast.Constant)))


CONDITIONS: Final = {
    "kind": _words(*(one.kind for one in WATCHED.ours)),
    "condition": _words(*ConditionType),
    "status": _words("True", "False", "Unknown"),
    "reason": _words(*ConditionReason),
}
_COUNTED: Final = RouterCounters()
CLOSED: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    operator_metrics.OBJECTS.name: CONDITIONS,
    operator_metrics.OLDEST_CONDITION.name: CONDITIONS,
    autoscaler_metrics.PODS.name: {"phase": _words(*EnginePodPhase)},
    autoscaler_metrics.REASON.name: {"reason": _words(*ScalingReason)},
    autoscaler_metrics.DECISIONS.name: {"reason": _words(*ScalingReason)},
    autoscaler_metrics.FIGURE.name: {"figure": figure_names()},
    autoscaler_metrics.OBJECTIVE.name: {"objective": _words(*autoscaler_metrics.JUDGED)},
    autoscaler_metrics.NEEDED.name: {"signal": _words(*ScalingSignal)},
    autoscaler_metrics.SCRAPE_FAILURES.name: {"reason": _words(*SampleProblem)},
    router_families.REFUSALS.name: {"reason": _words(*_COUNTED.refusals)},
    router_families.RESULTS.name: {"result": _words(*RequestResult)},
    router_families.ABORTS.name: {"stage": _words(*AbortStage)},
    router_families.WAITING.name: {"lane": _words(*Lane)},
    router_families.ENDPOINTS.name: {"state": _words(*EndpointState)},
    router_families.EJECTIONS.name: {"by": _words(*_COUNTED.ejections)},
    router_families.CACHE_LOOKUPS.name: {"result": _words("hit", "miss", "joined", "passed")},
    router_process_families.LINES.name: {"result": _words("written", "dropped")},
    router_process_families.SPANS.name: {"result": _words("sent", "dropped", "failed")},
}
