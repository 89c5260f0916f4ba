"""A sweep's file: it reads back as written, a killed run loses one line, and a bad line is named."""

import json
from dataclasses import replace

import pytest

from fairlead.fleet.sweeps import SkippedWork
from fairlead.simulator.sweep import sweep_file
from fairlead.simulator.sweep.measurements import SleepMeasurement, SweepRecord
from tests.simulator.sweep import swept
from tests.simulator.timing import published_rows

WHOLE = replace(
    swept.record(published_rows.times(published_rows.question())),
    starts=(swept.START, replace(swept.START, kept=True, phases={}, graphs_gib=None, capacity=None)),
    sleeps=(
        SleepMeasurement(asleep_s=1.5, awake_s=0.25),
        SleepMeasurement(asleep_s=1, awake_s=2, freed_gib=3, left_gib=4),
    ),
    skipped=(SkippedWork(what="fp8", why="the model is quantized already"),),
)


def text(record: SweepRecord) -> str:
    return swept.text(record)


def test_what_is_written_is_read() -> None:
    again = sweep_file.read(text(WHOLE))
    assert again.deployment == WHOLE.deployment
    assert (again.starts, again.sleeps, again.skipped) == (WHOLE.starts, WHOLE.sleeps, WHOLE.skipped)
    assert [one.point for one in again.steps] == [one.point for one in WHOLE.steps]
    assert [one.seconds for one in again.steps] == pytest.approx([one.seconds for one in WHOLE.steps], abs=1e-8)
    assert again.capacity == swept.START.capacity
    assert sweep_file.read(sweep_file.header(WHOLE.deployment)).capacity is None


def test_a_line_that_a_killed_run_left_is_cut_off() -> None:
    whole = text(WHOLE)
    cut = whole[:-20]
    assert sweep_file.read(cut) == replace(sweep_file.read(whole), skipped=())
    assert sweep_file.complete(cut) == whole[: whole[:-1].rindex("\n") + 1]


def test_a_sweep_file_is_distinguished_from_other_files() -> None:
    assert sweep_file.is_sweep(text(WHOLE))
    assert not sweep_file.is_sweep('{\n "about": "shares"\n}\n')
    assert not sweep_file.is_sweep("[1]\n")
    assert not sweep_file.is_sweep('{"record": "steps"}\n')


BAD = (
    ("", "line 1: there is no deployment, so start again; remove the file"),
    ('{"record": "steps"}', "line 1: record is steps, and the first must be deployment"),
    ("{}", "line 1: it has no record"),
    ('{"record": "nap"}', "line 2: record is nap, and must be one of steps, start, sleep, skipped"),
    ("{", "line 2: it is not JSON"),
    ('{"record": "steps", "work": "rest"}', "line 2: work is rest, and must be one of decode, prefill, mixed"),
    ('{"record": "steps"}', "line 2: it has no work"),
    ('{"record": "start", "phases": 3, "capacity": null}', "line 2: 3 is not a JSON object"),
)


@pytest.mark.parametrize(("line", "message"), BAD)
def test_a_bad_line_is_named(line: str, message: str) -> None:
    first = "" if "line 1" in message else sweep_file.header(swept.DEPLOYMENT)
    with pytest.raises(ValueError, match=message) as refused:
        sweep_file.read(first + line + "\n")
    assert str(refused.value).startswith("no sweep: ")
    assert str(refused.value).endswith("or measure again with `fairlead calibrate --sweep`")


FIGURES = (
    ("seconds", 0, "seconds is 0, and must be between 1e-09 and"),
    ("seconds", -1, "seconds is -1, and must be between 1e-09 and"),
    ("steps", 0, "steps is 0, and must be above 0"),
    ("batch", 0, "batch is 0, and must be between 1 and"),
    ("prompt", 5, "prompt is 5, and must be between 0 and 0"),
    ("attended", "NaN", "attended is NaN, and must be a number"),
)


@pytest.mark.parametrize(("name", "value", "message"), FIGURES)
def test_a_figure_that_cannot_have_been_measured_is_named(name: str, value: object, message: str) -> None:
    row = json.loads(sweep_file.line(WHOLE.steps[0])) | {name: value}
    with pytest.raises(ValueError, match=f"line 2: {message}"):
        sweep_file.read(sweep_file.header(swept.DEPLOYMENT) + json.dumps(row) + "\n")
