"""What runs and what it costs: replicas by phase, fit, room, cold starts, money, idle time, engines."""

from typing import Final

from fairlead.scaling.facts import EnginePodPhase
from fairlead.telemetry import autoscaler_metrics as scaling
from fairlead.telemetry import engine_families as vllm
from fairlead.telemetry import operator_metrics as operator
from fairlead.telemetry import router_families as router
from fairlead.telemetry import sglang_families as sglang
from fairlead.telemetry import tensorrt_families as tensorrt
from fairlead.telemetry.metric_family import MetricFamily
from monitoring import queries
from monitoring.boards.variables import OF_DECISIONS
from monitoring.panels import Dashboard, PanelRow, lines, number, table
from monitoring.queries import DEPLOYMENT, INTERVAL, Query

_NAMED: Final = "{{namespace}}/{{name}}"
_ENGINE: Final = f"{{{{namespace}}}}/{{{{{DEPLOYMENT}}}}}"
_OF: Final = ("namespace", "name")
_UNPAID: Final = "|".join((EnginePodPhase.PENDING, EnginePodPhase.UNPLACEABLE, EnginePodPhase.DEAD))
_COMING: Final = "|".join((
    EnginePodPhase.UNPLACEABLE, EnginePodPhase.PENDING, EnginePodPhase.PULLING, EnginePodPhase.STARTING,
))  # fmt: skip
_HELD: Final = queries.total(scaling.PODS, *_OF, where=f'phase!~"{_UNPAID}"')
_PRICE: Final = queries.total(scaling.PRICE, *_OF, how="max")
_COST: Final = f"{_HELD} * on (namespace, name) {_PRICE}"
_READY: Final = queries.total(scaling.PODS, *_OF, where=f'phase="{EnginePodPhase.READY}"')
_NEED: Final = queries.total(scaling.FIGURE, *_OF, where='figure="need.replicas"', how="max")
_NAME: Final = f'"name", "$1", "{DEPLOYMENT}", "(.+)"'
_FIRST_STAGE: Final = 'pp_rank=~"0|"'
_ONCE: Final = f'{_FIRST_STAGE}, priority=""'
_REPEATED: Final = (sglang.USAGE, sglang.RUNNING, sglang.WAITING)
"""SGLang has a line for each pipeline stage, and with priorities one for each beside that of their sum."""
_OUTPUT: Final = queries.of_deployments(f"rate({router.OUTPUT.name}[{INTERVAL}])")
_WRITTEN: Final = f"sum by (namespace, name) (label_replace({_OUTPUT}, {_NAME}))"


def _of_objects(condition: str, where: str = "") -> str:
    """Deployments of all releases by the reason of a condition, in all namespaces: the operator's metrics name none."""
    matchers = f'kind="InferenceDeployment", condition="{condition}"{where}'
    of_each = f"max by (namespace, status, reason) ({operator.OBJECTS.name}{{{matchers}}})"
    return f"sum by (status, reason) ({of_each})"


def _of_engines(*families: MetricFamily, how: str = "sum") -> str:
    """A gauge of each deployment's engines, of any kind."""
    return queries.either(
        *(
            queries.total(one, "namespace", DEPLOYMENT, where=_ONCE if one in _REPEATED else "", how=how)
            for one in families
        )
    )


_NOW: Final = PanelRow(
    "Now",
    (
        number("Replicas ready", f"sum({_READY})"),
        number("Replicas on their way", queries.total(scaling.PODS, where=f'phase=~"{_COMING}"')),
        number("Cost an hour", f"sum({_COST})", text="Replicas that hold a GPU, by the prices of the catalogue."),
        number("Replicas more than need", f"sum(clamp_min({_READY} - {_NEED}, 0))"),
    ),
)
_REPLICAS: Final = PanelRow(
    "Replicas",
    (
        lines("Replicas by phase", Query(queries.total(scaling.PODS, "phase"), "{{phase}}"), stacked=True),
        lines("Ready replicas", Query(_READY, _NAMED)),
        lines("Asleep", Query(queries.total(scaling.ASLEEP, *_OF, how="max"), _NAMED), text="Warm replicas."),
        table("Are deployments well?", _of_objects("Ready"), "All namespaces, by the reason of Ready."),
        table("Fit", _of_objects("Fits"), "All namespaces, by the reason of Fits."),
        table("GPUs: who has no room", _of_objects("Scheduled"), "All namespaces, by the reason of Scheduled."),
    ),
)
_STARTS: Final = PanelRow(
    "Cold starts",
    (
        lines(
            "Replicas on their way, by phase",
            Query(queries.total(scaling.PODS, "phase", where=f'phase=~"{_COMING}"'), "{{phase}}"),
            stacked=True,
            text="Waiting for a node, pulling the image, starting the engine.",
        ),
        lines(
            "Cold start, as learnt",
            Query(queries.total(scaling.FIGURE, *_OF, where='figure="coldStart.seconds"', how="max"), _NAMED),
            unit="s",
        ),
        lines("Requests held for a first replica", Query(queries.total(router.HELD, "namespace", DEPLOYMENT), _ENGINE)),
    ),
)
_MONEY: Final = PanelRow(
    "Cost and idle",
    (
        lines("Cost an hour", Query(_COST, _NAMED), text="In the currency of the catalogue.", stacked=True),
        lines(
            "Cost of a million output tokens",
            Query(f"{_COST} / on (namespace, name) ({_WRITTEN} * 3600 / 1e6)", _NAMED),
            text="Of what stands there now and is written now; idle replicas make it dear.",
        ),
        lines(
            "Replicas more than need",
            Query(f"clamp_min({_READY} - {_NEED}, 0)", _NAMED),
            text="Headroom, the warm pool and what is kept until it may shrink stand in it.",
        ),
    ),
)
_ENGINES: Final = PanelRow(
    "Engines",
    (
        lines(
            "Share of the KV cache in use",
            Query(_of_engines(vllm.USAGE, sglang.USAGE, tensorrt.USAGE, how="avg"), _ENGINE),
            unit="percentunit",
        ),
        lines(
            "Requests in engines",
            Query(_of_engines(vllm.RUNNING, sglang.RUNNING, tensorrt.RUNNING), f"{_ENGINE} running"),
            Query(_of_engines(vllm.WAITING, sglang.WAITING, tensorrt.WAITING), f"{_ENGINE} waiting"),
        ),
        lines(
            "Requests put back because memory was short",
            Query(
                queries.either(
                    queries.rate(vllm.PREEMPTED, "namespace", DEPLOYMENT),
                    queries.rate(sglang.RETRACTED, "namespace", DEPLOYMENT, where=_FIRST_STAGE),
                ),
                _ENGINE,
            ),
            unit="reqps",
            text="TensorRT-LLM does not count them.",
        ),
    ),
)

BOARD: Final = Dashboard(
    name="fleet",
    title="Fleet",
    text="What stands there and what it costs. Deployments with a fixed count show in the tables and under Engines.",
    variables=OF_DECISIONS,
    rows=(_NOW, _REPLICAS, _STARTS, _MONEY, _ENGINES),
)
