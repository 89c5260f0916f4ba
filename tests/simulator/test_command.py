"""The command that `engines` writes is the command the simulated engine reads."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.simulated import Simulated
from fairlead.engines.start import Pace
from fairlead.fleet.wanted import Adapter, ModelSource, SourceScheme
from fairlead.simulator import command, pretence
from fairlead.simulator.command import Misunderstood, Served
from fairlead.simulator.pretence import BadKnob, Fault, Pretence
from tests.engines.asks import ENGINE, asks

HUB: Final = SourceScheme.HUB


def test_what_the_operator_starts_is_understood_whole() -> None:
    adapters = tuple(
        Adapter(name=name, source=ModelSource(scheme=HUB, location=f"org/{name}"), rank=8) for name in "ab"
    )
    wish = asks(replace(ENGINE, adapters=adapters, max_sequences=32, max_queued_requests=8, max_context_tokens=4096))
    words = Simulated().launch(wish, Pace(drain_seconds=90)).command

    assert command.read(words[words.index("--") :]) == Served(
        model=wish.wanted.model.source.location,
        names=("chat",),
        adapters=(("a", "org/a"), ("b", "org/b")),
        host="0.0.0.0",  # noqa: S104 - as in the command
        port=8000,
        max_sequences=32,
        max_unfinished=40,
        context_tokens=4096,
        shutdown_seconds=90,
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
    served = command.read([*words, "--lora-modules", '{"name": "de", "path": "/de"}'])

    assert (served.model, served.names, served.context_tokens) == ("m", ("a", "b"), 8000)
    assert served.callable_names == ("a", "b", "de")


def test_a_context_left_to_the_engine_gets_a_plain_one_and_a_cache_that_holds_it() -> None:
    served = command.read(["vllm", "serve", "m", "--max-model-len", "auto"])

    assert (served.names, served.context_tokens, served.cache_blocks) == (("m",), 32_768, 8193)
    assert command.read(["vllm", "serve", "m", "--max-model-len", "1M"]).cache_blocks == 2**16 + 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "the engine's command: nothing: must be `vllm serve MODEL ...`; write it after `--`"),
        (["--", "sglang", "serve"], "the engine's command: sglang serve: must be `vllm serve MODEL ...`; "),
        (["vllm", "serve", "m", "--port", "x"], "the engine's command: argument --port: invalid int value: 'x'"),
        (["vllm", "serve", "m", "--max-model-len", "far"], "far: must be a count like 8192, 8k or 8K"),
    ],
)
def test_what_is_no_command_is_refused_with_what_to_write(words: list[str], why: str) -> None:
    with pytest.raises(Misunderstood) as refusal:
        command.read(words)

    assert why in str(refusal.value)


def test_without_knobs_the_pace_is_the_default_one() -> None:
    assert pretence.read({"PATH": "/bin", "FAIRLEAD_ENGINE_TTFT_MS": ""}) == Pretence()


def test_every_knob_is_turned_by_its_variable() -> None:
    names = {"START_SECONDS": "0.5", "TTFT_MS": "100", "TPOT_MS": "20", "FAULT": "cut-stream", "FAULT_AFTER": "3"}

    assert pretence.read({f"FAIRLEAD_ENGINE_{name}": value for name, value in names.items()}) == Pretence(
        start_seconds=0.5, first_token_seconds=0.1, token_seconds=0.02, fault=Fault.CUT_STREAM, fault_after=3
    )


@pytest.mark.parametrize(("knob", "value"), [("TTFT_MS", "soon"), ("TPOT_MS", "-1"), ("FAULT", "gremlins")])
def test_a_knob_that_cannot_be_turned_so_is_named_with_what_would_do(knob: str, value: str) -> None:
    with pytest.raises(BadKnob, match=rf"FAIRLEAD_ENGINE_{knob}: {value}: .*; write .* or leave it out"):
        pretence.read({f"FAIRLEAD_ENGINE_{knob}": value})
