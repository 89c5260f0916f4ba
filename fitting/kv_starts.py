"""Published starts of vLLM: each one's settings, and the bytes of KV cache that it measured."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

from fairlead.engines.vllm.memory import VllmRelease
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from fairlead.sizing import catalogue, kv_pages, measured_rows
from fairlead.sizing.catalogue import Catalogue
from fairlead.sizing.measured_rows import MeasuredFields
from fairlead.sizing.sizing_input import GIB, DraftSetup, SizingInput

Found = TypeVar("Found")

ROOT: Final = Path(__file__).resolve().parent.parent
MEASURED: Final = ROOT / "tests" / "data" / "kv-capacity.csv"
OTHERS: Final = ROOT / "tests" / "data" / "other-starts.csv"
COLUMNS: Final = (
    *("id", "vllm_version", "model", "gpu", "gpu_mem_gib", "tp", "pp", "dtype", "quantization", "kv_dtype"),
    *("max_model_len", "gpu_mem_util", "max_num_seqs", "max_batched_tokens", "eager", "speculative"),
    *("kv_tokens", "avail_kv_gib", "notes"),
)
"""The columns that are read."""
MOST: Final = 1e10
MAX_RANKS: Final = 1e4
MAX_GIB: Final = 1e5
"""Limits far beyond any start: a larger cell is an error."""
DATA: Final = ROOT / "operator" / "fairlead" / "sizing" / "data"


@dataclass(frozen=True, slots=True)
class MeasuredStart:
    """One published start: its row, which has what the engine measured, and its settings as an input of `sizing`."""

    row: Mapping[str, str]
    sizing: SizingInput

    @property
    def release(self) -> VllmRelease:
        """The release."""
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
        if self.row["avail_kv_gib"].strip() and self.sizing.parallelism.pipeline == 1:
            return float(self.row["avail_kv_gib"]) * GIB
        return _bytes_for(self, float(self.row["kv_tokens"]))


def rows(text: str) -> list[dict[str, str]]:
    """The published starts, each with its line; `BadMeasurement` names the first invalid one."""
    found = measured_rows.csv_rows(io.StringIO(text, newline=""), COLUMNS)
    return [{**{name: str(value) for name, value in row.fields.items()}, "line": str(row.line)} for row in found]


def starts(text: str, context: Catalogue) -> list[MeasuredStart]:
    """All starts of a file."""
    return [MeasuredStart(row, question(row, context)) for row in rows(text)]


def question(row: Mapping[str, str], context: Catalogue) -> SizingInput:
    """The row's settings as an input of `sizing`; blank ones stay defaults."""
    fields = MeasuredFields(int(row.get("line", "0")), row)
    notes = row["notes"]
    card, shape = _catalogued(fields, "gpu", context.accelerators), _catalogued(fields, "model", context.shapes)
    nominal = "nominal" in notes
    _check_measured(fields)
    return SizingInput(
        shape=shape,
        accelerator=replace(card, visible_mib=None if nominal else _gib(fields, "gpu_mem_gib") * 1024),
        context=fields.count("max_model_len", 1, MOST),
        parallelism=Parallelism(tensor=fields.count("tp", 1, MAX_RANKS), pipeline=fields.count("pp", 1, MAX_RANKS)),
        expert_parallel="expert parallel" in notes,
        release=VllmRelease.read(_release(fields)),
        weights=_weights(row["quantization"]),
        kv=_kv_format(fields),
        dtype=Dtype.FLOAT32 if row["dtype"] == "float32" else Dtype.AUTO,
        max_sequences=_setting(fields, "max_num_seqs"),
        max_batched_tokens=_setting(fields, "max_batched_tokens"),
        utilization=fields.number("gpu_mem_util", most=1.0, above=0.0),
        eager=row["eager"] == "true",
        images="language-model-only" not in notes,
        drafting=DraftSetup(tokens=_drafted(row["speculative"]), mtp=row["speculative"].startswith("mtp")),
    )


def _check_measured(fields: MeasuredFields) -> None:
    """Check that a measurement is present: tokens, or GiB, which are negative for a start that failed."""
    if fields.has("avail_kv_gib"):
        fields.number("avail_kv_gib", -MAX_GIB, MAX_GIB)
    if fields.has("kv_tokens"):
        fields.count("kv_tokens", 0, MOST)
    elif not fields.has("avail_kv_gib") or fields.count("pp", 1) > 1:
        raise fields.bad("kv_tokens is blank, and nothing else says what was measured")


def _catalogued(fields: MeasuredFields, name: str, catalogued: Mapping[str, Found]) -> Found:
    found = catalogued.get(fields.text(name))
    if found is None:
        raise fields.bad(f"{name} is {fields.text(name)[:60]!r}, which is not in the catalogue")
    return found


def _release(fields: MeasuredFields) -> str:
    """The release, which a measurement must state: only an image without one counts as the newest."""
    written = fields.text("vllm_version")
    if not re.match(r"v?\d+\.\d+", written):
        raise fields.bad(f"vllm_version is {written[:40]!r}, and must be a release such as 0.19.0")
    return written


def _kv_format(fields: MeasuredFields) -> KvFormat:
    written = fields.text("kv_dtype")
    if written not in set(KvFormat):
        raise fields.bad(f"kv_dtype is {written[:40]!r}, and must be one of {', '.join(KvFormat)}")
    return KvFormat(written)


def _setting(fields: MeasuredFields, name: str) -> int | None:
    return fields.count(name, 1, MOST) if fields.has(name) else None


def _gib(fields: MeasuredFields, name: str) -> float:
    return fields.number(name, most=MAX_GIB, above=0.0)


def catalogue_here() -> Catalogue:
    """The catalogue of this tree."""
    return catalogue.read((DATA / "gpus.json").read_text("utf-8"), (DATA / "shapes.json").read_text("utf-8"))


def _weights(quantization: str) -> WeightFormat | None:
    """The format requested in addition to the checkpoint's own."""
    if "online" in quantization:
        return WeightFormat.FP8_PER_TENSOR
    return WeightFormat.AWQ if quantization == "AWQ" else None


def _drafted(answer: str) -> int:
    """Parse `mtp 3`; a head without a number drafts one token, its default."""
    if answer == "none":
        return 0
    tokens = answer.split()[1:2]
    return int(tokens[0]) if tokens and tokens[0].isdecimal() and len(tokens[0]) < 4 else 1


def printed(start: MeasuredStart, available: float) -> int:
    """The tokens that its release prints for this much memory."""
    held = kv_pages.pool(start.sizing)
    if start.release.prints_requests or len(held.groups) == 1:
        return kv_pages.tokens(start.sizing, available)
    smallest = min(group.block_tokens for group in held.groups if group.block_tokens)
    return held.pages(available) // len(held.groups) * smallest


def _bytes_for(start: MeasuredStart, tokens: float) -> float:
    """The fewest bytes for which its release prints as many tokens."""
    low, high = 0, start.sizing.accelerator.memory_bytes
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if printed(start, middle) < tokens else (low, middle)
    return float(high)
