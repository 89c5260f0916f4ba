"""`make demo`: from nothing to a cluster that serves, in one command; it stays up to be looked at."""

import argparse
import collections
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from devcluster import plan, progress
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.image import build
from devcluster.progress import StepFailed
from devcluster.up import CannotStart, up

ROOT: Final = Path(__file__).resolve().parents[1]
NODES: Final = ("l4=NVIDIA-L4:4", "a100=NVIDIA-A100-SXM4-80GB:1")
REQUESTS: Final = 40
PATIENCE_S: Final = 60.0


def main() -> int:
    """Show it, or say in one message why it cannot be shown here."""
    parser = argparse.ArgumentParser(prog="demo", description="A cluster with GPUs, our image, and traffic.")
    parser.add_argument("--name", default="demo", help="the cluster's name")
    name = parser.parse_args().name
    cache = Cache.chosen()
    try:
        layout = up(plan.make(name, NODES), cache)
        built = build.build(ROOT, cache)
        cluster = Embedded(layout)
        address = _serve(cluster, built)
        print(_tell(cluster, address, _ask(address), name), flush=True)
    except (CannotStart, StepFailed, DoorClosed, OSError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    return 0


def _serve(cluster: Embedded, built: build.BuiltImage) -> str:
    """Bring the image and the replicas to the cluster; answers where they serve."""
    with progress.step("bringing our image to the nodes"):
        cluster.load(built.archive)
    with progress.step("starting five replicas that ask for one GPU each") as current:
        cluster.kubectl("apply", "--server-side", "-f", str(ROOT / "demo" / "replicas.yaml"))
        until = time.monotonic() + PATIENCE_S
        while (ready := _ready(cluster)) < 4:
            if time.monotonic() > until:
                raise DoorClosed(f"{ready} of 4 replicas are ready after {PATIENCE_S:.0f} s: {_pods(cluster)}")
            current.at(f"{ready} of 4 ready")
            time.sleep(0.3)
    return cluster.expose("default", "replicas", 80)


def _ready(cluster: Embedded) -> int:
    status = json.loads(cluster.kubectl("get", "deployment", "replicas", "-o", "json"))["status"]
    return int(status.get("readyReplicas", 0))


def _ask(address: str) -> collections.Counter[str]:
    """A little traffic from this machine; counts who answered. The first may come before the Service's rules."""
    answers: collections.Counter[str] = collections.Counter()
    until = time.monotonic() + PATIENCE_S
    with progress.step(f"sending {REQUESTS} requests to http://{address}"):
        while answers.total() < REQUESTS:
            try:
                with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:  # our own door
                    answers[answer.read().decode()] += 1
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
    return answers


def _pods(cluster: Embedded) -> str:
    return cluster.kubectl("get", "pods", "-l", "app=replicas", "-o", "wide").rstrip()


def _tell(cluster: Embedded, address: str, answers: collections.Counter[str], name: str) -> str:
    """What was done, what to look at, and what is not there yet."""
    nodes = cluster.kubectl("get", "nodes", "-L", "nvidia.com/gpu.product,nvidia.com/gpu.count").rstrip()
    why = "jsonpath={.items[0].status.conditions[?(@.type=='PodScheduled')].message}"
    waiting = cluster.kubectl("get", "pods", "--field-selector=status.phase=Pending", "-o", why)
    width = max(map(len, answers))
    served = "\n".join(f"  {who:<{width}}  {count}" for who, count in sorted(answers.items()))
    return f"""
A real Kubernetes on this machine, with GPUs that are pretended and a scheduler that counts them:
{nodes}

Five replicas of our own image ask for one L4 each; four run, the fifth waits:
{_pods(cluster)}
  the scheduler: {waiting}

{answers.total()} requests through a Service, by who answered:
{served}

Look around:
  export KUBECONFIG={cluster.kubeconfig}
  export PATH={cluster.programs}:$PATH
  kubectl get pods -o wide    what runs where
  kubectl delete pod {min(answers)}    and the one that waited gets its GPU
  curl http://{address}/    ask a replica yourself
End it:
  make cluster-down NAME={name}

Not here yet: the operator, simulated engines and the autoscaler. README says what works today."""


if __name__ == "__main__":
    raise SystemExit(main())
