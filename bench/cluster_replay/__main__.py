"""`python -m bench.cluster_replay`: twenty minutes on a cluster, and the same requests in `fairlead simulate`.

Runs a real API server, node, operator, autoscaler and routers with emulated engines, then simulates the routers' own
access lines. The last line has the figures; the exit code is 0 only if all of them are within a tenth.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.cluster_replay import comparison, sending
from bench.cluster_replay.comparison import Run, WatchEvents
from bench.cluster_replay.waves import Wave
from demo.installing import install, serve
from demo.watching import WatchedModel
from devcluster import owners, plan, progress, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from devcluster.kubectl_watch import KubectlWatch
from devcluster.layout import Layout
from devcluster.setup import tools
from devcluster.up import CannotStart, up
from fairlead.cli import recorded_latency
from fairlead.cli.simulate_traffic import TraceCut, TraceFile
from fairlead.simulator.traffic.arrivals import RequestArrival
from house.check import surroundings
from house.tree import ROOT

NAME: Final = "replayed"
FLEET: Final = Path(__file__).parent / "fleet.yaml"
NODES: Final = ("l4=NVIDIA-L4:8",)
ENGINES: Final = f"--selector=fairlead.dev/deployment={NAME},fairlead.dev/role=engine"
ROUTERS: Final = f"--selector=fairlead.dev/deployment={NAME},fairlead.dev/role=router"
LATE_S: Final = 0.5
"""A client that sends later than this is itself being measured."""


def main(argv: list[str] | None = None) -> int:
    """Print the figure last."""
    traces = Path(os.environ.get("FAIRLEAD_TRACES", ROOT.parent / "shared" / "traces"))
    parser = argparse.ArgumentParser(prog="bench.cluster_replay", description=__doc__)
    parser.add_argument("--traffic", type=Path, default=traces / "azure-llm-2023-conv.csv.gz", help="recorded requests")
    parser.add_argument("--since", type=float, default=600.0, help="seconds of the recording to pass over (600)")
    parser.add_argument("--minutes", type=float, default=20.0, help="of traffic (20)")
    parser.add_argument("--period", type=float, default=10.0, help="minutes from one foot of the wave to the next (10)")
    parser.add_argument("--share", type=float, nargs=2, default=(0.1, 0.4), help="of the requests, at foot and crest")
    parser.add_argument("--seed", type=int, default=1, help="of the choice among recorded requests (1)")
    parser.add_argument("--keep", type=Path, help="write access lines, decisions and what was played to this folder")
    chosen = parser.parse_args(argv)
    wave = Wave(
        since=chosen.since,
        seconds=60 * chosen.minutes,
        period=60 * chosen.period,
        least=chosen.share[0],
        most=chosen.share[1],
        seed=chosen.seed,
    )
    requests = list(wave.of(TraceFile(path=chosen.traffic, cut=TraceCut()).arrivals(16)))
    print(f"{len(requests):,} requests in {requests[-1].time / 60:.1f} min", flush=True)
    try:
        layout = up(plan.make("replay", NODES), Cache.chosen(), owners.mine())
    except CannotStart as problem:
        raise SystemExit(f"bench: {problem}") from None
    try:
        real, played = _both(Embedded(layout), requests, chosen.keep)
    finally:
        teardown.down(Layout.of(Cache.chosen(), "replay"))
    print(f"real:   {real.words}\nplayed: {played.words}")
    found = comparison.compared(real, played)
    print(f"played against real, {len(requests):,} requests in {chosen.minutes:g} min: {found.words}")
    return 0 if found.holds else 1


def _both(cluster: Embedded, requests: list[RequestArrival], keep: Path | None) -> tuple[Run, Run]:
    cache = Cache.chosen()
    helm, built = tools.ensure(cache, ("helm",)) / "helm", build.build(ROOT, cache)
    install(cluster, helm, built, values=("autoscaler.decisions=true",) if keep else ())
    serve(cluster, FLEET, "applying a model on simulated engines, and its policy")
    model = WatchedModel.at(cluster, NAME)
    for _ in model.follow(lambda at: at.stands_at(1), "one replica is ready"):
        pass
    events = _send(cluster, model.address, requests)
    lines = [line.encode() for line in cluster.kubectl("logs", ROUTERS, "--tail=-1").splitlines() if _is_answer(line)]
    latency = recorded_latency.of_lines(lines)
    assert latency is not None
    real = comparison.real(events, latency)
    document = _simulated(cluster, events, real.course.at(0))
    print(f"{document['traffic']}", flush=True)
    if keep is not None:
        _keep(cluster, keep, {"played.json": json.dumps(document, indent=1).encode(), "access.log": b"\n".join(lines)})
    return real, comparison.played(document, real.course.at(0), events.seconds)


def _send(cluster: Embedded, address: str, requests: list[RequestArrival]) -> WatchEvents:
    """Send everything; return the watch events of that time."""
    title = f"{len(requests):,} requests, {requests[-1].time / 60:.0f} min"
    with (
        _watch(cluster, ("infd", NAME), "{.object.status.scaling.recommended}") as counts,
        _watch(cluster, ("pods", ENGINES), "{.type} {.object.metadata.name}") as pods,
        progress.step(title) as current,
    ):
        began = time.time()
        answers = asyncio.run(sending.sent(address, requests, lambda at: current.at(f"{at / 60:.1f} min")))
    failed = [one.failed for one in answers if one.failed]
    late = max(one.late_s for one in answers)
    print(f"{len(answers) - len(failed):,} answered, {len(failed)} failed, sent at most {late * 1000:.0f} ms late")
    assert not failed, failed[0]
    assert late < LATE_S, f"the client was {late:.1f} s late: this machine has no room for both"
    return WatchEvents(counts=counts.lines, pods=pods.lines, began=began, seconds=requests[-1].time)


def _keep(cluster: Embedded, folder: Path, files: dict[str, bytes]) -> None:
    """Save what both runs were compared by, and every decision of the real one with its facts."""
    folder.mkdir(parents=True, exist_ok=True)
    pods = cluster.kubectl("get", "pods", "-n=fairlead-system", "-o", "name").split()
    read = "import pathlib; print(*(one.read_text() for one in pathlib.Path('/decisions').glob('*.jsonl')), sep='')"
    for number, pod in enumerate(pods):
        decisions = cluster.kubectl("exec", "-n=fairlead-system", pod, "--", "python3", "-c", read)
        files[f"decisions-{number}.jsonl"] = decisions.encode()
    files["fleet.json"] = cluster.kubectl("get", "infd,asp", "-o", "json").encode()
    for name, found in files.items():
        (folder / name).write_bytes(found)


def _watch(cluster: Embedded, words: Sequence[str], template: str) -> KubectlWatch:
    return KubectlWatch(cluster.programs / "kubectl", cluster.kubeconfig, words, template, time.time)


def _is_answer(line: str) -> bool:
    return line.startswith("{") and '"request_id"' in line


def _simulated(cluster: Embedded, events: WatchEvents, first: int) -> dict[str, Any]:
    """The command's report, run as a user would run it."""
    since = f"{time.time() - events.began + 5:.0f}s"
    words = ["simulate", "--from", f"infd/{NAME}", "--since", since, "--start", str(first), "-o", "json"]
    env = os.environ | surroundings(ROOT) | {"KUBECONFIG": str(cluster.kubeconfig)}
    ran = subprocess.run(
        [sys.executable, "-m", "fairlead", *words], check=False, capture_output=True, text=True, env=env
    )
    assert ran.returncode in {0, 1}, ran.stderr
    return dict(json.loads(ran.stdout))


if __name__ == "__main__":
    sys.exit(main())
