"""The queries to a Prometheus, and how its answers become each pod's sample. Text and values only; sends nothing.

Series must carry the labels `namespace` and `pod` of the scraped pod, as a PodMonitor sets them. A pod that two jobs
scrape has every series twice: the larger value counts, since a sum would count one pod twice. Sums are made here,
within one pod and never across pods.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from fairlead.autoscaler.samples.router_reports import (
    BATCH,
    NON_BATCH_LANES,
    DemandReport,
    EndpointReport,
    LaneReport,
    QueueReport,
    RouterReport,
)
from fairlead.engines.load_parser import MetricNames
from fairlead.telemetry import router_families

ARRIVALS: Final = router_families.ARRIVALS.name
ARRIVED_TOKENS: Final = router_families.ARRIVED_TOKENS.name
WAITING: Final = router_families.WAITING.name
OLDEST: Final = router_families.OLDEST.name
HELD: Final = router_families.HELD.name
STATE: Final = router_families.ENDPOINT_STATE.name
INFLIGHT: Final = router_families.ENDPOINT_INFLIGHT.name
ROUTER_FAMILIES: Final = (ARRIVALS, ARRIVED_TOKENS, WAITING, OLDEST, HELD, STATE, INFLIGHT)
ENGINE_OF: Final = "exported_pod"
"""A router's label `pod` names an engine; Prometheus renames it, as its own label `pod` names the scraped pod."""
ROUTER_LABELS: Final = ("model", "lane", "state", ENGINE_OF)


class PodName(NamedTuple):
    """A pod by its labels in Prometheus."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class PrometheusSeries:
    """One series of an answer."""

    labels: Mapping[str, str]
    value: str

    @property
    def pod(self) -> PodName:
        """The pod that was scraped."""
        return PodName(self.labels.get("namespace", ""), self.labels.get("pod", ""))


def of_engines(names: MetricNames, namespaces: Collection[str]) -> str:
    """Query all families that decisions need, of all engines in these namespaces."""
    labels = ("le", *names.labels, *names.capacity_labels)
    return _largest(sorted(names.families), labels, namespaces)


def of_routers(namespaces: Collection[str]) -> str:
    """Query all families that decisions need, of all routers in these namespaces."""
    return _largest(ROUTER_FAMILIES, ROUTER_LABELS, namespaces)


def moments(family: str, namespaces: Collection[str]) -> str:
    """Query each pod's last scrape time: only this shows age, as Prometheus repeats old samples for minutes."""
    return f"max by (namespace, pod) (timestamp({family}{{{_within(namespaces)}}}))"


def requests_each_hour(routers: PodName) -> str:
    """Query requests a second at a deployment's routers in the hour before, without the batch lane; pods come and go in
    that time."""
    counter = f'{ARRIVALS}{{namespace="{routers.namespace}", pod=~"{routers.name}-.+", lane!="{BATCH}"}}'
    return f"sum(max by (namespace, pod, model, lane) (rate({counter}[1h])))"


def engine_expositions(series: Iterable[PrometheusSeries]) -> dict[PodName, str]:
    """Render engine series as each pod's own page, so that the engine's parser checks and reads them."""
    lines: defaultdict[PodName, list[str]] = defaultdict(list)
    for one in series:
        labels = ",".join(
            f'{name}="{_escaped(value)}"'
            for name, value in one.labels.items()
            if name not in {"__name__", "namespace", "pod"} and value
        )
        lines[one.pod].append(f"{one.labels.get('__name__', '')}{{{labels}}} {one.value}\n")
    return {pod: "".join(found) for pod, found in lines.items()}


def router_reports(series: Iterable[PrometheusSeries]) -> dict[PodName, RouterReport]:
    """Convert router series to the report that each router would have sent; a non-number invalidates all of it."""
    found: defaultdict[PodName, list[PrometheusSeries]] = defaultdict(list)
    for one in series:
        found[one.pod].append(one)
    return {pod: _page(every) for pod, every in found.items()}


def _page(series: Iterable[PrometheusSeries]) -> RouterReport:
    """Build the report of one router; demand starts at 0, since these series only begin with a model's first
    request."""
    demand, queue = (
        DemandReport(arrivals=0.0, prompt_tokens=0.0),
        QueueReport(lanes={lane: LaneReport() for lane in (*NON_BATCH_LANES, BATCH)}),
    )
    endpoints: defaultdict[str, EndpointReport] = defaultdict(lambda: EndpointReport(pod="", state=""))
    for one in series:
        family, value = one.labels.get("__name__"), _number(one.value)
        lane = queue.lanes.setdefault(one.labels.get("lane", ""), LaneReport())
        engine = endpoints[one.labels.get(ENGINE_OF, "")]
        if family in {ARRIVALS, ARRIVED_TOKENS}:
            _add_demand(demand, one.labels, value)
        elif family == WAITING:
            lane.waiting = value
        elif family == OLDEST:
            lane.oldest_seconds = value
        elif family == HELD:
            queue.held = value
        elif family == INFLIGHT:
            engine.inflight = int(value)
        elif value > 0:
            engine.state = one.labels.get("state", "")
    queue.lanes.pop("", None)
    endpoints.pop("", None)
    for name, engine in endpoints.items():
        engine.pod = name
    return RouterReport(endpoints=list(endpoints.values()), queue=queue, demand=demand)


def _add_demand(demand: DemandReport, labels: Mapping[str, str], value: float) -> None:
    """Add arrivals to those of their lane; routers of an older release do not write it."""
    batch = labels.get("lane") == BATCH
    if labels["__name__"] == ARRIVED_TOKENS:
        demand.prompt_tokens += 0.0 if batch else value
    elif batch:
        demand.batch_arrivals += value
    else:
        demand.arrivals = (demand.arrivals or 0.0) + value


def _largest(families: Collection[str], labels: Iterable[str], namespaces: Collection[str]) -> str:
    by = ", ".join(("__name__", "namespace", "pod", *labels))
    return f'max by ({by}) ({{__name__=~"{"|".join(families)}", {_within(namespaces)}}})'


def _within(namespaces: Collection[str]) -> str:
    """Return the namespace matcher; names of namespaces contain no special characters of regular expressions."""
    return f'namespace=~"{"|".join(sorted(namespaces))}"'


def _number(written: str) -> float:
    """Parse a number; an invalid one becomes negative, which the check of a report refuses."""
    value = float(written)
    return value if 0 <= value < float("inf") else -1.0


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
