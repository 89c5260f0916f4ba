"""A flag that the release does not know is refused, or warned of with a custom image; every spelling is known."""

from dataclasses import replace

import pytest

from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import release, unknown_flags
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import EngineKind
from tests.engines.setups import ENGINE, RELEASED, setup_of


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
    assert unknown_flags.unknown_flag(setup_of(replace(ENGINE, extra_args=words))) is None
    assert unknown_flags.refusals(setup_of(replace(RELEASED, extra_args=words))) == ()


REMEDIES = {
    "--sead": ("did you mean --seed?", "did you mean --seed?"),
    "--zzz": ("remove it", "remove it, or try the image by hand"),
    "-zz": ("remove it", "remove it, or try the image by hand"),
    "-tp2": ("remove it", "remove it, or try the image by hand"),
}


@pytest.mark.trial(15)
@pytest.mark.parametrize("flag", REMEDIES)
def test_an_unknown_flag_is_refused_with_the_nearest_one_and_only_warned_of_with_a_custom_image(flag: str) -> None:
    refused, warned = REMEDIES[flag]
    words = ("--seed", "1", flag, "2")

    (refusal,) = unknown_flags.refusals(setup_of(replace(RELEASED, extra_args=words)))
    assert (refusal.field, refusal.value, refusal.remedy) == ("spec.engine.extraArgs[2]", flag, refused)
    assert refusal.reason is EngineReason.ARGUMENT_UNKNOWN
    assert unknown_flags.unknown_flag(setup_of(replace(RELEASED, extra_args=words))) is None

    warning = unknown_flags.unknown_flag(setup_of(replace(ENGINE, extra_args=words)))
    assert warning is not None
    assert (warning.field, warning.value, warning.remedy, warning.reason) == (
        refusal.field,
        flag,
        warned,
        refusal.reason,
    )
    assert unknown_flags.refusals(setup_of(replace(ENGINE, extra_args=words))) == ()


@pytest.mark.trial(15)
def test_each_unknown_flag_is_named_and_one_that_is_refused_for_another_reason_is_named_once() -> None:
    words = ("--sead", "1", "--swap-space=4", "--enable-request-ids", "--a b")
    setup = setup_of(replace(RELEASED, extra_args=words))

    assert [one.value for one in unknown_flags.refusals(setup)] == ["--sead", "--enable-request-ids"]
    assert [one.value for one in VllmEngine().refusals(setup)] == [
        "--swap-space",
        "--a",
        "--sead",
        "--enable-request-ids",
    ]


@pytest.mark.parametrize(
    ("words", "value", "remedy"),
    [
        (("--enable-log",), "--enable-log", "--enable-log-deltas, --enable-log-outputs, …"),
        (("--disable_c", "--seed=1"), "--disable_c", "--disable-cascade-attn, --disable-chunked-mm-input, …"),
    ],
)
def test_a_beginning_of_several_flags_is_refused_with_some_of_them(
    words: tuple[str, ...], value: str, remedy: str
) -> None:
    (refusal,) = unknown_flags.refusals(setup_of(replace(RELEASED, extra_args=words)))
    assert (refusal.field, refusal.value) == ("spec.engine.extraArgs[0]", value)
    assert refusal.reason is EngineReason.ARGUMENT_MALFORMED
    assert refusal.remedy == f"write one of them in full: {remedy}"
    assert unknown_flags.refusals(setup_of(replace(ENGINE, extra_args=words))) == ()


@pytest.mark.parametrize("word", ["--no-enable", "--ssl", "--max-logp", "-O2", "-cc.mode=3"])
def test_negations_other_refusals_and_what_is_short_for_one_flag_are_left(word: str) -> None:
    assert unknown_flags.refusals(setup_of(replace(RELEASED, extra_args=(word,)))) == ()


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("vllm/vllm-openai:v0.32.0", True),
        ("registry.test:5000/mirror/vllm-openai:v0.32.1-cu129", True),
        ("vllm/vllm-openai:v0.32.0@sha256:0", True),
        ("vllm/vllm-openai:v0.33.0", False),
        ("vllm/vllm-openai:nightly", False),
        ("vllm/vllm-openai@sha256:0", False),
        ("registry.test/vllm-openai-ours:v0.32.0", False),
        ("registry.test:5000/own", False),
    ],
)
def test_the_tables_are_whole_for_the_projects_own_image_of_the_release_and_for_a_mirror_of_it(
    image: str, whole: bool
) -> None:
    engine = replace(ENGINE, image=image)
    assert release.is_whole(engine) is whole
    assert release.is_whole(replace(engine, version="0.33.0")) is False
    assert release.is_whole(replace(engine, kind=EngineKind.SIMULATED)) is True
