"""Fits and hold-outs on runs made from known coefficients: they are recovered, and hidden rows do not count."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from fairlead.simulator.timing import fitted_sets
from fairlead.simulator.timing.physics import Physics
from fitting import (
    assumed_physics,
    benchmark_runs,
    coefficient_fit,
    corrections,
    holdouts,
    repeatability,
    set_builder,
    set_file,
)
from fitting.columns import BenchmarkRun, Column, RunColumns, RunMask
from fitting.holdouts import HoldoutKind
from tests.simulator.timing import published_rows

SYSTEMS = ("h100_sxm", "h200_sxm", "b200_sxm")
MODELS = (published_rows.SMALL, published_rows.DENSE, "Qwen/Qwen3-32B")
LOADS = (1, 2, 4, 8, 16, 32, 64, 128)


def small_on_h200(run: BenchmarkRun) -> bool:
    return run.measured.row.system == "h200_sxm" and run.measured.row.model == published_rows.SMALL


def dense(run: BenchmarkRun) -> bool:
    return run.measured.row.model == published_rows.DENSE


def on_b200(run: BenchmarkRun) -> bool:
    return run.measured.row.system == "b200_sxm"


def one_configuration(run: BenchmarkRun) -> bool:
    return dense(run) and on_b200(run) and run.measured.row.concurrency == 64


def published() -> RunColumns:
    """Runs as a published text lists them, two of them with separate workers."""
    rows = [row for model in MODELS for system in SYSTEMS for row in published_rows.sweep(model, system, LOADS)]
    counts = {"prefill_num_workers": "2", "decode_num_workers": "1", "backend": "vllm"}
    apart = [published_rows.APART | counts | {"id": f"apart{place}", "silicon_tpot_ms": f"{place}"} for place in (7, 9)]
    return RunColumns(benchmark_runs.read(published_rows.text(*rows, *apart), published_rows.packaged_catalogue()).runs)


def truth() -> Physics:
    plain = assumed_physics.physics(["vllm"])
    one = plain.behaviours["vllm"]
    return Physics(
        {"vllm": one._replace(efficiency=replace(one.efficiency, weights=0.9, cache=0.4, step_s=4e-3))}, plain.gain
    )


def invented(slower: Callable[[BenchmarkRun], float] = lambda _: 1.0) -> RunColumns:
    """The same runs with the times that these coefficients give, some of them slower."""
    columns = published()
    first, token = (np.exp(one) for one in columns.seen(truth()))
    return RunColumns([timed(run, first[at], token[at] * slower(run)) for at, run in enumerate(columns.runs)])


def timed(run: BenchmarkRun, first_token_s: float, token_s: float) -> BenchmarkRun:
    row = replace(run.measured.row, first_token_s=float(first_token_s), token_s=float(token_s))
    return replace(run, measured=replace(run.measured, row=row))


def chosen(columns: RunColumns, keep: Callable[[BenchmarkRun], bool]) -> RunMask:
    found = np.array([keep(run) for run in columns.runs], dtype=np.bool_)
    assert found.any()
    return found


def times_where(keep: Callable[[BenchmarkRun], bool], factor: float) -> Callable[[BenchmarkRun], float]:
    return lambda run: factor if keep(run) else 1.0


def off(predicted: Column, measured: Column) -> float:
    return float(np.median(np.abs(np.exp(predicted - measured) - 1)))


def test_a_fit_explains_runs_that_physics_made() -> None:
    columns = invented()
    first, token = columns.seen(coefficient_fit.fit_all(columns))
    assert off(token, columns.token) < 0.02
    assert off(first, columns.first) < 0.05
    assert off(columns.seen(assumed_physics.physics(["vllm"]))[1], columns.token) > 0.05


def test_shares_never_exceed_what_the_data_sheet_has() -> None:
    columns = invented(lambda _: 0.2)
    efficiency = coefficient_fit.fit_all(columns).behaviours["vllm"].efficiency
    assert max(efficiency.weights, efficiency.cache, efficiency.compute, efficiency.attention) <= 0.95 * (1 + 1e-9)


def test_a_fit_reads_nothing_of_runs_that_were_not_chosen() -> None:
    plain, odd = invented(), invented(times_where(dense, 3.0))
    others = chosen(plain, lambda run: not dense(run))
    assert coefficient_fit.fit(plain, others) == coefficient_fit.fit(odd, others)
    assert coefficient_fit.fit_all(plain) != coefficient_fit.fit_all(odd)


def test_a_slow_group_is_corrected_and_no_other() -> None:
    columns = invented(times_where(small_on_h200, 1.3))
    every = chosen(columns, lambda _: True)
    learnt = corrections.learn(columns, truth(), every)
    token = columns.seen(truth(), corrections.factors(columns, learnt))[1]
    slow = chosen(columns, small_on_h200)
    assert off(token[slow], columns.token[slow]) < 0.03
    assert off(token[~slow], columns.token[~slow]) < 0.001
    keys = corrections.run_keys(columns)[int(np.flatnonzero(slow)[0])]
    assert corrections.combined(keys, learnt).decode == pytest.approx(1.3, rel=0.05)


def test_one_run_moves_its_group_less_than_many_do() -> None:
    columns = invented(times_where(small_on_h200, 1.3))
    slow = chosen(columns, small_on_h200)
    single = np.zeros_like(slow)
    single[np.flatnonzero(slow)[4]] = True
    keys = corrections.run_keys(columns)[int(np.flatnonzero(slow)[0])]
    one, many = (corrections.combined(keys, corrections.learn(columns, truth(), seen)) for seen in (single, slow))
    assert 1.0 < one.decode < many.decode


def test_a_group_without_measurements_keeps_the_physics() -> None:
    columns = invented(times_where(small_on_h200, 1.3))
    others = chosen(columns, lambda run: not small_on_h200(run))
    factors = corrections.factors(columns, corrections.learn(columns, truth(), others))
    assert np.asarray(factors.decode)[~others].tolist() == [1.0] * len(LOADS)


@pytest.mark.parametrize(
    ("kind", "whole"),
    [
        (HoldoutKind.MODEL_OUT, dense),
        (HoldoutKind.SYSTEM_OUT, on_b200),
        (HoldoutKind.FITTED, one_configuration),
        (HoldoutKind.PLANNED, one_configuration),
    ],
)
def test_what_is_left_out_never_helps_to_predict_itself(
    kind: HoldoutKind, whole: Callable[[BenchmarkRun], bool]
) -> None:
    plain, odd = invented(), invented(times_where(whole, 3.0))
    held = chosen(plain, whole)
    first, second = (holdouts.predictions(columns, kind) for columns in (plain, odd))
    assert first.token[held].tolist() == second.token[held].tolist()
    assert first.first[held].tolist() == second.first[held].tolist()


def test_in_sample_a_run_does_help_to_predict_itself() -> None:
    plain, odd = invented(), invented(times_where(one_configuration, 3.0))
    held = chosen(plain, one_configuration)
    first, second = (holdouts.predictions(columns, HoldoutKind.IN_SAMPLE) for columns in (plain, odd))
    assert bool(np.all(second.token[held] > first.token[held]))


def test_the_roofline_is_wrong_by_the_same_whatever_was_measured() -> None:
    plain, odd = invented(), invented(times_where(dense, 3.0))
    first, second = (holdouts.predictions(columns, HoldoutKind.ROOFLINE) for columns in (plain, odd))
    assert first.token.tolist() == second.token.tolist()


def test_errors_are_of_size_and_bias_has_a_sign() -> None:
    found = holdouts.error(np.log(np.array([1.1, 0.9, 1.3])))
    assert (found.rows, round(found.median, 3), round(found.bias, 3)) == (3, 0.1, 0.1)
    assert 0.1 < found.tenth < 0.3


def test_errors_count_a_run_as_often_as_it_is_listed() -> None:
    columns = invented(times_where(one_configuration, 2.0))
    place = int(np.flatnonzero(chosen(columns, one_configuration))[0])
    found = holdouts.RunPredictions(*columns.seen(truth()))
    first, token = holdouts.errors(columns, found, [place, place, 0])
    assert (token.rows, round(token.median, 3), round(first.median, 3)) == (3, 0.5, 0.0)


def test_repeats_of_a_configuration_are_the_floor() -> None:
    runs = published().runs[:2]
    again = [timed(run, run.measured.row.first_token_s, run.measured.row.token_s * 1.1) for run in runs]
    found = repeatability.repeat_errors(RunColumns([*runs, *again]))
    assert (found.token.rows, found.first.median) == (4, 0.0)
    assert found.token.median == pytest.approx(0.1, abs=0.01)


def test_published_sets_say_whose_they_are_and_survive_the_file() -> None:
    columns = invented(times_where(small_on_h200, 1.3))
    kinds = (HoldoutKind.PLANNED, HoldoutKind.MODEL_OUT, HoldoutKind.SYSTEM_OUT)
    sets = set_builder.build_sets(columns, {kind: holdouts.predictions(columns, kind) for kind in kinds}, [0, 1, 1])
    text = set_file.as_json(sets)
    assert list(json.loads(text))[:3] == ["about", "source", "licence"]
    assert set_file.as_json(fitted_sets.read(text)) == text
    as_shipped = set_builder.predictions(columns, sets).token
    assert off(as_shipped, columns.token) < off(columns.seen(sets.physics)[1], columns.token)
    assert {len(key.split("/")) for key in sets.groups} == {6, 7}
    assert not any("disagg" in key for key in sets.groups)
