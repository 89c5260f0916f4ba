"""What a Prometheus is asked, and what its answers say of each pod. Text and values only; asks nobody.

Series must carry the labels `namespace` and `pod` of whom they were scraped from, as a PodMonitor gives them. A pod
that two jobs scrape has every series twice: the larger one counts, since a sum would take one pod for two. Sums are
made here, within one pod and never across pods.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from fairlead.autoscaler.router_reports import (
    BATCH,
    NON_BATCH_LANES,
    DemandReport,
    EndpointReport,
    LaneReport,
    QueueReport,
    RouterReport,
)
from fairlead.engines.load_parser import MetricNames

ASKED: Final = "fairlead_router_asked_total"
ASKED_TOKENS: Final = "fairlead_router_asked_prompt_tokens_total"
WAITING: Final = "fairlead_router_requests_waiting"
OLDEST: Final = "fairlead_router_oldest_wait_seconds"
HELD: Final = "fairlead_router_requests_held"
STATE: Final = "fairlead_router_endpoint_state"
INFLIGHT: Final = "fairlead_router_endpoint_inflight"
ROUTER_FAMILIES: Final = (ASKED, ASKED_TOKENS, WAITING, OLDEST, HELD, STATE, INFLIGHT)
ENGINE_OF: Final = "exported_pod"
"""A router's label `pod` names an engine; Prometheus renames it so, as `pod` is whom it scraped."""
ROUTER_LABELS: Final = ("model", "lane", "state", ENGINE_OF)


class PodName(NamedTuple):
    """A pod as Prometheus knows it."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class PrometheusSeries:
    """One number of an answer."""

    labels: Mapping[str, str]
    value: str

    @property
    def pod(self) -> PodName:
        """Whose it is."""
        return PodName(self.labels.get("namespace", ""), self.labels.get("pod", ""))


def of_engines(names: MetricNames, namespaces: Collection[str]) -> str:
    """All that decides, of all engines there."""
    labels = ("le", *names.labels, *names.capacity_labels)
    return _largest(sorted(names.families), labels, namespaces)


def of_routers(namespaces: Collection[str]) -> str:
    """All that decides, of all routers there."""
    return _largest(ROUTER_FAMILIES, ROUTER_LABELS, namespaces)


def moments(family: str, namespaces: Collection[str]) -> str:
    """When each pod was last scraped: Prometheus repeats old samples for minutes, and says so nowhere else."""
    return f"max by (namespace, pod) (timestamp({family}{{{_within(namespaces)}}}))"


def asked_each_hour(routers: PodName) -> str:
    """Requests a second that came to a deployment's routers in the hour before; pods come and go in that time."""
    told = f'{ASKED}{{namespace="{routers.namespace}", pod=~"{routers.name}-.+"}}'
    return f"sum(max by (namespace, pod, model) (rate({told}[1h])))"


def engine_expositions(series: Iterable[PrometheusSeries]) -> dict[PodName, str]:
    """Answers of engines written out again as each pod's own page, for the reading that knows which to believe."""
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
    """Answers of routers as the page that each would have written; a number that is none makes that page a lie."""
    found: defaultdict[PodName, list[PrometheusSeries]] = defaultdict(list)
    for one in series:
        found[one.pod].append(one)
    return {pod: _page(every) for pod, every in found.items()}


def _page(series: Iterable[PrometheusSeries]) -> RouterReport:
    """Nobody asked yet where no series of it is there: one begins with the first request of its model."""
    demand, queue = (
        DemandReport(asked=0.0, prompt_tokens=0.0),
        QueueReport(lanes={lane: LaneReport() for lane in (*NON_BATCH_LANES, BATCH)}),
    )
    endpoints: defaultdict[str, EndpointReport] = defaultdict(lambda: EndpointReport(pod="", state=""))
    for one in series:
        family, value = one.labels.get("__name__"), _number(one.value)
        lane = queue.lanes.setdefault(one.labels.get("lane", ""), LaneReport())
        engine = endpoints[one.labels.get(ENGINE_OF, "")]
        if family == ASKED:
            demand.asked += value
        elif family == ASKED_TOKENS:
            demand.prompt_tokens += value
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


def _largest(families: Collection[str], labels: Iterable[str], namespaces: Collection[str]) -> str:
    by = ", ".join(("__name__", "namespace", "pod", *labels))
    return f'max by ({by}) ({{__name__=~"{"|".join(families)}", {_within(namespaces)}}})'


def _within(namespaces: Collection[str]) -> str:
    """Names of namespaces hold nothing that a pattern would take for more than itself."""
    return f'namespace=~"{"|".join(sorted(namespaces))}"'


def _number(written: str) -> float:
    """What is no number counts as negative, which no page may be."""
    value = float(written)
    return value if 0 <= value < float("inf") else -1.0


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
