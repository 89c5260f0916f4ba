"""A deployment that runs in a cluster: its object, its policy, and the requests that its routers logged lately.

The kubelet keeps only the last part of a container's log; a log collector has longer records.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fairlead.cli import cluster_client, explanation
from fairlead.cli.cluster_client import ClusterClient, ClusterUnavailable
from fairlead.cli.recorded_starts import RecordedStarts
from fairlead.cluster import kinds, pod_logs, pods
from fairlead.cluster.api_errors import ApiError, NotFound, RequestRefused
from fairlead.cluster.documents import YamlDocument
from fairlead.documents import json_document
from fairlead.fleet.plurals import count
from fairlead.objects.labels import DEPLOYMENT, GATEWAY, ROLE, ChildRole
from fairlead.objects.router_deployment import CONTAINER
from fairlead.simulator.traffic import joined_logs
from fairlead.simulator.traffic.joined_logs import JoinedLogs, RouterLines

MAX_BYTES: Final = 200_000_000
"""Of one router's log; the reader of access lines accepts twice as much in total."""
HEAD_BYTES: Final = 64
"""Enough for the date before a log's first line."""
NO_LOG: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
"""Answers for a pod whose container has not started yet, and for one that ended after it was listed."""
COLLECTED: Final = "give lines that were collected elsewhere with --traffic"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRecording:
    """The requests to one deployment, and how it is configured."""

    namespace: str
    name: str
    documents: tuple[YamlDocument, ...]
    """The deployment first, then its policy, if it refers to one."""
    lines: tuple[bytes, ...]
    """Access lines, in the order of each router; empty if not requested."""
    notes: tuple[str, ...] = ()
    """What of the logs was left out, and what may be missing."""

    @property
    def target(self) -> str:
        """Namespace and name, as a gateway's access lines name it."""
        return f"{self.namespace}/{self.name}"

    @property
    def gateway(self) -> tuple[str, str] | None:
        """Namespace and name of the gateway whose routers serve it; None: it has its own routers."""
        content = self.documents[0].content
        assert isinstance(content, dict)
        named = content["spec"].get("gateway") or {}
        return (named.get("namespace") or self.namespace, named["name"]) if named.get("name") else None

    @property
    def policy(self) -> str | None:
        """The policy that it names, if any."""
        content = self.documents[0].content
        assert isinstance(content, dict)
        return _policy(content["spec"])

    @property
    def starts(self) -> RecordedStarts | None:
        """How long its replicas took to start; None if no start was measured."""
        content = self.documents[0].content
        assert isinstance(content, dict)
        return RecordedStarts.of(content.get("status") or {})

    def replicas_at(self, date: float) -> int | None:
        """Return how many replicas answered requests that came soon after this date; None if no line names one."""
        return joined_logs.replicas_at(self.lines, date) or None

    def write(self, folder: Path) -> Path:
        """Write the lines to a file, whose name appears in the description of the traffic."""
        file = folder / f"infd-{self.name}.access-lines"
        file.write_bytes(b"\n".join(self.lines))
        return file


async def read(cluster: ClusterClient, namespace: str, name: str, seconds: float | None) -> ServiceRecording:
    """Read the objects, and logs of the last `seconds` if given; raises `ClusterUnavailable` if there are none."""
    found = await cluster.deployment(namespace, name)
    documents = (found, *(await _policies(cluster, found["spec"], namespace)))
    joined = JoinedLogs(lines=()) if seconds is None else await _joined(cluster, found, seconds)
    return ServiceRecording(
        namespace=namespace,
        name=name,
        documents=tuple(YamlDocument(place=f"infd/{name} in {namespace}", content=one) for one in documents),
        lines=joined.lines,
        notes=joined.notes,
    )


async def _joined(cluster: ClusterClient, found: Mapping[str, Any], seconds: float) -> JoinedLogs:
    namespace, name = found["metadata"]["namespace"], found["metadata"]["name"]
    place, selector = _routers(found["spec"], namespace, name)
    listed = (await cluster.api.listing(kinds.POD, place, selector)).items
    routers = sorted(listed, key=lambda one: str(one["metadata"]["name"]))
    target = f"{namespace}/{name}"
    logs, without = list[RouterLines](), list[ApiError]()
    for pod in routers:
        try:
            logs.append(await _of_router(cluster, pod, target, seconds))
        except (NotFound, RequestRefused) as problem:
            if problem.status not in NO_LOG:
                raise
            without.append(problem)
    if not any(one.lines for one in logs) and without:
        raise ClusterUnavailable(
            f"{len(without)} of {count(len(routers), 'router')} have no log, as {without[0]}; {COLLECTED}"
        )
    if not any(one.lines for one in logs):
        raise ClusterUnavailable(_nothing(found["spec"], target, len(routers), seconds))
    joined = joined_logs.join(logs)
    if not joined.lines:
        raise ClusterUnavailable(f"no request of {target} is left to play{''.join(joined.notes)}; {COLLECTED}")
    return joined


async def _of_router(cluster: ClusterClient, pod: Mapping[str, Any], target: str, seconds: float) -> RouterLines:
    """Read the lines of one router; raises `ClusterUnavailable` if there are more than are read."""
    place, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    size, found = 0, list[bytes]()
    async for line in _log(cluster, (place, name), seconds):
        size += len(line) + 1
        if _is_of(line, target):
            found.append(line)
    if size >= MAX_BYTES:
        raise ClusterUnavailable(
            f"router {name} logged more than {MAX_BYTES / 1e6:g} MB in the last {seconds / 3600:g} h, and its last "
            f"lines would be missing: choose a shorter --since, or {COLLECTED}"
        )
    return RouterLines(
        pod=name, lines=tuple(found), begins=await _begins(cluster, (place, name)), started=_started(pod)
    )


async def _begins(cluster: ClusterClient, pod: tuple[str, str]) -> datetime | None:
    """Return when the first line of the log was written, whatever it is about; None if the server does not say."""
    query = {"container": CONTAINER, "timestamps": "true", "limitBytes": str(HEAD_BYTES)}
    head = [line async for line in pod_logs.lines(cluster.connection, pod, query)]
    try:
        moment = datetime.fromisoformat(b"".join(head[:1]).partition(b" ")[0].decode())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def _started(pod: Mapping[str, Any]) -> datetime | None:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    found = [one for one in statuses if one.get("name") == CONTAINER]
    return pods.moment((found[0].get("state", {}).get("running") or {}).get("startedAt")) if found else None


def _log(cluster: ClusterClient, pod: tuple[str, str], seconds: float) -> AsyncIterator[bytes]:
    """Name the container, since a pod may also have one that a service mesh injected."""
    query = {
        "container": CONTAINER,
        "sinceSeconds": str(max(round(seconds), 1)),
        "limitBytes": str(MAX_BYTES),
    }
    return pod_logs.lines(cluster.connection, pod, query)


def _routers(spec: Mapping[str, Any], namespace: str, name: str) -> tuple[str, str]:
    """The namespace of its routers, and the selector that finds them."""
    gateway = spec.get("gateway") or {}
    owner = f"{GATEWAY}={gateway['name']}" if gateway.get("name") else f"{DEPLOYMENT}={name}"
    return gateway.get("namespace") or namespace, f"{ROLE}={ChildRole.ROUTER},{owner}"


async def _policies(cluster: ClusterClient, spec: Mapping[str, Any], namespace: str) -> list[dict[str, Any]]:
    named = _policy(spec)
    policy = await cluster.api.read(kinds.AUTOSCALING_POLICY, namespace, named) if named else None
    return [] if policy is None else [policy]


def _policy(spec: Mapping[str, Any]) -> str | None:
    named = ((spec.get("scaling") or {}).get("policy") or {}).get("name")
    return None if named is None else str(named)


def _is_of(line: bytes, target: str) -> bool:
    """Whether this is the line of a request; for a gateway's, of one that this deployment got last."""
    if not line.startswith(b"{") or b'"request_id"' not in line:
        return False
    try:
        entry = json_document.read(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and entry.get("target", target) == target


def _nothing(spec: Mapping[str, Any], target: str, routers: int, seconds: float) -> str:
    log = (spec.get("router") or {}).get("accessLog") or {}
    if log.get("enabled") is False:
        return f"{target} logs no requests: remove spec.router.accessLog.enabled: false, or {COLLECTED}"
    if not routers:
        return f"{target} has no router, so there is no log to read; {COLLECTED}"
    return (
        f"{routers} routers of {target} logged no request of it in the last {seconds / 3600:g} h: choose a longer "
        f"--since, or {COLLECTED}"
    )


def at_once(
    target: str, namespace: str | None, seconds: float | None, *, context: str | None = None
) -> ServiceRecording:
    """Synchronous variant, for a command that has nothing else to do meanwhile."""

    async def found() -> ServiceRecording:
        async with cluster_client.open_cluster(None, context=context) as cluster:
            return await read(cluster, namespace or cluster.home, explanation.target_name(target), seconds)

    return asyncio.run(found())
