"""Which installed packages are packed: neither what the machine has, nor what a dense model on one GPU never runs."""

import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Final

OURS: Final = frozenset(
    (
        *("aiohttp", "aiosignal", "frozenlist", "multidict", "propcache", "yarl", "uvloop", "msgpack", "xxhash"),
        *("requests", "anyio", "regex", "psutil", "prometheus-client", "tiktoken", "typing-extensions"),
        *("torch", "torchvision", "triton"),
    )
)
"""Packed although the machine has them: it may have another version."""
NEVER_RUN: Final = (
    *("cuda-", "nccl", "nvidia-", "tokenspeed-", "tilelang", "flashinfer", "pynvvideocodec", "torchcodec", "z3-solver"),
    *(
        "quack-kernels",
        "fastsafetensors",
        "instanttensor",
        "humming-kernels",
        "nvtx",
        "torch-c-dlpack",
        "pip",
        "setuptools",
    ),
)
"""Name prefixes: other attention kernels, other loaders, video, and CUDA itself."""
LEFT_OUT: Final = (
    *("torch/include", "torch/test", "torch/bin/protoc*", "triton/_C/libproton.so", "triton/instrumentation"),
    *("triton/backends/nvidia/bin", "triton/backends/nvidia/lib/cupti", "vllm/vllm-rs", "vllm/third_party/deep_gemm"),
    *("vllm/third_party/fmha_sm100", "vllm/vllm_flash_attn/_vllm_fa2_C.abi3.so", "pycountry/locales"),
)
"""Below the packages' folder. FlashAttention 2 is left out, since an H100 runs 3."""


def copy(installed: Path, there: frozenset[str], target: Path) -> None:
    """Copy into an empty folder; `there` are the names of packages that the machine has."""
    for distribution in metadata.distributions(path=[str(installed)]):
        name = _canonical(distribution.metadata["Name"])
        if name.startswith(NEVER_RUN) or (name in there and name not in OURS):
            continue
        for relative in _files(distribution):
            place = target / relative
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(installed / relative, place)
    for pattern in LEFT_OUT:
        for place in target.glob(pattern):
            shutil.rmtree(place) if place.is_dir() else place.unlink()


def _files(distribution: metadata.Distribution) -> Iterator[Path]:
    for one in distribution.files or ():
        relative = Path(str(one))
        outside = relative.parts[0] == ".." or relative.suffix == ".pyc"
        if not outside and Path(str(one.locate())).is_file():
            yield relative


def names(text: str) -> frozenset[str]:
    """Names in a list of packages, one a line, as `pip list` prints it or without versions."""
    return frozenset(_canonical(line.split()[0]) for line in text.splitlines() if line.strip())


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
