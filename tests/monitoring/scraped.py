"""Pages of our processes and of real engines, as the series that Prometheus makes of them.

From a router and a fleet where everything happened once; the pages of vLLM and SGLang are from real servers.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from fairlead.autoscaler import http_handlers
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.tenants import Lane
from fairlead.router.observability.snapshot import BudgetUse, RouterSnapshot
from fairlead.routing.endpoint import EndpointSample
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics, ScrapeTotals
from fairlead.telemetry.operator_metrics import ConditionCount, OperatorMetrics
from house.tree import ROOT
from monitoring.queries import DEPLOYMENT
from tests.cli.decisions import decided
from tests.monitoring.exposed import figure_names
from tests.router.observability.recorders import T0, answered, begun, recorder_of, replica
from tests.router.observability.test_metrics_exposition import Cache, lane, tenant
from tests.telemetry.test_operator_metrics import all_counted

ENGINES: Final = ROOT / "tests" / "engines" / "data"
LONG: Final = 30
"""Samples of each series, one a minute."""
COUNTED: Final = ("_total", "_bucket", "_sum", "_count")

Labels = Mapping[str, str]


def series() -> dict[str, str]:
    """Every series in promtool's notation, with its values."""
    target = {"namespace": "demo", "instance": "10.0.0.1:9090"}
    serving = target | {DEPLOYMENT: "chat"}
    operator = target | {"namespace": "fairlead-system", "job": "fairlead-system/fairlead", "pod": "fairlead-1"}
    router = serving | {"job": "fairlead-system/fairlead-routers", "pod": "chat-router-1"}
    engine = serving | {"job": "fairlead-system/fairlead-engines", "pod": "chat-1"}
    texts = {name: (ENGINES / f"{name}-busy.txt").read_text("utf-8") for name in ("vllm-0.32", "sglang-0.5.23")}
    return {
        **dict(_of(_operator().page(), operator, honor=True)),
        **dict(_of(_autoscaler(), operator, honor=True)),
        **dict(_of(_router(), router)),
        **dict(_of(texts["vllm-0.32"].encode(), engine)),
        **dict(_of(texts["sglang-0.5.23"].encode(), engine | {"pod": "chat-2"})),
    }


def _of(page: bytes, target: Labels, *, honor: bool = False) -> Iterator[tuple[str, str]]:
    """Label as a scrape does: where both have a label, the target's wins, unless labels are honored."""
    for family in text_string_to_metric_families(page.decode()):
        for one in family.samples:
            own = {name if honor or name not in target else f"exported_{name}": one.labels[name] for name in one.labels}
            labels = ", ".join(f"{name}={json.dumps(value)}" for name, value in {**target, **own}.items())
            value = f"{one.value:.12g}"
            grows = one.name.endswith(COUNTED) and family.type != "gauge"
            yield f"{one.name}{{{labels}}}", f"0+{value}x{LONG}" if grows else f"{value}x{LONG}"


def _operator() -> OperatorMetrics:
    metrics = all_counted()
    metrics.api_request("update", "leases.coordination.k8s.io", 200, 0.01)
    metrics.set_conditions({
        ("InferenceDeployment", "Ready", "False", "NoneReady"): ConditionCount(1, None),
        ("InferenceDeployment", "Fits", "True", "Fits"): ConditionCount(2, None),
        ("InferenceDeployment", "Scheduled", "False", "NoFreeGpu"): ConditionCount(1, None),
    })  # fmt: skip
    return metrics


def _autoscaler() -> bytes:
    metrics = AutoscalerMetrics()
    metrics.decided("TokenDemand", 1, 0.001)
    metrics.wrote("done")
    one = replace(
        http_handlers.decided(replace(decided(), namespace="demo", name="chat")),
        figures=dict.fromkeys(figure_names(), 1.5),
        price_per_hour=2.5,
        objectives={"ttftP95": 0.6, "tpotP95": 0.05, "queueTimeP95": 1.0},
    )
    return metrics.page([one], ScrapeTotals(scrapes=100, failures={"Stale": 1}))


def _router() -> bytes:
    router = recorder_of()
    answered(router, stream=True, structured=True)
    answered(router, stream=True, hedged=True, lane=Lane.BATCH)
    router.ended(begun(router, status=503, reason="queue_full"), T0 + 1.0)
    router.swept(T0 + 0.25, T0 + 0.248)
    busy = replica("chat-1")
    busy.state, busy.sample = EndpointState.ROUTABLE, EndpointSample(at=T0, running=4.0, waiting=1.0, kv_usage=0.25)
    return router.page(
        RouterSnapshot(
            endpoints=[busy],
            lanes=[lane(Lane.INTERACTIVE, 2, 0.5)],
            accounts=[tenant("shop", 4, 2, over_concurrency=3)],
            cache=Cache(),
            budgets=[BudgetUse(tenant="shop", most=5.0, spent=1.25)],
            lines={"written": 9, "dropped": 1},
            traces={"sent": 9, "dropped": 1, "failed": 0},
        )
    )
