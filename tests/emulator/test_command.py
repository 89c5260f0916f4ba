"""The command that `engines` writes is the command the simulated engine reads."""

import random
from dataclasses import replace
from typing import Final

import pytest

from fairlead.emulator import emulation_knobs
from fairlead.emulator.emulation_knobs import KNOBS, PREFIX, BadKnob, EmulationKnobs, EngineFault
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.faults import FaultOrder
from fairlead.emulator.serve_arguments import SchedulerArguments, ServeArguments
from fairlead.emulator.vllm import command
from fairlead.emulator.vllm.command import InvalidCommandLine
from fairlead.engines import emulator, start_budget
from fairlead.fleet.desired_state import Adapter, ModelSource, SourceScheme
from tests.engines.setups import ENGINE, setup_of

HUB: Final = SourceScheme.HUB


def test_what_the_operator_starts_is_understood_whole() -> None:
    adapters = tuple(
        Adapter(name=name, source=ModelSource(scheme=HUB, location=f"org/{name}"), rank=8) for name in "ab"
    )
    setup = setup_of(
        replace(ENGINE, adapters=adapters, max_sequences=32, max_queued_requests=8, max_context_tokens=4096)
    )
    words = emulator.VLLM.launch(setup, start_budget.LifecycleParameters(drain_seconds=90)).command

    assert command.read(words[words.index("--") :]) == ServeArguments(
        model=setup.revision.model.source.location,
        names=("chat",),
        adapters=(("a", "org/a"), ("b", "org/b")),
        host="0.0.0.0",  # noqa: S104 - as in the command
        port=8000,
        context_tokens=4096,
        shutdown_seconds=90,
        limits=SchedulerArguments(context=4096, max_sequences=32, max_unfinished=40, adapter_slots=2, adapter_rank=8),
    )


def test_flags_as_people_write_them_are_read_and_unknown_ones_passed_over() -> None:
    words = [
        "vllm",
        "serve",
        "--model",
        "m",
        "--max_model_len=8k",
        "--served-model-name",
        "a",
        "b",
        "--revision",
        "c",
        "--seed",
        "7",
    ]
    serve_arguments = command.read([*words, "--lora-modules", '{"name": "de", "path": "/de"}'])

    assert (serve_arguments.model, serve_arguments.names, serve_arguments.context_tokens) == ("m", ("a", "b"), 8000)


def test_a_context_left_to_the_engine_is_not_a_fixed_number_yet() -> None:
    serve_arguments = command.read(["vllm", "serve", "m", "--max-model-len", "auto"])

    assert (serve_arguments.names, serve_arguments.context_tokens) == (("m",), 32_768)
    assert (serve_arguments.limits.context, serve_arguments.limits.context_fits) == (None, True)
    assert not command.read(["vllm", "serve", "m"]).limits.context_fits


def test_the_shorthands_of_speculation_stand_for_the_keys_of_its_configuration() -> None:
    short = command.read(["vllm", "serve", "m", "--spec-method", "ngram", "--spec-tokens", "3"])
    whole = command.read(["vllm", "serve", "m", "-sc", '{"method": "ngram", "num_speculative_tokens": 3}'])

    assert short.limits == whole.limits
    assert not short.limits.asynchronous
    assert command.read(["vllm", "serve", "m"]).limits.asynchronous


def test_vllms_own_variables_open_what_they_open_there() -> None:
    variables = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"}
    answering = command.read(["vllm", "serve", "m", "--enable-request-id-headers"], variables).answering

    assert answering.dev_mode
    assert answering.runtime_adapters
    assert answering.request_id_headers
    assert not command.read(["vllm", "serve", "m"]).answering.dev_mode


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "the engine's command: nothing: must be `vllm serve MODEL ...`; write it after `--`"),
        (["--", "sglang", "serve"], "the engine's command: sglang serve: must be `vllm serve MODEL ...`; "),
        (["vllm", "serve", "m", "--port", "x"], "vllm serve: error: argument --port: invalid int value: 'x'"),
        (["vllm", "serve", "m", "--max-model-len", "far"], "far: must be a count like 8192, 8k or 8K"),
        (["vllm", "serve", "m", "-sc", "[1]"], "argument --speculative-config/-sc: Value [1] cannot be converted"),
        (["vllm", "serve", "m", "--kv-offloading-size=64Gi"], "Value 64Gi cannot be converted to <class 'float'>."),
        (
            ["vllm", "serve", "m", "--gpu-memory-utilization", "1.5"],
            "1 validation error for VllmConfig\ngpu_memory_utilization\n  Input should be less than or equal to 1",
        ),
        (["vllm", "serve", "m", "--gpu-memory-utilization", "nan"], "Input should be greater than 0"),
        (["vllm", "serve", "m", "--max-num-seqs", "0"], "max_num_seqs\n  Input should be greater than or equal to 1"),
        (["vllm", "serve", "m", "--watermark", "1"], "watermark\n  Input should be less than 1"),
    ],
)
def test_what_is_no_command_is_refused_with_what_to_write(words: list[str], why: str) -> None:
    with pytest.raises(InvalidCommandLine) as refusal:
        command.read(words)

    assert why in str(refusal.value)


def test_without_knobs_the_pace_is_the_default_one() -> None:
    assert emulation_knobs.read({"PATH": "/bin", "FAIRLEAD_ENGINE_TTFT_MS": ""}) == EmulationKnobs()


def test_every_knob_is_turned_by_its_variable() -> None:
    turned = {
        "START_SECONDS": "60-125",
        "WAKE_SECONDS": "2.5",
        "TTFT_MS": "100",
        "TPOT_MS": "20",
        "SHAPE": "org/shape",
        "ACCEPTANCE": "0.8,0.5",
        "SEED": "7",
        "REPLY_TOKENS": "300",
        "INVALID_JSON_RATE": "0.25",
        "LAG_LIMIT_MS": "100",
        "LOSE_EARLY_SIGNAL": "1",
        "FAULTS_API": "1",
        "FAULT": "cut-stream",
        "FAULT_AFTER": "3",
        "FAULT_TOKENS": "9",
        "FAULT_FACTOR": "2.5",
    }

    assert set(turned) == set(KNOBS)
    assert emulation_knobs.read({f"{PREFIX}{name}": value for name, value in turned.items()}) == EmulationKnobs(
        start_seconds=60.0,
        start_seconds_most=125.0,
        wake_seconds=2.5,
        pace=FixedStepTimes(first_token_seconds=0.1, token_seconds=0.02),
        shape="org/shape",
        acceptance=(0.8, 0.5),
        seed=7,
        reply_tokens=300,
        invalid_json_rate=0.25,
        lag_limit_seconds=0.1,
        lose_early_signal=True,
        faults_api=True,
        order=FaultOrder(fault=EngineFault.CUT_STREAM, after=3, tokens=9, factor=2.5),
    )


def test_one_knob_of_the_pace_sets_the_other_to_its_default() -> None:
    assert emulation_knobs.read({f"{PREFIX}TPOT_MS": "40"}).pace == FixedStepTimes(
        first_token_seconds=0.03, token_seconds=0.04
    )
    assert emulation_knobs.read({}).pace is None


def test_a_cold_start_lies_in_its_range_and_a_seed_repeats_it() -> None:
    spread = emulation_knobs.read({f"{PREFIX}START_SECONDS": "60-125"})
    starts = [spread.cold_start(drawn(seed)) for seed in range(50)]

    assert (min(starts) < 70, max(starts) > 115) == (True, True)
    assert all(60 <= start <= 125 for start in starts)
    assert starts[7] == spread.cold_start(drawn(7))
    assert emulation_knobs.read({}).cold_start(drawn(1)) == 1.0


def drawn(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("TTFT_MS", "soon"),
        ("TPOT_MS", "-1"),
        ("FAULT", "gremlins"),
        ("START_SECONDS", "9-3"),
        ("START_SECONDS", "3-x"),
        ("START_SECONDS", "-1"),
        ("FAULTS_API", "yes"),
        ("LOSE_EARLY_SIGNAL", "true"),
        ("ACCEPTANCE", "0.5,7"),
        ("INVALID_JSON_RATE", "2"),
        ("FAULT_FACTOR", "0.1"),
    ],
)
def test_a_knob_that_cannot_be_turned_so_is_named_with_what_would_do(knob: str, value: str) -> None:
    with pytest.raises(BadKnob, match=rf"FAIRLEAD_ENGINE_{knob}: .+: .*; write .* or leave it out"):
        emulation_knobs.read({f"{PREFIX}{knob}": value})
