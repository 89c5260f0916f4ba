"""`fairlead calibrate --sweep` on an SGLang with known step times: it finds them from SGLang's own metrics."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.cli.main import main
from fairlead.cli.sweep.target import SweepTarget
from fairlead.cli.sweep.variant_start import VariantStart
from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import EmulatedMachine
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.sweep import errors, plan, sweep_file
from fairlead.simulator.sweep.measurements import SweepRecord, SweepWork
from fairlead.simulator.timing import catalogue
from fairlead.simulator.timing.catalogue import RatesUnknown
from tests.cli.sweep import emulated

TRIES = 3
NEAR = 0.15
"""The emulator keeps its times to the millisecond where the machine allows it."""
FLAGS = (
    *("--served-model-name", "chat", "--context-length", "512", "--max-running-requests", "3"),
    *("--quantization", "fp8", "--disable-overlap-schedule", "--dtype", "bfloat16"),
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SweepTarget, list[str]]:
    """A whole sweep; a busy machine only delays steps, so the first of three that was not delayed counts."""
    target = emulated.target(*FLAGS, engine="sglang")
    found = _swept(tmp_path_factory.mktemp("sweep") / "l4.jsonl", target)
    for _ in range(1, TRIES):
        if max(sizes(read(found[0]), target).values()) >= NEAR:
            found = _swept(tmp_path_factory.mktemp("sweep") / "l4.jsonl", target)
    return found


def _swept(place: Path, target: SweepTarget) -> tuple[Path, SweepTarget, list[str]]:
    _, left, lines = emulated.sweep(place, target, program=emulated.SGLANG)
    assert left == 0
    return place, target, lines


def read(place: Path) -> SweepRecord:
    return sweep_file.read(place.read_text(encoding="utf-8"))


def sizes(record: SweepRecord, target: SweepTarget) -> dict[SweepWork, float]:
    """How far each kind of work is from what was emulated."""
    times = catalogue.step_times(target.sizing, packaged_data.load().fitted)
    assert not isinstance(times, RatesUnknown)
    return {one.work: one.size for one in errors.of_predictions(record, times)}


def test_a_sweep_finds_the_step_times_of_an_sglang(swept: tuple[Path, SweepTarget, list[str]]) -> None:
    place, target, lines = swept
    record = read(place)
    assert {one.point for one in record.steps} == set(plan.points(target.limits))
    found = sizes(record, target)
    assert set(found) == set(SweepWork)
    assert max(found.values()) < NEAR, found
    assert (record.deployment.kind, record.deployment.engine) == (EngineKind.SGLANG, "SGLang 0.5.23")
    without = {"fp8", "bfloat16", "ngram", "ngramGpu", "draftModel", "eagle3", "graphs", "sleep"}
    assert {one.what for one in record.skipped} == without
    assert record.capacity is not None
    assert record.capacity.block_tokens == 1
    (capacity,) = [line for line in lines if line.startswith("KV cache: ")]
    assert "and it is inside" in capacity


def test_the_emulated_sglang_is_as_fast_as_the_sweep_says(swept: tuple[Path, SweepTarget, list[str]]) -> None:
    place, _, _ = swept
    serve_arguments = dialects.read(["sglang", "serve", emulated.MODEL, *FLAGS], {})
    machine, data = EmulatedMachine(emulated.PRODUCT, 1), packaged_data.load(place)
    made = provision.provide(serve_arguments, machine, emulation_knobs.read({}), data)
    assert any("a sweep of SGLang 0.5.23 by `fairlead calibrate --sweep`" in note for note in made.notes)
    for one in read(place).steps:
        if (one.point.variant, one.point.work) == (EngineVariant.AS_GIVEN, SweepWork.DECODE):
            line = made.times.decode_line(one.point.batch, one.point.batch)
            assert line.seconds(one.attended) == pytest.approx(one.seconds / one.steps, rel=NEAR)


def test_what_a_sweep_needs_is_added_and_what_the_command_says_is_kept(tmp_path: Path) -> None:
    target = emulated.target("--enable-metrics", "--load-format=auto", engine="sglang")
    start = VariantStart(target, EngineVariant.AS_GIVEN, tmp_path / "o.caches")
    assert start.words[2:] == ("--enable-metrics", "--load-format=auto", "--decode-log-interval", "10")
    bare = VariantStart(replace(target, words=()), EngineVariant.FP8, tmp_path / "o.caches")
    added = ("--load-format", "dummy", "--enable-metrics", "--decode-log-interval", "10")
    assert bare.words[2:] == (*added, "--quantization", "fp8")
    assert start.environment["SGLANG_CACHE_DIR"] == str(tmp_path / "o.caches" / "sglang")


def test_a_cpu_has_no_cuda_graphs_and_the_error_requests_an_interpreter_with_sglang(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.json"
    numbers = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    more = {"model_type": "llama", "vocab_size": 100, "num_key_value_heads": 2, "max_position_embeddings": 512}
    config.write_text(json.dumps(numbers | more), encoding="utf-8")
    target = emulated.target("--dtype", "float32", product="CPU", model="org/mine", config=str(config), engine="sglang")
    without = {"ngram", "ngramGpu", "draftModel", "eagle3", "graphs", "sleep", "memory of CUDA graphs"}
    assert {one.what for one in target.limits.lacks} == without
    monkeypatch.delenv("FAIRLEAD_SGLANG_PYTHON", raising=False)
    words = ["calibrate", "--sweep", "--product", emulated.PRODUCT, "--out", str(tmp_path / "o.jsonl"), "--"]
    assert main([*words, "sglang", "serve", emulated.MODEL]) == 2
    assert capsys.readouterr().err.strip() == (
        "fairlead calibrate: SGLang is not installed here: pip install sglang, or name an interpreter that has it in "
        "FAIRLEAD_SGLANG_PYTHON"
    )
    assert main([*words, "trtllm-serve", emulated.MODEL]) == 2
    assert "TensorRT-LLM: a sweep reads the counters of vLLM and SGLang alone" in capsys.readouterr().err
