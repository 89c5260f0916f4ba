"""The package `sgl_kernel` of the image of SGLang for CPU, in place of SGLang's own kernels.

PyPI has those for CUDA only. SGLang's repository builds others for CPUs with AMX (docker/xeon.Dockerfile); the operator
`convert_weight_packed` makes SGLang use them, and without it SGLang computes by PyTorch alone. So it is not defined
here, only what SGLang 0.5.23 has in no other form for a CPU. It is slow, and correct.

This file is copied into the image as `sgl_kernel/__init__.py`; nothing of Fairlead imports it.
"""

import importlib
from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeAlias

torch: Final[Any] = importlib.import_module("torch")
"""Installed only in the image, so it has no type here."""
Tensor: TypeAlias = Any
__version__ = "0.0.0+processor"

MASK: Final = 0xFFFFFFFF
PINNING: Final = ("arange", "empty", "empty_like", "full", "ones", "tensor", "zeros", "zeros_like")
"""Functions to which SGLang's LoRA passes `pin_memory=True` on any device."""


def assign_req_to_token_pool_cpu(
    requests: Tensor, table: Tensor, begins: Tensor, ends: Tensor, places: Tensor, _: int
) -> None:
    """Record where the KV cache has the new tokens of each request: `srt/mem_cache/allocation.py`.

    `places` are those of all requests in sequence; a request's go into its row of the table.
    """
    taken = 0
    for request, begin, end in zip(requests.tolist(), begins.tolist(), ends.tolist(), strict=True):
        count = max(0, end - begin)
        table[request, begin : begin + count] = places[taken : taken + count].to(table.dtype)
        taken += count


def murmur_hash32(seeds: Tensor, positions: Tensor, columns: Tensor) -> Tensor:
    """A number per request and token from which a seeded sample is drawn: MurmurHash3 of four 32-bit words.

    `sglang/kernels/ops/sampling/murmur_hash.py` has it for GPUs; the words are both halves of the seed, the position
    and the token.
    """
    seeds, positions = seeds.to(torch.int64).unsqueeze(1), positions.to(torch.int64).unsqueeze(1)
    mixed = torch.zeros((seeds.shape[0], columns.shape[0]), dtype=torch.int64)
    for word in (seeds, seeds >> 32, positions, columns.to(torch.int64).unsqueeze(0)):
        mixed = _mixed(mixed, word & MASK)
    mixed = mixed ^ 16  # bytes of all words
    mixed = ((mixed ^ (mixed >> 16)) * 0x85EBCA6B) & MASK
    mixed = ((mixed ^ (mixed >> 13)) * 0xC2B2AE35) & MASK
    return (mixed ^ (mixed >> 16)).to(torch.uint32)


def _mixed(state: Tensor, word: Tensor) -> Tensor:
    """Products wrap around at 64 bits, which keeps the lower 32 correct."""
    word = _rotated((word * 0xCC9E2D51) & MASK, 15)
    return (_rotated(state ^ ((word * 0x1B873593) & MASK), 13) * 5 + 0xE6546B64) & MASK


def _rotated(word: Tensor, bits: int) -> Tensor:
    return ((word << bits) | (word >> (32 - bits))) & MASK


def never_pinned(names: Iterable[str]) -> None:
    """Drop `pin_memory`: memory is pinned for GPUs, and PyTorch refuses it without one."""
    for name in names:
        setattr(torch, name, _unpinned(getattr(torch, name)))
    torch.Tensor.pin_memory = lambda self, *_, **__: self


def _unpinned(made: Callable[..., Any]) -> Callable[..., Any]:
    def unpinned(*words: object, pin_memory: bool = False, **options: object) -> Tensor:  # noqa: ARG001 - what is left out
        return made(*words, **options)

    return unpinned


def __getattr__(name: str) -> Callable[..., NoReturn]:
    """Other kernels are imported but not called on a CPU without AMX; one that is called reports its name."""
    if not name.endswith("_cpu"):
        raise AttributeError(name)

    def missing(*_: object, **__: object) -> NoReturn:
        raise NotImplementedError(f"sgl_kernel.{name} is in no build of SGLang's kernels for this image")

    return missing


OPERATORS: Final = torch.library.Library("sgl_kernel", "DEF")
"""Kept alive, since its operators vanish with it."""
OPERATORS.define("murmur_hash32_cpu(Tensor seeds, Tensor positions, Tensor columns) -> Tensor")
OPERATORS.impl("murmur_hash32_cpu", murmur_hash32, "CPU")
if not torch.cuda.is_available():
    never_pinned(PINNING)
