"""Shows the state of the clusters on this machine."""

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from devcluster import owners, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.layout import Layout

NOTHING_LEFT: Final = "looked for its processes, mounts, control groups, sockets and files: nothing is left"


def read_all(cache: Cache) -> list[dict[str, object]]:
    """Read each cluster's last report, and whether its supervisor is alive."""
    found = []
    for root in sorted(cache.clusters.glob("*/plan.json")):
        layout = Layout(root.parent)
        document = json.loads(layout.status.read_text()) if layout.status.exists() else {"phase": "not started"}
        if not teardown.is_supervised(layout):
            document["phase"] = "dead: its supervisor was ended; `down` removes what is left, `up` starts anew"
        supervisor = json.loads(layout.supervisor.read_text()) if layout.supervisor.exists() else {}
        head = {"name": layout.name, "kubeconfig": str(layout.kubeconfig), "supervisor": supervisor}
        found.append(head | _ownership(layout) | document)
    return found


def as_text(found: list[dict[str, object]], colour: bool) -> str:
    """A block per cluster: its phase, its components aligned, and every death with the end of its log."""
    if not found:
        return "no cluster runs here; `make cluster` starts one"
    return "\n".join(_block(one, colour) for one in found)


def how_to_use(layout: Layout, door: Embedded) -> str:
    """Commands to copy for a person who just started a cluster."""
    nodes = door.kubectl("get", "nodes", "-L", "nvidia.com/gpu.product,nvidia.com/gpu.count")
    return (
        f"{nodes}\n{layout.name} is ready. Use it:\n"
        f"  export KUBECONFIG={layout.kubeconfig}\n"
        f"  export PATH={door.programs}:$PATH    # kubectl\n"
        f"  kubectl get nodes\n"
        f"  make expose NAME={layout.name} SERVICE=default/web:80    # a door on 127.0.0.1 to a Service\n"
        f"End it: make cluster-down NAME={layout.name}{_or_by_itself(layout)}"
    )


def _ownership(layout: Layout) -> dict[str, object]:
    """Its owners and its start time; empty for a cluster that an older release started."""
    kept = owners.read(layout)
    return {} if kept is None else {"owners": [asdict(one) for one in kept.owners], "since": kept.since}


def _or_by_itself(layout: Layout) -> str:
    kept = owners.read(layout)
    return f" (or with {_named([asdict(one) for one in kept.owners])})" if kept is not None and kept.owners else ""


def _named(found: list[dict[str, object]]) -> str:
    return ", ".join(f"process {one['pid']} ({one['words']})" for one in found)


def _belongs(one: dict[str, object]) -> list[str]:
    found, since = one.get("owners"), one.get("since")
    if not isinstance(found, list) or not isinstance(since, float):
        return []
    whose = f"ends with {_named(found)}" if found else f"a person's: make cluster-down NAME={one['name']} ends it"
    minutes = (time.time() - since) / 60
    moment = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return [f"  owner       {whose}", f"  since       {moment}, {minutes:.0f} min ago"]


def _block(one: dict[str, object], colour: bool) -> str:
    lines = [_bold(f"{one['name']}: {one['phase']}", colour), f"  kubeconfig  {one['kubeconfig']}"]
    lines += _belongs(one)
    supervisor = one.get("supervisor")
    if isinstance(supervisor, dict) and supervisor:
        lines.append(f"  supervisor  process {supervisor['pid']}")
    components = one.get("components")
    if isinstance(components, dict):
        width = max((len(name) for name in components), default=0)
        lines += [f"  {name:<{width}}  {_state(kept)}" for name, kept in components.items()]
    deaths = one.get("deaths")
    if isinstance(deaths, list):
        lines += [f"  {death['component']} {death['how']} at {death['at']}\n{death['tail']}" for death in deaths]
    return "\n".join(lines)


def _state(kept: dict[str, object]) -> str:
    starts = int(str(kept["starts"]))
    again = f", started {starts} times" if starts > 1 else ""
    return ("runs" if kept["running"] else "is dead") + again


def _bold(text: str, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text
