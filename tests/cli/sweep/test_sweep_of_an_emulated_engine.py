"""`fairlead calibrate --sweep` on an engine with known step times: it finds them, and the emulator accepts them."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.cli.main import main
from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.target import SweepTarget
from fairlead.cli.sweep.variant_start import VariantStart
from fairlead.emulator import emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.emulator.vllm import command
from fairlead.fleet.sweeps import EngineVariant
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.sweep import errors, plan, sweep_file
from fairlead.simulator.sweep.measurements import SweepWork
from fairlead.simulator.timing import catalogue
from fairlead.simulator.timing.catalogue import RatesUnknown
from tests.cli.sweep import emulated, small_config
from tests.simulator.sweep import swept as swept_steps
from tests.waiting import eventually

TRIES = 3
NEAR = 0.15
"""The emulator keeps its times to the millisecond where the machine allows it."""


def predicted(target: SweepTarget) -> StepTimes:
    times = catalogue.step_times(target.sizing, packaged_data.load().fitted)
    assert not isinstance(times, RatesUnknown)
    return times


def provided(place: Path, *flags: str, product: str = emulated.PRODUCT, model: str = emulated.MODEL) -> EngineProvision:
    """The engine that `fairlead engine --step-times` would run."""
    serve_arguments = command.read(["vllm", "serve", model, *flags])
    return provision.provide(
        serve_arguments, EmulatedMachine(product, 1), emulation_knobs.read({}), packaged_data.load(place)
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SweepTarget, list[str]]:
    """A whole sweep; a busy machine only delays steps, so the first of three that was not delayed counts."""
    swept = _swept(tmp_path_factory.mktemp("sweep") / "l4.jsonl")
    for _ in range(1, TRIES):
        if max(found(*swept[:2]).values()) >= NEAR:
            swept = _swept(tmp_path_factory.mktemp("sweep") / "l4.jsonl")
    return swept


def _swept(place: Path) -> tuple[Path, SweepTarget, list[str]]:
    """A first run with too little time for all of it, and one that completes it."""
    target = emulated.target()
    log, left, first = emulated.sweep(place, target, point_s=1e9)
    assert (left, log.record.steps) == (len(plan.points(target.limits)), ())
    assert first[-1].endswith("points are left: run the same command again, it continues where it stopped")
    _, left, second = emulated.sweep(place, target)
    assert left == 0
    return place, target, second


def found(place: Path, target: SweepTarget) -> dict[SweepWork, float]:
    """How far each kind of work is from what was emulated."""
    record = sweep_file.read(place.read_text(encoding="utf-8"))
    return {one.work: one.size for one in errors.of_predictions(record, predicted(target))}


def test_a_sweep_finds_the_step_times_of_its_engine(swept: tuple[Path, SweepTarget, list[str]]) -> None:
    place, target, lines = swept
    record = sweep_file.read(place.read_text(encoding="utf-8"))
    assert {one.point for one in record.steps} == set(plan.points(target.limits))
    assert {one.kept for one in record.starts if one.variant is EngineVariant.AS_GIVEN} == {False, True}
    sizes = found(place, target)
    assert set(sizes) == set(SweepWork)
    assert max(sizes.values()) < NEAR, sizes
    assert record.deployment.engine == "vLLM 0.32.0"
    assert [one.what for one in record.skipped] == ["fp8", "bfloat16"]
    assert len(record.sleeps) == 1
    (capacity,) = [line for line in lines if line.startswith("KV cache: ")]
    assert "(+0.0%), and it is inside" in capacity
    assert not list(place.parent.glob("*.caches"))


def test_the_emulator_is_as_fast_as_the_sweep_says(swept: tuple[Path, SweepTarget, list[str]]) -> None:
    place, _, _ = swept
    record = sweep_file.read(place.read_text(encoding="utf-8"))
    made = provided(place, *emulated.FLAGS)
    assert any("a sweep of vLLM 0.32.0 by `fairlead calibrate --sweep`" in note for note in made.notes)
    for one in record.steps:
        if (one.point.variant, one.point.work) == (EngineVariant.AS_GIVEN, SweepWork.DECODE):
            line = made.times.decode_line(one.point.batch, one.point.batch)
            assert line.seconds(one.attended) == pytest.approx(one.seconds / one.steps, rel=NEAR)


def test_a_file_of_another_deployment_is_refused(swept: tuple[Path, SweepTarget, list[str]]) -> None:
    place, _, _ = swept
    with pytest.raises(CannotStart, match="swept with product NVIDIA-L4, asked for NVIDIA-A10; sweep this deployment"):
        provided(place, *emulated.FLAGS, product="NVIDIA-A10")
    with pytest.raises(SweepArgumentError, match="was measured with context 512, and now it is 256"):
        emulated.sweep(place, emulated.target(*emulated.FLAGS, "--max-model-len", "256"))


def test_an_engine_that_does_not_start_is_reported_with_its_own_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'ValueError: No available memory for the cache blocks.'\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("FAIRLEAD_VLLM_PYTHON", str(program))
    out = tmp_path / "out.jsonl"
    words = ["calibrate", "--sweep", "--product", emulated.PRODUCT, "--out", str(out), "--budget", "20s"]
    assert main([*words, "--", "vllm", "serve", emulated.MODEL]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "fairlead calibrate: the engine does not start: it ended with 1: ValueError: No available memory for the cache "
        f"blocks.; its log is {out}.log"
    )


def test_a_measurement_that_fails_twice_is_skipped_with_the_message_of_the_engine(tmp_path: Path) -> None:
    whole = emulated.target(*emulated.FLAGS[:4], "--max-num-seqs", "1", *emulated.FLAGS[-3:])
    broken = {"FAIRLEAD_ENGINE_FAULT": "errors", "FAIRLEAD_ENGINE_FAULT_AFTER": "4"}
    target = replace(whole, environment={**whole.environment, **broken})
    log, left, lines = emulated.sweep(tmp_path / "o.jsonl", target)
    assert (left, log.record.steps) == (0, ())
    assert {one.words for one in plan.points(target.limits)} < {one.what for one in log.record.skipped}
    assert sum(line.endswith("it is retried at the end") for line in lines) == len(plan.points(target.limits))
    assert any("0 measurements of decoding and 0 of prompts, both are needed" in line for line in lines)


def test_a_budget_in_which_no_engine_would_start_is_refused(tmp_path: Path) -> None:
    place, target = tmp_path / "o.jsonl", emulated.target()
    lines = (
        sweep_file.header(target.deployment("vLLM 0.32.0")),
        sweep_file.line(replace(swept_steps.START, seconds=400)),
    )
    place.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(SweepArgumentError, match="--budget: a start took 400 s; write 526s or more"):
        emulated.sweep(place, target)


def test_a_sweep_that_goes_on_elsewhere_finds_empty_caches(tmp_path: Path) -> None:
    target = emulated.target(*emulated.FLAGS[:4], "--max-num-seqs", "1", *emulated.FLAGS[-3:])
    there, here = tmp_path / "there.jsonl", tmp_path / "here.jsonl"
    first, left, _ = emulated.sweep(there, target, point_s=1e9)
    assert ([one.kept for one in first.record.starts], left > 0) == ([False], True)
    here.write_text(there.read_text(encoding="utf-8"), encoding="utf-8")
    second, left, _ = emulated.sweep(here, target, point_s=1e9)
    assert ([one.kept for one in second.record.starts], left > 0) == ([False, False], True)
    third, _, _ = emulated.sweep(here, target, point_s=1e9)
    assert [one.kept for one in third.record.starts] == [False, False, True]


def test_a_signal_ends_the_engine_too(tmp_path: Path) -> None:
    program, number = tmp_path / "python", tmp_path / "pid"
    program.write_text(f"#!/bin/sh\necho $$ > {number}.new\nmv {number}.new {number}\nexec sleep 300\n")
    program.chmod(0o755)
    words = ["calibrate", "--sweep", "--product", emulated.PRODUCT, "--out", str(tmp_path / "o.jsonl"), "--"]
    with subprocess.Popen(
        [sys.executable, "-c", emulated.BOOT, *words, "vllm", "serve", emulated.MODEL],
        env=os.environ | {"FAIRLEAD_VLLM_PYTHON": str(program)},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        engine = int(eventually(lambda: number.exists() and number.read_text(), "an engine that is started"))
        running.terminate()
        _, words_of_end = running.communicate(timeout=60)
    assert running.returncode == 1
    assert words_of_end.splitlines()[-1].endswith("ended by a signal; " + words[5] + " keeps what was measured")
    with pytest.raises(ProcessLookupError):
        os.kill(engine, 0)


WORDS = (
    (("--product", "L4", "--out", "o"), "--product L4: not in the catalogue; write a product label"),
    (("--product", emulated.PRODUCT), "--sweep: write --out FILE"),
    (
        ("--product", emulated.PRODUCT, "--out", "o", "--budget", "soon"),
        "--budget soon: write seconds, minutes or hours",
    ),
    (
        ("--product", emulated.PRODUCT, "--out", "o", "--gpus", "2"),
        "--gpus 2: the command spreads over 1; write --gpus 1",
    ),
)


COMMANDS = (
    (("--data-parallel-size", "2"), "data parallelism of 2: engines that share a process count their steps together"),
    (("--speculative-config", '{"method": "ngram", "num_speculative_tokens": 2}'), "speculative decoding: steps with"),
)


@pytest.mark.parametrize(("flags", "message"), COMMANDS)
def test_a_command_that_cannot_be_swept_is_refused(
    flags: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "calibrate",
        "--sweep",
        "--product",
        emulated.PRODUCT,
        "--out",
        "o",
        "--gpus",
        "2" if "2" in flags else "1",
    ]
    assert main([*words, "--", "vllm", "serve", emulated.MODEL, *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_model_configuration_replaces_a_model_that_is_not_there(tmp_path: Path) -> None:
    numbers = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = tmp_path / "config.json"
    more = {"model_type": "llama", "vocab_size": 100, "num_key_value_heads": 2, "max_position_embeddings": 512}
    config.write_text(json.dumps(numbers | more), encoding="utf-8")
    target = emulated.target("--max-model-len", "256", model="org/mine", config=str(config))
    start = VariantStart(target, EngineVariant.AS_GIVEN, tmp_path / "o.caches")
    folder = tmp_path / "o.model"
    assert start.words == ("serve", str(folder), "--max-model-len", "256", "--load-format", "dummy")
    assert start.served_name == str(folder)
    assert json.loads((folder / "config.json").read_text(encoding="utf-8")) == numbers | more
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert len(tokenizer["model"]["vocab"]) == 100


def test_a_cache_in_fp8_is_not_measured_twice() -> None:
    target = emulated.target("--kv-cache-dtype", "fp8")
    assert [str(one.what) for one in target.limits.lacks] == ["kvFp8"]


def test_a_name_that_is_the_models_own_is_the_one_to_call_it_by(tmp_path: Path) -> None:
    target = emulated.target("--served-model-name", "org/mine", model="org/mine", config=small_config.written(tmp_path))
    assert VariantStart(target, EngineVariant.AS_GIVEN, tmp_path / "o.caches").served_name == "org/mine"


@pytest.mark.parametrize(("words", "message"), WORDS)
def test_invalid_arguments_are_named(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--sweep", *words, "--", "vllm", "serve", emulated.MODEL]) == 2
    assert message in capsys.readouterr().err


def test_a_model_of_unknown_shape_needs_its_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["calibrate", "--sweep", "--product", emulated.PRODUCT, "--out", "o", "--", "vllm", "serve", "org/mine"]
    assert main(words) == 2
    assert "model org/mine: not in the catalogue, and no folder with a config.json; give its own" in (
        capsys.readouterr().err
    )
