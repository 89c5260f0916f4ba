"""The image of SGLang for CPU, without its kernels, of which no build is published; `make image-sglang-cpu`.

Built from the same locks as the environment of house/real_sglang.py, and the stand-ins for the kernels.
"""

import sys
from pathlib import Path
from typing import Final

from devcluster.image import base
from devcluster.image.locked_image import LockedImage

KERNELS: Final = Path(__file__).with_name("sglang_kernels.py")
IMAGE: Final = LockedImage(
    name="sglang-cpu",
    software="SGLang",
    reference="localhost/fairlead-sglang-cpu:0.5.23",
    size="6 GB",
    dockerfile=Path(__file__).with_name("sglang_cpu.Dockerfile"),
    locks=("sglang.txt", "sglang-wheel.txt"),
    packages=base.PACKAGES,
    sources=(KERNELS,),
)

if __name__ == "__main__":
    sys.exit(IMAGE.main())
