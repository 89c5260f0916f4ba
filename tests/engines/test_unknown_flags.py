"""A flag the release does not know is let in and said; every spelling its parser takes is known."""

from dataclasses import replace

import pytest

from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import unknown
from tests.engines.asks import ENGINE, asks


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "1"),
        ("--seed=1",),
        ("--max_logprobs", "5"),
        ("--no-enable-log-requests",),
        ("--compilation-config.mode=3",),
        ("-cc.mode=3",),
        ("-O2",),
        ("--max-logp", "5"),
        ("value-of-nothing", "-5", "--"),
        (),
    ],
)
def test_every_spelling_of_a_known_flag_passes_in_silence(words: tuple[str, ...]) -> None:
    assert unknown.unknown_flag(asks(replace(ENGINE, extra_args=words))) is None


@pytest.mark.parametrize(
    ("words", "value", "remedy"),
    [
        (("--seed", "1", "--sead", "2"), "--sead", "did you mean --seed?"),
        (("--zzz",), "--zzz", "remove it, or try the image by hand"),
        (("-zz",), "-zz", "remove it, or try the image by hand"),
    ],
)
def test_an_unknown_flag_is_named_with_the_nearest(words: tuple[str, ...], value: str, remedy: str) -> None:
    said = unknown.unknown_flag(asks(replace(ENGINE, extra_args=words)))
    assert said is not None
    assert (said.value, said.remedy, said.reason) == (value, remedy, EngineReason.ARGUMENT_UNKNOWN)
    assert said.field == f"spec.engine.extraArgs[{words.index(value)}]"
