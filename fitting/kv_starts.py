"""Published starts of vLLM: what each was asked for, and the bytes of KV cache that it measured."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.sizing import catalogue, kv_pages
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.sizing_input import GIB, DraftSetup, SizingInput

ROOT: Final = Path(__file__).resolve().parent.parent
MEASURED: Final = ROOT / "tests" / "data" / "kv-capacity.csv"
OTHERS: Final = ROOT / "tests" / "data" / "other-starts.csv"
DATA: Final = ROOT / "operator" / "fairlead" / "sizing" / "data"


@dataclass(frozen=True, slots=True)
class MeasuredStart:
    """One published start: its row, the same as a question to `sizing`, and what the engine measured."""

    row: Mapping[str, str]
    question: SizingInput

    @property
    def release(self) -> VllmRelease:
        """The release without its patch number."""
        return VllmRelease.read(self.row["vllm_version"])

    @property
    def group(self) -> tuple[str, str, str]:
        """Release, card and parallelism: starts that share them share their errors, and are left out together."""
        return f"{self.release.major}.{self.release.minor}", self.row["gpu"], f"{self.row['tp']}x{self.row['pp']}"

    @property
    def kv_bytes(self) -> float:
        """Bytes of cache on the GPU that has the least, from GiB where the log has them for that GPU.

        A pipeline's logs give the first stage's GiB and the tightest stage's tokens, so tokens are counted back there.
        """
        if self.row["avail_kv_gib"] and self.question.parallelism.pipeline == 1:
            return float(self.row["avail_kv_gib"]) * GIB
        return _bytes_for(self.question, float(self.row["kv_tokens"]))


def rows(text: str) -> list[dict[str, str]]:
    """The published starts."""
    return list(csv.DictReader(io.StringIO(text)))


def starts(text: str, context: Catalogue) -> list[MeasuredStart]:
    """All starts of a file."""
    return [MeasuredStart(row, question(row, context)) for row in rows(text)]


def question(row: Mapping[str, str], context: Catalogue) -> SizingInput:
    """What the row's start would have been asked as; blank settings stay defaults."""
    card = context.accelerators[row["gpu"]]
    nominal = "nominal" in row["notes"]
    return SizingInput(
        shape=context.shapes[row["model"]],
        accelerator=replace(card, visible_mib=None if nominal else float(row["gpu_mem_gib"]) * 1024),
        context=int(row["max_model_len"]),
        parallelism=Parallelism(tensor=int(row["tp"]), pipeline=int(row["pp"])),
        expert_parallel="expert parallel" in row["notes"],
        release=VllmRelease.read(row["vllm_version"]),
        weights=_weights(row["quantization"]),
        kv=KvFormat(row["kv_dtype"]),
        dtype=Dtype.FLOAT32 if row["dtype"] == "float32" else Dtype.AUTO,
        max_sequences=int(row["max_num_seqs"] or 0) or None,
        max_batched_tokens=int(row["max_batched_tokens"] or 0) or None,
        utilization=float(row["gpu_mem_util"]),
        eager=row["eager"] == "true",
        images="language-model-only" not in row["notes"],
        drafting=DraftSetup(tokens=_drafted(row["speculative"]), mtp=row["speculative"].startswith("mtp")),
    )


def catalogue_here() -> Catalogue:
    """The catalogue of this tree."""
    return catalogue.read((DATA / "gpus.json").read_text("utf-8"), (DATA / "shapes.json").read_text("utf-8"))


def _weights(quantization: str) -> WeightFormat | None:
    """The format asked for beside the checkpoint's own."""
    if "online" in quantization:
        return WeightFormat.FP8_PER_TENSOR
    return WeightFormat.AWQ if quantization == "AWQ" else None


def _drafted(answer: str) -> int:
    """`mtp 3`; a head without a number guesses one token, its default."""
    if answer == "none":
        return 0
    return int(answer.split()[1]) if answer.split()[1].isdigit() else 1


def _bytes_for(asked: SizingInput, tokens: float) -> float:
    """The least bytes that hold so many tokens as this release prints them."""
    low, high = 0, asked.accelerator.memory_bytes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if kv_pages.tokens(asked, middle) < tokens else (low, middle)
    return float(high)
