"""Real vLLM on CPU in the cache: made once from hashed locks, to be asked by tests and compared with.

The CPU wheel pins a build of torch that no ordinary index has, so it is installed beside the ordinary one; and its
command line looks itself up under the name of the GPU package, so that name is given to it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from devcluster import progress, turns
from devcluster.cache import Cache
from fairlead.cli import vllm_check
from house.tree import ROOT

VERSION: Final = "0.32.0"
REQUIREMENTS: Final = ("vllm.txt", "vllm-wheel.txt")


def python(cache: Cache) -> Path:
    """The interpreter that has vLLM; makes it where it is missing (6 GB, some minutes)."""
    place = cache.root / f"vllm-{VERSION}"
    ready = place / "ready"
    if not ready.exists():
        with turns.alone(cache.root / ".vllm.lock", "an installation of vLLM"):
            if not ready.exists():
                _install(place, cache)
                ready.touch()
    return place / "bin" / "python"


def environment() -> dict[str, str]:
    """What keeps vLLM from asking the network and from talking."""
    return os.environ | vllm_check.QUIET


def _install(place: Path, cache: Cache) -> None:
    shutil.rmtree(place, ignore_errors=True)
    with progress.step("making an environment for real vLLM") as current:
        progress.run([sys.executable, "-m", "venv", place], current, cache.logs / "vllm-venv.log")
    for lock in REQUIREMENTS:
        words = [str(place / "bin" / "pip"), "install", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        with progress.step(f"installing locks/{lock}") as current:
            log = cache.logs / f"{lock}.log"
            progress.run([*words, "-r", str(ROOT / "locks" / lock)], current, log)
    (site,) = place.glob("lib/python3*/site-packages")
    alias = site / f"vllm-{VERSION}+cpu.dist-info"
    alias.mkdir(exist_ok=True)
    (alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n")


def main() -> int:
    """`python -m house.real_vllm`: have it, and say where."""
    made = python(Cache.chosen())
    finished = subprocess.run([made, "-c", "import vllm; print(vllm.__version__)"], check=False, env=environment())
    print(made)
    return finished.returncode


if __name__ == "__main__":
    raise SystemExit(main())
