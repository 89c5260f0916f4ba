"""Real vLLM on CPU in the cache: made once from hashed locks, to be asked by tests and compared with.

The CPU wheel pins a build of torch that no ordinary index has, so it is installed beside the ordinary one; and its
command line looks itself up under the name of the GPU package, so that name is given to it.
"""

import os
import subprocess
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from fairlead.cli import vllm_check
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
    """The interpreter that has vLLM; makes it where it is missing (6 GB, some minutes)."""
    return VENV.python(cache)


def environment() -> dict[str, str]:
    """What keeps vLLM from asking the network and from talking."""
    return os.environ | vllm_check.QUIET


def main() -> int:
    """`python -m house.real_vllm`: have it, and say where."""
    made = python(Cache.chosen())
    finished = subprocess.run([made, "-c", "import vllm; print(vllm.__version__)"], check=False, env=environment())
    print(made)
    return finished.returncode


if __name__ == "__main__":
    raise SystemExit(main())
