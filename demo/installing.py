"""Installs the operator as README does, and starts the two models."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.door import DoorClosed, Embedded
from devcluster.image.build import BuiltImage

ROOT: Final = Path(__file__).resolve().parents[1]
TIMEOUT_S: Final = 120.0
POLL_EACH_S: Final = 0.5


def install(
    cluster: Embedded, helm: Path, built: BuiltImage, node: str | None = None, values: Sequence[str] = ()
) -> None:
    """Install by Helm, with the image just built, on all nodes or on the one that should run it."""
    with progress.step("bringing our image to the nodes"):
        if node is None:
            cluster.load(built.archive)
        else:
            cluster.load_large(built.archive, node)
    repository, _, tag = built.reference.rpartition(":")
    words = [str(helm), f"--kubeconfig={cluster.kubeconfig}", "install", "fairlead"]
    words += [str(ROOT / "charts" / "fairlead"), "--namespace=fairlead-system", "--create-namespace", "--wait"]
    words += ["--set", f"image.repository={repository}", "--set", f"image.tag={tag}", "--timeout=120s"]
    words += ["--set", "console.enabled=true", "--set", "serving.monitoringNamespace=monitoring"]
    words += [f"--set={one}" for one in values]
    with progress.step("installing the operator by Helm"):
        ran = subprocess.run(words, check=False, capture_output=True, text=True)
        if ran.returncode:
            raise DoorClosed(f"helm: {ran.stderr.strip()}")


def serve(cluster: Embedded, manifests: Path, title: str, within_s: float = TIMEOUT_S) -> None:
    """Apply the models and wait until each has served."""
    with progress.step(title) as current:
        cluster.kubectl("apply", "-f", str(manifests))
        until = time.monotonic() + within_s
        while (waiting := _waiting(cluster)) and time.monotonic() < until:
            current.at(waiting)
            time.sleep(POLL_EACH_S)
        if waiting:
            raise DoorClosed(f"not ready after {within_s:.0f} s: {waiting}")


def _waiting(cluster: Embedded) -> str:
    """Which models do not serve yet, and why."""
    text = f"{{range .items[*]}}{{.metadata.name}} {_READY.format('status')} {_READY.format('message')}{{'\\n'}}{{end}}"
    lines = cluster.kubectl("get", "infd", "-o", f"jsonpath={text}").splitlines()
    return "; ".join(one for one in lines if " True " not in one)


_READY: Final = "{{.status.conditions[?(@.type=='Ready')].{}}}"
