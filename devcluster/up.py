"""Brings a cluster up: prepares the machine, writes the files, and waits until it is ready."""

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from devcluster import owners, progress, teardown, turns
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.inside import isolation
from devcluster.layout import MARKER, Layout
from devcluster.members import pause, pki, settle, worker
from devcluster.members.control_plane import Ports, names_of_api
from devcluster.owners import Owner
from devcluster.plan import Plan
from devcluster.setup import debian, machine, preflight, programs, watch_limit

FEW_COLLECTIONS: Final = {"GOGC": "400"}
"""For machines short of CPU but not of memory: Kubernetes' programs allocate four times their live heap before they
collect garbage."""
FIRST_WORD_S: Final = 20.0
"""Time limit for a supervisor's first report; it takes a fifth of a second."""


class CannotStart(Exception):
    """The cluster did not come up; the message says why and what to do, and nothing of it is left."""


class InUse(CannotStart):
    """Other processes own the cluster and run; nothing of it was touched."""


def up(plan: Plan, cache: Cache, owned_by: tuple[Owner, ...] = (), *, anew: bool = False) -> Layout:
    """Return this cluster: at once if it runs as planned and is not wanted anew, otherwise started from nothing.

    It ends with the first of its owners that ends; without any it is a person's. A running one keeps its owners.
    One that other processes own is neither removed nor shared with owners who would lose it: that raises `InUse`.
    """
    layout = Layout.of(cache, plan.name)
    if not anew and _serves(layout, plan, owned_by):
        return layout
    refuse_in_use(layout, owned_by)
    folder = prepare(cache, light=plan.light)
    with turns.alone(cache.locks / plan.name, f"the start of {plan.name}"):
        if not anew and _serves(layout, plan, owned_by):
            return layout
        refuse_in_use(layout, owned_by)
        if layout.root.exists():
            with progress.step(f"removing what was left of {plan.name}"):
                teardown.down(layout)
        _start(plan, layout, folder, owned_by)
    return layout


def _serves(layout: Layout, plan: Plan, owned_by: tuple[Owner, ...]) -> bool:
    """Whether the cluster runs as planned, and for as long as the caller needs it: a command that only reports that it
    is ready is not among its own owners."""
    kept = owners.read(layout)
    if kept is not None and not kept.holds:
        return False  # it ends with its owner, and may be about to
    stays = any(one.pid == os.getpid() for one in owned_by)
    lasts = not stays or owners.others(layout, owned_by) is None
    return lasts and _runs(layout) and layout.plan() == plan


def refuse_in_use(layout: Layout, owned_by: tuple[Owner, ...]) -> None:
    """Raise `InUse` if the cluster belongs to processes that run and are not among these."""
    found = owners.others(layout, owned_by)
    if found is not None:
        words = " and ".join(f"process {one.pid} ({one.words})" for one in found.owners)
        raise InUse(
            f"{layout.name} is in use: since {found.moment} it belongs to {words}; wait until that ends, or end the "
            f"cluster: make cluster-down NAME={layout.name}"
        )


def _start(plan: Plan, layout: Layout, folder: Path, owned_by: tuple[Owner, ...]) -> None:
    """Start the cluster; a failure leaves nothing of it."""
    try:
        _write(plan, layout, folder)
        owners.keep(layout, owned_by)
        if owned_by:
            _detached(layout, [sys.executable, "-m", "devcluster.guard", str(layout.root)])
        with progress.step(f"starting {plan.name}") as current:
            _launch(plan, layout)
            _wait(layout, current)
    except BaseException as problem:
        left = teardown.down(layout)
        if isinstance(problem, CannotStart) and left:
            raise CannotStart(f"{problem}\nleft behind: {left}") from problem
        raise


def _runs(layout: Layout) -> bool:
    """Whether this cluster is up: a request checks it, since a process that was just killed still looks alive."""
    return layout.kubeconfig.exists() and teardown.is_supervised(layout) and Embedded(layout).answers()


def ports(layout: Layout) -> int:
    """The API server's port on 127.0.0.1."""
    return int(str(_status(layout)["api_port"]))


def prepare(cache: Cache, *, light: bool) -> Path:
    """Prepare the machine and return the folder of programs; `CannotStart` lists all that is missing."""
    hidden = [place for place in isolation.MASKED if not light and cache.root.is_relative_to(place)]
    if hidden:
        raise CannotStart(
            f"FAIRLEAD_CACHE={cache.root}: a cluster has a {hidden[0]} of its own, which would hide this folder; "
            "name one elsewhere, for instance FAIRLEAD_CACHE=/srv/fairlead"
        )
    wanted = programs.LIGHT if light else tuple(programs.PACKAGES)
    facts = machine.survey()
    to_build = programs.missing(cache, wanted)
    missing = preflight.light(facts, to_build) if light else preflight.whole(facts, to_build)
    if missing:
        raise CannotStart(preflight.message(missing))
    cache.root.mkdir(parents=True, exist_ok=True)
    watch_limit.raise_limit()
    if not light:
        debian.install(preflight.packages(facts), cache)
    return programs.ensure(cache, wanted)


def _write(plan: Plan, layout: Layout, folder: Path) -> None:
    """Write all files of the new cluster."""
    layout.keep(plan)
    chosen = _free_ports() if plan.light else Ports()
    authority = pki.Authority(pki.now())
    pki.write(authority, layout.pki, names_of_api(plan))
    server = f"https://{plan.host}:{chosen.api}"
    members = {
        "admin": ("admin", "system:masters"),
        "controllers": ("system:kube-controller-manager", None),
        "scheduler": ("system:kube-scheduler", None),
        "proxy": ("system:kube-proxy", None),
        "dns": (settle.DNS_USER, None),
    }
    members |= {f"kubelet-{node.name}": (f"system:node:{node.name}", "system:nodes") for node in plan.nodes}
    for file, (who, group) in members.items():
        text = pki.kubeconfig(authority, authority.sign(who, group), server)
        pki.write_secret(layout.pki / f"{file}.kubeconfig", text.encode())
    if not plan.light:
        worker.write(plan, layout, folder)
        pause.write(folder / "pause", layout.etc / "pause.tar")
    layout.etc.mkdir(exist_ok=True)
    settings = {"binaries": str(folder), "ports": asdict(chosen)}
    (layout.etc / "supervisor.json").write_text(json.dumps(settings))


def _launch(plan: Plan, layout: Layout) -> None:
    """Start the supervisor, detached from this terminal; with nodes, in its own namespaces."""
    python = [sys.executable, "-m"]
    with Path("/proc/self/ns/net").open() as network:
        words = [*python, "devcluster.inside.supervisor", str(layout.root)]
        if not plan.light:
            isolated = [
                "unshare",
                "--net",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "--propagation",
                "private",
            ]
            words = [
                *isolated,
                "--",
                *python,
                "devcluster.inside.init",
                str(layout.root),
                str(network.fileno()),
            ]
        _detached(layout, words, network.fileno())


def _detached(layout: Layout, words: list[str], *handed: int) -> None:
    """Start a process of the cluster that outlives this one, with its marker."""
    layout.logs.mkdir(exist_ok=True)
    source = Path(__file__).resolve().parents[1]
    env = {**os.environ, MARKER: str(layout.root), "PYTHONPATH": str(source), "PATH": machine.search_path()}
    with layout.log("supervisor").open("ab") as log:
        subprocess.run(
            ["setsid", "--fork", *words],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=env,
            pass_fds=handed,
        )


def _wait(layout: Layout, current: progress.Step) -> None:
    """Wait until the supervisor is ready; raises `CannotStart` with its message if it fails or ends."""
    began = time.monotonic()
    while True:
        exists = layout.supervisor.exists()  # read before `alive`: it may appear between two checks
        alive = teardown.is_supervised(layout)  # read before the status, so that its last report is not missed
        status = _status(layout)
        if status.get("phase") == "failed":
            raise CannotStart(str(status["failure"]))
        if status.get("phase") == "ready":
            break
        if not alive and (exists or time.monotonic() - began > FIRST_WORD_S):
            raise CannotStart(f"the supervisor ended; the end of its log:\n{progress.tail(layout.log('supervisor'))}")
        current.at(str(status.get("doing", "")))
        time.sleep(0.05)
    outer = layout.inner_kubeconfig.read_text()
    kubeconfig = json.loads(outer)
    kubeconfig["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{ports(layout)}"
    pki.write_secret(layout.kubeconfig, json.dumps(kubeconfig, indent=1).encode())


def _status(layout: Layout) -> dict[str, object]:
    try:
        document = json.loads(layout.status.read_text())
    except (OSError, ValueError):
        return {}
    return dict(document)


def _free_ports() -> Ports:
    """Currently free ports of 127.0.0.1."""
    sockets = [socket.socket() for _ in range(3)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        etcd, peers, api = (one.getsockname()[1] for one in sockets)
    finally:
        for one in sockets:
            one.close()
    return Ports(etcd=etcd, peers=peers, api=api)
