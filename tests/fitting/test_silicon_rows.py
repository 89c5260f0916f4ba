"""Published rows: read as written, completed from one another, and never dropped without a reason."""

import pytest

from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.simulator.timing.correction_groups import RowDrafting, ServingMode
from fairlead.sizing.sizing_input import SizingInput
from fitting import benchmark_runs, silicon_deployments, silicon_layouts, silicon_rows
from fitting.silicon_layouts import LayoutSource, MeasuredRow
from fitting.silicon_rows import BenchmarkRow, WorkerGroup
from tests.simulator.timing import published_rows
from tests.simulator.timing.published_rows import APART, TOGETHER

NEXT_DAY = "source_file=2026-04-06.csv; silicon_concurrency={}; measured=2026-04-01T00:00:00.000Z; wip=False"


def row(fields: dict[str, str]) -> BenchmarkRow:
    rows, strange = silicon_rows.read(published_rows.text(fields))
    assert strange == []
    return rows[0]


def completed(*fields: dict[str, str]) -> list[MeasuredRow]:
    rows, strange = silicon_rows.read(published_rows.text(*fields))
    assert strange == []
    return silicon_layouts.completed_rows(rows)


def with_workers(clients: int = 16, **more: str) -> dict[str, str]:
    counts = {"prefill_num_workers": "1", "decode_num_workers": "3"}
    origin = f"db-dump/2026-04-27; silicon_concurrency={clients}; measured=2026-04-01T00:00:00.000Z"
    return APART | counts | {"silicon_data_source": origin} | more


def test_lengths_of_drawn_listings_are_means_and_others_are_taken_as_written() -> None:
    drawn, exact = row(TOGETHER), row(TOGETHER | {"silicon_data_source": "source_file=h.csv; silicon_concurrency=4"})
    assert (drawn.prompt, drawn.output, drawn.nominal) == (900.0, 900.0, (1000, 1000))
    assert (exact.prompt, exact.output, exact.concurrency) == (1000.0, 1000.0, 4.0)
    assert (drawn.measured, exact.measured) == ("2026-04-01", "")
    assert (drawn.dumped, exact.dumped) == (True, False)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (("8", "1", "8", "1"), WorkerGroup(1, 8, 1, False)),
        (("64", "1", "8", "8"), WorkerGroup(1, 8, 1, True)),
        (("1", "64", "8", "8"), WorkerGroup(1, 1, 8, True)),
        (("4", "4", "1", "16"), WorkerGroup(1, 1, 4, True)),
        (("1", "8", "1", "8"), WorkerGroup(1, 1, 8, True)),
        (("8", "", "1", "8"), WorkerGroup(1, 8, 1, True)),
    ],
)
def test_a_layout_written_as_a_product_is_read_as_the_gpus_that_exist(
    written: tuple[str, str, str, str], meant: WorkerGroup
) -> None:
    names = ("tp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size")
    assert row(TOGETHER | dict(zip(names, written, strict=True))).decode == meant


def test_concurrency_that_is_not_stated_follows_from_the_batch_of_every_rank() -> None:
    together = TOGETHER | {"silicon_data_source": "source_file=h.csv", "batch_size": "8", "attention_dp_size": "4"}
    apart = with_workers(decode_batch_size="8") | {"silicon_data_source": "source_file=h.csv"}
    assert row(together).concurrency == 32.0
    assert row(apart).concurrency == 24.0


@pytest.mark.parametrize(
    "broken", [{"silicon_tpot_ms": "0"}, {"mode": "both"}, {"isl": ""}, {"silicon_ttft_ms": "soon"}]
)
def test_a_row_that_makes_no_sense_is_named_with_the_reason(broken: dict[str, str]) -> None:
    sample = benchmark_runs.read(
        published_rows.text(TOGETHER, TOGETHER | {"id": "odd"} | broken), published_rows.packaged_catalogue()
    )
    assert len(sample.listed) == 1
    assert [line.startswith("odd: ") for line in sample.left_out] == [True]


def test_a_row_of_something_unknown_is_named_with_what_is_unknown() -> None:
    odd = [{"model_path": "x/Unheard-Of-9B"}, {"system": "abacus"}, {"moe_quant_mode": "ternary"}]
    more = [TOGETHER | {"id": f"odd{place}"} | one for place, one in enumerate(odd)]
    times = [one | {"silicon_tpot_ms": f"2{place}"} for place, one in enumerate(more)]
    sample = benchmark_runs.read(published_rows.text(TOGETHER, *times), published_rows.packaged_catalogue())
    assert (len(sample.runs), len(sample.listed)) == (1, 1)
    assert [line.partition(":")[0] for line in sample.left_out] == ["odd0", "odd1", "odd2"]
    assert "shape is not in the catalogue" in sample.left_out[0]


def test_one_measurement_listed_twice_is_one_run_described_by_the_dump() -> None:
    listed = TOGETHER | {"id": "listed", "silicon_data_source": NEXT_DAY.format(16), "silicon_tpot_ms": "10.00001"}
    sample = benchmark_runs.read(published_rows.text(listed, TOGETHER), published_rows.packaged_catalogue())
    assert sample.listed == (0, 0)
    assert [run.measured.row.name for run in sample.runs] == ["row"]


def test_missing_workers_are_those_of_the_same_measurement_elsewhere() -> None:
    listed = APART | {"silicon_data_source": NEXT_DAY.format(16)}
    first, second = completed(listed, with_workers())
    assert (first.found, second.found) == (LayoutSource.SAME_RUN, LayoutSource.STATED)
    assert first.row.decode == second.row.decode == WorkerGroup(3, 4, 1, True)


def test_missing_workers_are_else_those_of_the_nearest_run_with_as_many_gpus() -> None:
    listed = APART | {"silicon_data_source": NEXT_DAY.format(20), "silicon_tpot_ms": "11"}
    far = with_workers(512, decode_num_workers="9", silicon_tpot_ms="40")
    first, *_ = completed(listed, far, with_workers())
    assert first.found is LayoutSource.LIKE_RUN
    assert first.row.decode.number == 3


def test_missing_worker_counts_are_estimated_as_one_of_each_and_wide_workers_share_by_rank() -> None:
    alone, wide = completed(APART, APART | {"decode_tp_size": "32", "silicon_tpot_ms": "11"})
    assert alone.found is LayoutSource.GUESSED
    assert alone.row.decode == WorkerGroup(1, 4, 1, True)
    assert wide.row.decode == WorkerGroup(1, 1, 32, True)


def test_a_rack_written_as_one_group_is_a_run_with_separate_workers() -> None:
    summed = TOGETHER | {"system": "gb200", "model_path": published_rows.EXPERTS, "tp_size": "28", "moe_tp_size": "28"}
    workers = with_workers(backend="vllm", decode_tp_size="8", silicon_tpot_ms="11")
    like, guess = completed(summed, workers)[0], completed(summed)[0]
    assert (like.found, like.row.mode, like.row.decode.number) == (LayoutSource.LIKE_RUN, ServingMode.APART, 3)
    assert (guess.found, guess.row.decode.gpus, guess.row.prefill.number) == (LayoutSource.GUESSED, 16, 3)


def test_a_listing_that_writes_one_for_what_it_does_not_know_takes_any_gpus() -> None:
    ones = {f"{kind}tp_size": "1" for kind in ("prefill_", "decode_")}
    unsaid = APART | ones | {"silicon_data_source": NEXT_DAY.format(16), "silicon_tpot_ms": "11"}
    assert completed(unsaid, with_workers())[0].row.decode.gpus == 4


def test_a_run_missing_from_the_dump_of_its_day_is_taken_to_be_drafted() -> None:
    listed = APART | {"silicon_data_source": NEXT_DAY.format(16), "silicon_tpot_ms": "5"}
    early = listed | {"silicon_data_source": NEXT_DAY.format(16).replace("2026-04-01", "2025-11-01")}
    assert [one.drafting for one in completed(listed, with_workers())] == [RowDrafting.LIKELY, RowDrafting.NO]
    assert completed(early)[0].drafting is RowDrafting.NO
    assert completed(listed | {"model_path": "deepseek-ai/DeepSeek-V3"})[0].drafting is RowDrafting.NO


def test_a_model_is_found_by_its_plain_name_whatever_its_publisher_and_precision() -> None:
    names = ["nvidia/Llama-3.1-8B-Instruct-FP8", "meta-llama/Meta-Llama-3.1-8B", "x/llama-3.1-8B-NVFP4"]
    assert {silicon_deployments.plain_name(name) for name in names} == {"llama-3.1-8b"}
    shape = silicon_deployments.shape_of(
        row(TOGETHER | {"model_path": "nvidia/DeepSeek-V3.1-NVFP4"}), published_rows.packaged_catalogue()
    )
    assert shape is not None
    assert shape.name == "deepseek-ai/DeepSeek-V3"


def question(fields: dict[str, str]) -> SizingInput:
    published = row(fields)
    found = silicon_deployments.question(published, published.decode, published_rows.packaged_catalogue())
    assert isinstance(found, SizingInput)
    return found


def test_formats_are_the_runs_but_a_checkpoint_in_mxfp4_stays_in_it() -> None:
    assert (question(TOGETHER).format, question(TOGETHER).kv) == (WeightFormat.FP8, KvFormat.FP8)
    assert question(TOGETHER | {"model_path": "openai/gpt-oss-120b"}).format is WeightFormat.MXFP4
    plain = question(TOGETHER | {"model_path": published_rows.EXPERTS, "gemm_quant_mode": "", "moe_quant_mode": ""})
    assert (plain.format, plain.kv) == (WeightFormat.NONE, KvFormat.AUTO)
