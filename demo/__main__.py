"""`make demo`: from nothing to two models that serve, in one command; it stays up to be looked at."""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from demo import load, tour
from devcluster import plan, progress
from devcluster.cache import Cache
from devcluster.door import DoorClosed, Embedded
from devcluster.image import build
from devcluster.progress import StepFailed
from devcluster.setup import tools
from devcluster.up import CannotStart, up

ROOT: Final = Path(__file__).resolve().parents[1]
NODES: Final = ("l4=NVIDIA-L4:2", "a100=NVIDIA-A100-SXM4-80GB:1")
MODELS: Final = {"chat": "chat", "writer": "writer"}
STREAMS: Final = 24
PATIENCE_S: Final = 120.0


def main() -> int:
    """Show it, or say in one message why it cannot be shown here."""
    parser = argparse.ArgumentParser(prog="demo", description="A cluster with GPUs, the operator, two models, traffic.")
    parser.add_argument("--name", default="demo", help="the cluster's name")
    name = parser.parse_args().name
    cache = Cache.chosen()
    try:
        helm = tools.ensure(cache, ("helm",)) / "helm"
        layout = up(plan.make(name, NODES), cache)
        cluster = Embedded(layout)
        _install(cluster, helm, build.build(ROOT, cache))
        address = _serve(cluster)
        print(_shown(cluster, address, name), flush=True)
    except (CannotStart, StepFailed, DoorClosed, OSError) as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    return 0


def _install(cluster: Embedded, helm: Path, built: build.BuiltImage) -> None:
    """As README says, with the image that was just built."""
    with progress.step("bringing our image to the nodes"):
        cluster.load(built.archive)
    repository, _, tag = built.reference.rpartition(":")
    words = [str(helm), f"--kubeconfig={cluster.kubeconfig}", "upgrade", "--install", "fairlead"]
    words += [str(ROOT / "charts" / "fairlead"), "--namespace=fairlead-system", "--create-namespace", "--wait"]
    words += ["--set", f"image.repository={repository}", "--set", f"image.tag={tag}", "--timeout=120s"]
    with progress.step("installing the operator by Helm"):
        ran = subprocess.run(words, check=False, capture_output=True, text=True)
        if ran.returncode:
            raise DoorClosed(f"helm: {ran.stderr.strip()}")


def _serve(cluster: Embedded) -> str:
    """Apply both models and wait until they serve; answers where the first one is reached."""
    with progress.step("applying two models on simulated engines") as current:
        cluster.kubectl("apply", "-f", str(ROOT / "demo" / "models.yaml"))
        until = time.monotonic() + PATIENCE_S
        while (waiting := _waiting(cluster)) and time.monotonic() < until:
            current.at(waiting)
            time.sleep(0.3)
        if waiting:
            raise DoorClosed(f"not ready after {PATIENCE_S:.0f} s: {waiting}")
    return cluster.expose("default", "chat-router", 80)


def _waiting(cluster: Embedded) -> str:
    """Which models do not serve yet, and why."""
    said = f"{{range .items[*]}}{{.metadata.name}} {_READY.format('status')} {_READY.format('message')}{{'\\n'}}{{end}}"
    lines = cluster.kubectl("get", "infd", "-o", f"jsonpath={said}").splitlines()
    return "; ".join(one for one in lines if " True " not in one)


_READY: Final = "{{.status.conditions[?(@.type=='Ready')].{}}}"


def _shown(cluster: Embedded, address: str, name: str) -> str:
    with progress.step(f"sending {STREAMS} streams"):
        first = load.run(address, MODELS["chat"], STREAMS)

    def change() -> None:
        patch = '{"spec": {"engine": {"context": {"maxTokens": 4096}}}}'
        cluster.kubectl("patch", "infd", "chat", "--type=merge", "-p", patch)
        until = time.monotonic() + PATIENCE_S
        while not tour.is_rolled_out(cluster, "chat"):
            if time.monotonic() > until:
                raise DoorClosed(
                    f"the rollout is not over after {PATIENCE_S:.0f} s: {tour.conditions(cluster, 'chat')}"
                )
            time.sleep(0.3)

    with progress.step("changing the engine while every GPU is taken and streams go on"):
        under_way = load.beside(address, MODELS["chat"], change)
    return tour.text(cluster, tour.Seen(address=address, name=name, first=first, under_way=under_way))


if __name__ == "__main__":
    raise SystemExit(main())
