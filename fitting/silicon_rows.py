"""Published fixed-concurrency runs as values: rows of aiconfigurator's `silicon_sample.csv`, read from its text.

Each row is read on its own; `silicon_layouts` combines rows. Drops nothing: an unreadable row is returned with the
reason.
"""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from fairlead.simulator.timing.correction_groups import ServingMode
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

SOURCE: Final = "ai-dynamo/aiconfigurator 095f58a51c4c, silicon_sample.csv"

PRODUCTS: Final[Mapping[str, str]] = {
    "h100_sxm": "NVIDIA-H100-80GB-HBM3",
    "h200_sxm": "NVIDIA-H200",
    "b200_sxm": "NVIDIA-B200",
    "b300_sxm": "NVIDIA-B300-SXM6-AC",
    "gb200": "NVIDIA-GB200",
    "gb300": "NVIDIA-GB300",
    "a100_sxm": "NVIDIA-A100-SXM4-80GB",
    "l40s": "NVIDIA-L40S",
}
"""Product labels of GPUs by upstream's names of systems."""

_SIZES: Final = ("tp_size", "attention_dp_size", "moe_ep_size")
COLUMNS: Final = (
    *("id", "silicon_data_source", "backend", "backend_version", "model_path", "system", "mode", "isl", "osl"),
    *("gemm_quant_mode", "moe_quant_mode", "batch_size", "moe_tp_size", "decode_batch_size"),
    *("prefill_num_workers", "decode_num_workers"),
    *(f"{kind}{name}" for kind in ("", "prefill_", "decode_") for name in _SIZES),
    *("silicon_ttft_ms", "silicon_tpot_ms"),
)
"""The columns that are read."""
MAX_TOKENS: Final = 1e9
MAX_MS: Final = 1e9
MAX_RANKS: Final = 1e6
"""Limits far beyond any run: a larger cell is an error."""

_DRAWN: Final = re.compile(r"^(source_file=20\d\d-|source_file=[\w.-]+-gap-analysis|db-dump/)")
"""Listings of InferenceX runs, whose lengths are drawn uniformly from 80 to 100 % of the nominal ones."""
_MEAN_OF_DRAWN: Final = 0.9
_DUMP: Final = "db-dump/"


class WorkerGroup(NamedTuple):
    """Equal workers of one kind; a number of 0 means that the row does not give it."""

    number: int
    tensor: int
    data: int
    expert_parallel: bool

    @property
    def gpus(self) -> int:
        """GPUs of one worker."""
        return self.tensor * self.data


class MeasurementIdentity(NamedTuple):
    """Rows with equal identities are one measurement, listed several times."""

    system: str
    lengths: tuple[int, int]
    concurrency: float
    first_token: str
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkRow:
    """One published run."""

    name: str
    line: int
    listing: str
    backend: str
    version: str
    measured: str
    """The day, empty if the row does not give it."""
    model: str
    system: str
    format: str
    """Upstream's name of the weights' format; empty: the checkpoint's own."""
    mode: ServingMode
    prompt: float
    """Mean tokens of a prompt."""
    output: float
    concurrency: float
    nominal: tuple[int, int]
    prefill: WorkerGroup
    """Prefill workers; of an aggregated run all workers, the same as `decode`."""
    decode: WorkerGroup
    first_token_s: float
    token_s: float

    @property
    def dumped(self) -> bool:
        """Whether the row is from the database dump, which has undrafted runs only and gives the number of workers."""
        return self.listing.startswith(_DUMP)

    @property
    def identity(self) -> MeasurementIdentity:
        """The identity has both times with four digits, since listings round differently."""
        return MeasurementIdentity(
            self.system, self.nominal, self.concurrency, f"{self.first_token_s:.4g}", f"{self.token_s:.4g}"
        )


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row with missing or invalid values."""

    name: str
    because: str


def read(text: str) -> tuple[list[BenchmarkRow], list[UnreadableRow]]:
    """All rows, each in one of the two lists; a table without these columns is one unreadable row, its header."""
    rows: list[BenchmarkRow] = []
    strange: list[UnreadableRow] = []
    try:
        for fields in measured_rows.every_csv_row(io.StringIO(text, newline=""), COLUMNS):
            if isinstance(fields, BadMeasurement):
                strange.append(UnreadableRow("a row", str(fields)))
                continue
            try:
                rows.append(_row(fields))
            except BadMeasurement as problem:
                strange.append(UnreadableRow(fields.text("id") if fields.has("id") else "a row", str(problem)))
    except BadMeasurement as problem:
        strange.append(UnreadableRow("the header", str(problem)))
    return rows, strange


def _row(fields: MeasuredFields) -> BenchmarkRow:
    origin, mode = _text(fields, "silicon_data_source"), _mode(fields)
    nominal = fields.count("isl", 1, MAX_TOKENS), fields.count("osl", 1, MAX_TOKENS)
    drawn = _MEAN_OF_DRAWN if _DRAWN.match(origin) else 1.0
    together = mode is ServingMode.TOGETHER
    prefill = _aggregated_workers(fields) if together else _disaggregated_workers(fields, "prefill_")
    return BenchmarkRow(
        name=fields.text("id"),
        line=fields.line,
        listing=origin.partition(";")[0],
        backend=fields.text("backend"),
        version=_text(fields, "backend_version"),
        measured=_origin_text(origin, r"measured=([\d-]+)"),
        model=fields.text("model_path"),
        system=fields.text("system"),
        format=_text(fields, "moe_quant_mode") or _text(fields, "gemm_quant_mode"),
        mode=mode,
        prompt=nominal[0] * drawn,
        output=max(nominal[1] * drawn, 1.0),
        concurrency=_concurrency(fields, origin),
        nominal=nominal,
        prefill=prefill,
        decode=prefill if together else _disaggregated_workers(fields, "decode_"),
        first_token_s=fields.number("silicon_ttft_ms", most=MAX_MS, above=0.0) / 1e3,
        token_s=fields.number("silicon_tpot_ms", most=MAX_MS, above=0.0) / 1e3,
    )


def _text(fields: MeasuredFields, name: str) -> str:
    """A text that may be blank."""
    return str(fields.value(name))


def _mode(fields: MeasuredFields) -> ServingMode:
    modes = [mode.value for mode in ServingMode]
    if fields.value("mode") not in modes:
        raise fields.bad(f"mode is {fields.value('mode')}, and must be one of {', '.join(modes)}")
    return ServingMode(fields.text("mode"))


def _origin_text(origin: str, pattern: str) -> str:
    found = re.search(pattern, origin)
    return found[1] if found else ""


def _concurrency(fields: MeasuredFields, origin: str) -> float:
    """The origin's concurrency; four rows give only the batch of each rank, or of each decode worker's rank."""
    written = _origin_text(origin, r"silicon_concurrency=([^;\s]+)")
    if written:
        fields_of_origin = MeasuredFields(fields.line, {"silicon_concurrency": written})
        return fields_of_origin.number("silicon_concurrency", most=MAX_TOKENS, above=0.0)
    if fields.has("batch_size"):
        return float(_number(fields, "batch_size") * _number(fields, "attention_dp_size"))
    ranks = _number(fields, "decode_attention_dp_size") * max(_number(fields, "decode_num_workers", least=0), 1)
    return float(fields.count("decode_batch_size", 1, MAX_TOKENS) * ranks)


def _number(fields: MeasuredFields, name: str, least: int = 1) -> int:
    """Ranks, workers or sequences; 1 if the row does not say. 0 experts means that they are not spread."""
    return fields.count(name, least, MAX_RANKS) if fields.has(name) else 1


def _aggregated_workers(fields: MeasuredFields) -> WorkerGroup:
    """The workers of an aggregated run, with the wrong totals of two listings corrected.

    These write eight GPUs with tensor and expert parallelism 8 as 64, and four with data and expert parallelism 4 as
    tensor 4, data 4, expert 16; no such machine exists, and the rows' names have the real number of GPUs.
    """
    tensor, data = _number(fields, "tp_size"), _number(fields, "attention_dp_size")
    inner, spread = _number(fields, "moe_tp_size", least=0), _number(fields, "moe_ep_size", least=0)
    if inner == spread > 1:
        return WorkerGroup(1, 1, inner, True) if tensor == 1 else WorkerGroup(1, inner, 1, True)
    if tensor == data > 1 and spread == tensor * data:
        return WorkerGroup(1, 1, data, True)
    return WorkerGroup(1, tensor, data, spread > 1)


def _disaggregated_workers(fields: MeasuredFields, kind: str) -> WorkerGroup:
    count = fields.count_or(f"{kind}num_workers", 0)
    tensor, data = _number(fields, f"{kind}tp_size"), _number(fields, f"{kind}attention_dp_size")
    return WorkerGroup(count, tensor, data, _number(fields, f"{kind}moe_ep_size", least=0) > 1)
