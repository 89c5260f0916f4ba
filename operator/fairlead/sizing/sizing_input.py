"""The input of sizing: one model on one kind of GPU under one engine's settings, and the releases' own defaults."""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape

GIB: Final = 1 << 30


class VllmRelease(NamedTuple):
    """A vLLM release; the arithmetic differs between releases."""

    major: int
    minor: int

    @classmethod
    def read(cls, text: str) -> "VllmRelease | None":
        """`0.19.0`, `v0.26.1rc1.dev608+g99a10304d`; None if it names no version, as in `latest`."""
        match = re.match(r"v?(\d+)\.(\d+)", text)
        return cls(int(match[1]), int(match[2])) if match else None


CURRENT: Final = VllmRelease(0, 32)
"""The release the memory model was read from; an image without a version is taken for it."""


ONE_GPU: Final = Parallelism()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSetup:
    """Speculative decoding: tokens of a draft; a draft model has a shape of its own, MTP heads are the target's."""

    tokens: int = 0
    model: ModelShape | None = None
    mtp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingInput:
    """One configuration; every field that is absent takes the release's default for this GPU."""

    shape: ModelShape
    accelerator: Accelerator
    context: int
    """The longest request in tokens: the engine's `max-model-len`."""
    sequences: int = 1
    """Requests of that length that must run at once."""
    parallelism: Parallelism = ONE_GPU
    expert_parallel: bool = False
    release: VllmRelease = CURRENT
    weights: WeightFormat | None = None
    """Absent: as the checkpoint has them."""
    kv: KvFormat = KvFormat.AUTO
    dtype: Dtype = Dtype.AUTO
    max_sequences: int | None = None
    max_batched_tokens: int | None = None
    utilization: float | None = None
    eager: bool = False
    images: bool = True
    """False: the image tower is not loaded (`--language-model-only`)."""
    drafting: DraftSetup = DraftSetup()
    adapters: tuple[int, ...] = ()
    """Ranks of the LoRA adapters the engine has slots for."""

    @property
    def large_card(self) -> bool:
        """vLLM gives big batches to cards of 70 GiB or more, the A100 aside."""
        return self.accelerator.memory_bytes >= 70 * GIB and "A100" not in self.accelerator.product

    @property
    def batch_sequences(self) -> int:
        """Most requests in one batch. Releases before 0.9 took 1024 on every card."""
        default = 1024 if self.large_card or self.release < (0, 9) else 256
        return min(self.max_sequences or default, self.batch_tokens)

    @property
    def batch_tokens(self) -> int:
        """Most tokens in one step."""
        if self.max_batched_tokens is not None:
            return self.max_batched_tokens
        if self.accelerator.memory_bytes >= 160 * GIB and self.release >= (0, 20):
            return 16384
        return 8192 if self.large_card else 2048

    @property
    def doubt(self) -> float:
        """Factor of uncertainty: 1 on Hopper with 0.15 to 0.19, where unpublished figures were measured; else 3."""
        measured = self.accelerator.capability.major == 9 and VllmRelease(0, 15) <= self.release <= VllmRelease(0, 19)
        return 1.0 if measured else 3.0

    @property
    def share(self) -> float:
        """The part of visible memory that the engine uses: 0.9, and 0.92 in releases after April 2026."""
        return self.utilization or (0.92 if self.release >= (0, 20) else 0.9)

    @property
    def dtype_bytes(self) -> int:
        """Bytes of one activation."""
        return 4 if self.dtype is Dtype.FLOAT32 else 2

    @property
    def format(self) -> WeightFormat:
        """The format of weights in memory; `none` means the one that the checkpoint is stored in."""
        asked = self.weights or WeightFormat.NONE
        return self.shape.stored.format if asked is WeightFormat.NONE else asked
