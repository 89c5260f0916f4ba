"""Buildah with its storage in the cache: it leaves no file, lock or mount anywhere else on the machine."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from devcluster import progress
from devcluster.cache import Cache

PRIVATE: Final = ("unshare", "--mount", "--propagation", "private")
"""Before a program that mounts: what it mounts ends with it, also when it is killed."""

_ELSEWHERE: Final = Path("/var/lib")
"""Root's buildah keeps its list of known blobs in a folder there; no option moves it, so a mount of its own does."""

_INSIDE: Final = f'mount --bind "$1" {_ELSEWHERE} && shift && exec buildah "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of images and layers, and the way to run buildah on it."""

    root: Path
    driver: str
    logs: Path

    @classmethod
    def opened(cls, cache: Cache) -> "Store":
        """Overlay where it works; else vfs (whole copies), as on a cache that is on an overlay itself."""
        root = cache.root / "buildah"
        for name in ("elsewhere", "network", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True)
        network = json.dumps(str(root / "network"))
        (root / "containers.conf").write_text(f"[network]\nnetwork_config_dir = {network}\n")
        overlay = cls(root=root, driver="overlay", logs=cache.logs)
        return overlay if overlay.answers("info") else cls(root=root, driver="vfs", logs=cache.logs)

    def answers(self, *words: str) -> bool:
        """Whether buildah ends well with these words; for questions, whose output nobody needs."""
        finished = subprocess.run(self._command(words), env=self._environment(), capture_output=True, check=False)
        return finished.returncode == 0

    def run(self, words: Sequence[str], current: progress.Step, log: str) -> None:
        """Run buildah as a step."""
        progress.run(self._command(words), current, self.logs / log, env=self._environment())

    def build(self, context: Path, tag: str, arguments: Mapping[str, str], current: progress.Step) -> None:
        """Run a folder's Dockerfile; under overlay, steps whose inputs are equal come from the last time."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        layers = f"--layers={str(self.driver == 'overlay').lower()}"
        words = ["bud", "--isolation=chroot", "--pull=never", layers, f"--tag={tag}", *given, str(context)]
        self.run(words, current, f"build-{tag.partition('/')[2].partition(':')[0]}.log")

    def drop_unused(self) -> None:
        """Forget what no tag needs: earlier builds' layers, and what the next might have taken from them."""
        self.answers("rmi", "--prune")

    def _command(self, words: Sequence[str]) -> list[str]:
        place = ["--root", str(self.root / self.driver), "--runroot", str(self.root / f"{self.driver}-run")]
        mounted = ["sh", "-c", _INSIDE, "buildah", str(self.root / "elsewhere")]
        return [*PRIVATE, *mounted, *place, "--storage-driver", self.driver, *words]

    def _environment(self) -> dict[str, str]:
        own = {"CONTAINERS_CONF": str(self.root / "containers.conf"), "TMPDIR": str(self.root / "tmp")}
        return dict(os.environ) | own
