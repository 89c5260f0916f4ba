"""Reads from a cluster: deployments from the API server, decisions from the process that took them.

Decisions come through the API server from the operator's pods, or from a given address. The only write is a person's
order to a canary, as an annotation.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from fairlead.cluster import kinds, lease, pod_proxy, status_freshness
from fairlead.cluster.api_errors import ApiError, NotFound, RequestRefused, Unreachable
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.connection import ApiConnection, connect
from fairlead.cluster.credentials import NoCredentials
from fairlead.cluster.kinds import Resource
from fairlead.cluster.operator_pods import OperatorPods, PodPlace, UnlistedPods
from fairlead.scaling.explain import record_codec
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.decision_summary import DecisionSummary
from fairlead.scaling.explain.record_codec import BrokenRecord

DECISIONS: Final = "/fairlead/v1/decisions"
PERSON: Final = "fairlead-rollout"
"""The field manager of orders that a person gives."""
NAMES_IT: Final = "--operator-namespace names its namespace"
METRICS_PORT: Final = 9090
SHOWN_NAMESPACES: Final = 2
_OWN: Final = (
    kinds.INFERENCE_DEPLOYMENT,
    kinds.INFERENCE_GATEWAY,
    kinds.AUTOSCALING_POLICY,
    kinds.EVALUATION,
    kinds.ADAPTER,
)


class ClusterUnavailable(Exception):
    """The command cannot be carried out; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDecision:
    """There are no decisions to show, or none about this deployment."""

    because: str


class SeveralHomes(NoDecision):
    """Pods of several namespaces have the operator's labels, and only one of these can be its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTable:
    """The last decisions of the processes that answered; one that stands by answers with none."""

    summaries: tuple[DecisionSummary, ...]
    trouble: str
    """Why those of another process are absent; empty if every one answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterClient:
    """One cluster, and the source of its decisions."""

    connection: ApiConnection
    api: ApiServer
    address: str | None
    """Address of a deciding process; None: find the operator's pods by their labels."""
    operator_namespace: str | None
    """Where the operator is, as the command line names it."""
    home: str
    """The namespace set in the kubeconfig."""

    async def deployment(self, namespace: str, name: str) -> dict[str, Any]:
        """Read one InferenceDeployment; if it does not exist, the error lists those that do."""
        return await self.named(kinds.INFERENCE_DEPLOYMENT, namespace, name)

    async def named(self, resource: Resource, namespace: str, name: str) -> dict[str, Any]:
        """Read one of our objects; if it does not exist, the error lists those that do."""
        found = await self.api.read(resource, namespace, name)
        if found is not None:
            return found
        others = [one["metadata"]["name"] for one in (await self.api.listing(resource, namespace)).items]
        there = f"there are: {', '.join(sorted(others)[:10])}" if others else "there are none at all; -n names another"
        raise ClusterUnavailable(f"there is no {resource.kind} {name} in namespace {namespace}: {there}")

    async def annotate(self, document: dict[str, Any], annotation: str, value: str) -> None:
        """Write one annotation on an existing object and nothing else; `managedFields` name the writer."""
        metadata = {name: document["metadata"][name] for name in ("name", "namespace", "uid")}
        head = {name: document[name] for name in ("apiVersion", "kind")}
        await self.api.apply(head | {"metadata": metadata | {"annotations": {annotation: value}}}, manager=PERSON)

    async def deployments(self, namespace: str | None) -> list[dict[str, Any]]:
        """List the InferenceDeployments of a namespace; None: of all namespaces."""
        return (await self.api.listing(kinds.INFERENCE_DEPLOYMENT, namespace)).items

    async def objects(self, plural: str, namespace: str | None) -> list[dict[str, Any]]:
        """List the objects of one of our kinds in a namespace; None: in all namespaces."""
        resource = next(one for one in _OWN if one.plural == plural)
        return (await self.api.listing(resource, namespace)).items

    async def record(self, namespace: str, name: str) -> DecisionRecord | NoDecision:
        """Read the last decision about one deployment."""
        pages = await self._pages(f"{DECISIONS}/{namespace}/{name}")
        if isinstance(pages, NoDecision):
            return pages
        found = [record_codec.decode(page) for page in pages if isinstance(page, bytes)]
        records = [one for one in found if isinstance(one, DecisionRecord)]
        if records:
            return max(records, key=lambda one: one.now)
        return NoDecision(because=_why(pages, [one for one in found if isinstance(one, BrokenRecord)]))

    async def operator_home(self) -> str | SeveralHomes:
        """Return the namespace of the operator's pods; where none are found, the one in which they should be."""
        pods = [] if self.address is not None else await self._deciders()
        if isinstance(pods, SeveralHomes):
            return pods
        homes = [] if isinstance(pods, NoDecision) else [namespace for namespace, _ in pods]
        return homes[0] if homes else self.trusted_namespace

    async def currency(self, document: dict[str, Any], now: float) -> str:
        """Describe how old an object's status is, and, by its Lease, whether an operator is running."""
        return await self.currency_in(await self.operator_home(), document, now)

    async def currency_in(self, home: str | SeveralHomes, document: dict[str, Any], now: float) -> str:
        """The same of an operator whose namespace was found already."""
        if isinstance(home, SeveralHomes):
            return status_freshness.unseen(document, home.because, now)
        try:
            held = await self.api.read(kinds.LEASE, home, lease.CONTROLLER)
        except RequestRefused as refused:
            return status_freshness.unseen(document, refused.message, now)
        return status_freshness.sentence(held, f"{home}/{lease.CONTROLLER}", document, now)

    async def table(self) -> DecisionTable | NoDecision:
        """Read the last decision about every deployment; if two processes report the same one, the later."""
        pages = await self._pages(DECISIONS)
        if isinstance(pages, NoDecision):
            return pages
        found = [record_codec.decode_table(page) for page in pages if isinstance(page, bytes)]
        tables = [one for one in found if not isinstance(one, BrokenRecord)]
        broken = [one for one in found if isinstance(one, BrokenRecord)]
        if not tables:
            return NoDecision(because=_why(pages, broken))
        ordered = sorted((one for table in tables for one in table), key=lambda one: one.now)
        latest = {(one.namespace, one.name): one for one in ordered}
        return DecisionTable(summaries=tuple(latest.values()), trouble=_trouble(pages, broken))

    async def _pages(self, page: str) -> "list[bytes | ApiError] | NoDecision":
        if self.address is not None:
            return await _direct(f"{self.address.rstrip('/')}{page}")
        pods = await self._deciders()
        if isinstance(pods, NoDecision):
            return pods
        return await asyncio.gather(*(self._page(pod, page) for pod in pods))

    async def _page(self, pod: PodPlace, page: str) -> "bytes | ApiError":
        try:
            return await pod_proxy.read_page(self.connection, pod, METRICS_PORT, page)
        except ApiError as problem:
            return problem

    async def _deciders(self) -> list[PodPlace] | NoDecision:
        found = await self._operator.deciders()
        if isinstance(found, UnlistedPods):
            return _unlisted(found)
        if not found:
            where = f" in {self.operator_namespace}" if self.operator_namespace else ""
            because = f"no pod of the operator or autoscaler is found{where}; {NAMES_IT}, --autoscaler its address"
            return NoDecision(because=because)
        homes = sorted({namespace for namespace, _ in found})
        if len(homes) > 1:
            return SeveralHomes(because=f"pods of {_some(homes)} have the operator's labels; {NAMES_IT}")
        return found

    async def pods(self, selector: str) -> list[dict[str, Any]] | NoDecision:
        """List the operator's pods in its own namespace, which alone may receive a token."""
        found = await self._operator.trusted(selector)
        return _unlisted(found) if isinstance(found, UnlistedPods) else found

    @property
    def trusted_namespace(self) -> str:
        """The operator's namespace by the command line or by our own convention."""
        return self._operator.trusted_namespace

    @property
    def _operator(self) -> OperatorPods:
        return OperatorPods(api=self.api, named=self.operator_namespace)


@asynccontextmanager
async def open_cluster(
    address: str | None, operator_namespace: str | None = None, *, context: str | None = None
) -> AsyncIterator[ClusterClient]:
    """Open the cluster of the kubeconfig, by default of its current context; errors become `ClusterUnavailable`."""
    try:
        async with await connect(context=context) as connection:
            who = await connection.credentials()
            home = who.default_namespace or "default"
            yield ClusterClient(
                connection=connection,
                api=ApiServer(connection),
                address=address,
                operator_namespace=operator_namespace,
                home=home,
            )
    except NoCredentials as problem:
        raise ClusterUnavailable(str(problem)) from problem
    except NotFound as problem:
        raise ClusterUnavailable(f"{problem}; is Fairlead installed in this cluster? docs/install.md") from problem
    except Unreachable as problem:
        raise ClusterUnavailable(f"{problem}; {_way_to_cluster(problem)}") from problem
    except ApiError as problem:
        raise ClusterUnavailable(str(problem)) from problem


def _way_to_cluster(problem: Unreachable) -> str:
    if problem.status == HTTPStatus.UNAUTHORIZED:
        return "log in to the cluster again, or name another context with --context"
    return "see whether `kubectl get --raw /readyz` answers; --context names another cluster of the kubeconfig"


def _unlisted(found: UnlistedPods) -> NoDecision:
    return NoDecision(because=f"the operator's pods may not be listed ({found.refusal}); {NAMES_IT}")


def _some(namespaces: list[str]) -> str:
    """The first of them: a message stays short, however many there are."""
    more = f" and {len(namespaces) - SHOWN_NAMESPACES} more" if len(namespaces) > SHOWN_NAMESPACES else ""
    return f"namespaces {', '.join(namespaces[:SHOWN_NAMESPACES])}{more}"


def _why(pages: "list[bytes | ApiError]", broken: list[BrokenRecord]) -> str:
    """The most useful reply without a decision: a missing permission, another version, or that no process decides."""
    undecided = "no process of the operator has decided about it; it may have just started"
    return _trouble(pages, broken) or undecided


def _trouble(pages: "list[bytes | ApiError]", broken: list[BrokenRecord]) -> str:
    """Why a process's decisions are absent; empty if each answered, be it that it decides about nothing."""
    problems = [one for one in pages if not isinstance(one, bytes)]
    answered = [one for one in problems if not isinstance(one, NotFound)]
    if broken:
        return f"the reply is not a decision of this version: {broken[0].because}"
    return str(answered[0]) if answered else ""


async def _direct(url: str) -> "list[bytes | ApiError] | NoDecision":
    try:
        timeout = aiohttp.ClientTimeout(total=10.0)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            content = await answer.read()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        return NoDecision(because=f"{url}: {str(problem) or type(problem).__name__}")
    if answer.status == HTTPStatus.OK:
        return [content]
    first_line = content.decode(errors="replace").strip().partition("\n")[0][:200]
    return NoDecision(because=f"{url}: {answer.status}: {first_line}")
