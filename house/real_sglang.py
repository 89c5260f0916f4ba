"""Real SGLang on CPU in the cache: created once from hashed locks, for tests and comparisons.

PyPI has its kernels for CUDA only; the stand-ins are those of the CPU image.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from devcluster.cache import Cache
from devcluster.image import sglang_cpu
from house.engine_venv import EngineVenv

VERSION: Final = "0.5.23"
ON_CPU: Final = {"SGLANG_USE_CPU_ENGINE": "1", "TORCH_COMPILE_DISABLE": "1", "OMP_NUM_THREADS": "1"}
QUIET: Final = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}


def _with_kernels(site: Path) -> None:
    (site / "sgl_kernel").mkdir(exist_ok=True)
    shutil.copyfile(sglang_cpu.KERNELS, site / "sgl_kernel" / "__init__.py")


VENV: Final = EngineVenv(
    engine="SGLang", version=VERSION, locks=("sglang.txt", "sglang-wheel.txt"), finish=_with_kernels
)


def python(cache: Cache) -> Path:
    """The interpreter that has SGLang; creates it if missing (7 GB, some minutes)."""
    return VENV.python(cache)


def environment() -> dict[str, str]:
    """Environment in which SGLang starts without a GPU and without the network."""
    return os.environ | ON_CPU | QUIET


def main() -> int:
    """`python -m house.real_sglang`: create it, and print where it is."""
    made = python(Cache.chosen())
    finished = subprocess.run([made, "-c", "import sglang; print(sglang.__version__)"], check=False, env=environment())
    print(made)
    return finished.returncode


if __name__ == "__main__":
    raise SystemExit(main())
