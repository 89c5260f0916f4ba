"""Real vLLM on CPU in the cache: created once from hashed locks, for tests and comparisons.

The CPU wheel pins a build of torch that no ordinary index has, so it is installed beside the ordinary one; and its
command line looks itself up under the name of the GPU package, so it gets that name.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from fairlead.engines.vllm.environment import QUIET
from house.engine_venv import EngineVenv

VERSION: Final = "0.32.0"


def _named_as_for_gpus(site: Path) -> None:
    alias = site / f"vllm-{VERSION}+cpu.dist-info"
    alias.mkdir(exist_ok=True)
    (alias / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VERSION}+cpu\n")


VENV: Final = EngineVenv(
    engine="vLLM", version=VERSION, locks=("vllm.txt", "vllm-wheel.txt"), finish=_named_as_for_gpus
)


def python(cache: Cache) -> Path:
    """The interpreter that has vLLM; creates it if missing (6 GB, some minutes)."""
    return VENV.python(cache)


def environment() -> dict[str, str]:
    """Environment that keeps vLLM off the network and quiet."""
    return os.environ | QUIET


def main() -> int:
    """`python -m house.real_vllm`: create it, and print where it is."""
    made = python(Cache.chosen())
    finished = subprocess.run([made, "-c", "import vllm; print(vllm.__version__)"], check=False, env=environment())
    print(made)
    return finished.returncode


if __name__ == "__main__":
    raise SystemExit(main())
