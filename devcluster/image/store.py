"""Buildah with its storage in the cache: it leaves no file, lock or mount elsewhere on the machine."""

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
"""Prefix of programs that mount: their mounts end with them, also when they are killed."""

_ELSEWHERE: Final = Path("/var/lib")
"""Root's buildah keeps its list of known blobs there; no option moves it, so it gets a mount of its own."""

_INSIDE: Final = f'mount --bind "$1" {_ELSEWHERE} && shift && exec buildah "$@"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of images and layers, and a way to run buildah on it."""

    root: Path
    driver: str
    logs: Path

    @classmethod
    def opened(cls, cache: Cache) -> "Store":
        """Use overlay if it works; else vfs (whole copies), as on a cache that is on an overlay itself."""
        root = cache.root / "buildah"
        for name in ("elsewhere", "network", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True)
        network = json.dumps(str(root / "network"))
        (root / "containers.conf").write_text(f"[network]\nnetwork_config_dir = {network}\n")
        overlay = cls(root=root, driver="overlay", logs=cache.logs)
        return overlay if overlay.answers("info") else cls(root=root, driver="vfs", logs=cache.logs)

    def answers(self, *words: str) -> bool:
        """Whether buildah succeeds with these arguments; for queries whose output is not needed."""
        finished = subprocess.run(self._command(words), env=self._environment(), capture_output=True, check=False)
        return finished.returncode == 0

    def run(self, words: Sequence[str], current: progress.Step, log: str) -> None:
        """Run buildah as a step."""
        progress.run(self._command(words), current, self.logs / log, env=self._environment())

    def build(self, context: Path, tag: str, arguments: Mapping[str, str], current: progress.Step) -> None:
        """Build a folder's Dockerfile; with overlay, steps with equal inputs are reused."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        layers = f"--layers={str(self.driver == 'overlay').lower()}"
        words = ["bud", "--isolation=chroot", "--pull=never", layers, f"--tag={tag}", *given, str(context)]
        self.run(words, current, f"build-{tag.partition('/')[2].partition(':')[0]}.log")

    def drop_unused(self) -> None:
        """Remove what no tag needs: layers of earlier builds, which the next one might have reused."""
        self.answers("rmi", "--prune")

    def _command(self, words: Sequence[str]) -> list[str]:
        place = ["--root", str(self.root / self.driver), "--runroot", str(self.root / f"{self.driver}-run")]
        mounted = ["sh", "-c", _INSIDE, "buildah", str(self.root / "elsewhere")]
        return [*PRIVATE, *mounted, *place, "--storage-driver", self.driver, *words]

    def _environment(self) -> dict[str, str]:
        own = {"CONTAINERS_CONF": str(self.root / "containers.conf"), "TMPDIR": str(self.root / "tmp")}
        return dict(os.environ) | own
