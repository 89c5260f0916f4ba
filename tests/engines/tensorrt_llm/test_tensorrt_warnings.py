"""What TensorRT-LLM allows and costs: each warning comes when it should."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.tensorrt_llm import unknown_flags, warning_checks
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import DesiredSpeculation, EngineKind
from fairlead.fleet.quantization import WeightFormat
from tests.engines.setups import B200, DRAFT, H100, HUB, LLAMA, NGRAM, VOLUME, WITH_DRAFT, setup_of, stored, with_token
from tests.engines.tensorrt_llm.inputs import ENGINE, EXTRA, TENSORRT, adapter

SHORT: Final = replace(ENGINE, max_context_tokens=8192)


def short(**changed: Any) -> EngineSetup:  # noqa: ANN401 - any setting
    """With an explicit context, which causes no warning."""
    return setup_of(replace(SHORT, **changed), on=H100)


WORTH_A_WORD: Final[dict[str, tuple[EngineSetup, tuple[tuple[str, Why], ...], str]]] = {
    "another release": (
        short(version="1.3.0rc22"),
        (("spec.engine.version", Why.VERSION_NOT_KNOWN),),
        "use an image of 1.4",
    ),
    "a share of what is left": (
        short(memory_utilization=0.92),
        (("spec.engine.memoryUtilization", Why.RISKY),),
        "and not of the whole memory as in vLLM",
    ),
    "room for the longest answer": (
        setup_of(ENGINE, on=H100),
        (("spec.engine.context.maxTokens", Why.SLOWER),),
        "few requests run at once",
    ),
    "a format of a checkpoint that nobody knows": (
        setup_of(replace(SHORT, weights=WeightFormat.AWQ), shape=None, on=H100),
        (("spec.engine.quantization.weights", Why.RISKY),),
        "this checkpoint's format is unknown",
    ),
    "four bits on Hopper": (
        setup_of(SHORT, shape=stored(LLAMA, WeightFormat.MXFP4), on=H100),
        (("spec.engine.quantization.weights", Why.RISKY),),
        "watch the first start",
    ),
    "a draft's revision that is ignored": (
        short(speculation=WITH_DRAFT),
        (("spec.engine.speculation.draft.revision", Why.RISKY),),
        "downloads a draft's newest revision",
    ),
    "two adapters, and their schemas": (
        short(adapters=(*adapter("de"), *adapter("fr"))),
        (("spec.engine.adapters", Why.RISKY), ("spec.engine.adapters", Why.RISKY)),
        "name first the adapter that changes the most matrices",
    ),
    "no graphs": (short(eager=True), (("spec.engine.eager", Why.SLOWER),), "remove it"),
    "GPUs that nobody uses": (
        setup_of(SHORT, gpus=2, on=H100),
        (("spec.accelerator.count", Why.SLOWER),),
        "write 1",
    ),
    "code of others": (
        setup_of(replace(SHORT, trust_remote_code=True), source=replace(HUB, revision=None), on=H100),
        (("spec.engine.trustRemoteCode", Why.RISKY),),
        "set spec.model.revision",
    ),
    "a token without a source that takes it": (
        with_token(setup_of(SHORT, source=VOLUME, on=H100)),
        (("spec.model.tokenSecret", Why.RISKY),),
        "only hf:// sources are read with this token",
    ),
    "an option that is spelt with dashes": (
        short(extra_args=("--log-level", "debug")),
        (("spec.engine.extraArgs[0]", Why.ARGUMENT_UNKNOWN),),
        "did you mean --log_level?",
    ),
    "an option that is like none": (
        short(extra_args=("--log_level=info", "a b", "-zzzz")),
        (("spec.engine.extraArgs[2]", Why.ARGUMENT_UNKNOWN),),
        "try the image by hand",
    ),
    "a parser that another release may have": (
        short(tools=Tools(parser="qwen3_code"), reasoning=Reasoning(parser="qwen3")),
        (("spec.engine.tools.parser", Why.PARSER_UNKNOWN),),
        "did you mean qwen3_coder?",
    ),
    "and one of reasoning": (
        short(reasoning=Reasoning(parser="zzzz")),
        (("spec.engine.reasoning.parser", Why.PARSER_UNKNOWN),),
        "watch the first start",
    ),
}
FINE: Final = {
    "a written context": short(),
    "a draft on a volume": short(speculation=replace(WITH_DRAFT, draft=VOLUME)),
    "a draft of the newest revision": short(speculation=replace(WITH_DRAFT, draft=replace(DRAFT, revision=None))),
    "a draft of speculation that is off": short(speculation=DesiredSpeculation(draft=DRAFT)),
    "speculation without a draft": short(speculation=NGRAM),
    "four bits where NVIDIA lists them": setup_of(SHORT, shape=stored(LLAMA, WeightFormat.MXFP4), on=B200),
    "four bits on a card that nobody knows": setup_of(SHORT, shape=stored(LLAMA, WeightFormat.MXFP4), on=None),
    "options of its own": short(extra_args=("--log_level=debug", "--set", "dtype_of_nothing=1")),
}


@pytest.mark.parametrize("what", WORTH_A_WORD)
def test_a_costly_setting_is_warned_of_once(what: str) -> None:
    setup, expected, words = WORTH_A_WORD[what]

    found = TENSORRT.warnings(setup)

    assert tuple((one.field, one.reason) for one in found) == expected, found
    assert words in f"{found[0].because}; {found[0].remedy}"


@pytest.mark.parametrize("what", FINE)
def test_what_costs_nothing_is_not_warned_of(what: str) -> None:
    assert TENSORRT.warnings(FINE[what]) == ()


def test_every_warning_has_a_test_case() -> None:
    fired = {one for setup, *_ in WORTH_A_WORD.values() for one in warning_checks.WARNING_CHECKS if one(setup)}

    assert fired == set(warning_checks.WARNING_CHECKS)


def test_what_the_emulator_refuses_it_does_not_warn_of_as_well() -> None:
    ours = replace(SHORT, kind=EngineKind.SIMULATED_TENSORRT_LLM, extra_args=("--no_such_option",))
    assert [one for one in TENSORRT.warnings(setup_of(ours, on=H100)) if one.field.startswith(EXTRA)] == []
    (refusal,) = unknown_flags.refusals(setup_of(ours, on=H100))
    assert (refusal.field, refusal.value) == (f"{EXTRA}[0]", "--no_such_option")
