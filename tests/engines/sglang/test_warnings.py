"""What SGLang allows and costs: each warning comes when it should, and a plain setup gets none."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.sglang import warning_checks
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import WindowedLayers
from tests.engines.setups import A100, H100, HUB, LLAMA, NGRAM, OF_IMAGES, VOLUME, setup_of, with_token
from tests.engines.sglang.inputs import ENGINE, RELEASED, adapter, extra, setup_with, warnings

WORTH_A_WORD: Final[dict[str, tuple[EngineSetup, str, Why, str]]] = {
    "another release": (
        setup_with(version="0.5.24"),
        "spec.engine.version",
        Why.VERSION_NOT_KNOWN,
        "an image of 0.5.23",
    ),
    "images from any address": (
        setup_of(ENGINE, shape=OF_IMAGES, on=H100),
        "spec.engine.extraArgs",
        Why.RISKY,
        "the engine fetches them from any address that its pod reaches",
    ),
    "a batch is one of prompts": (
        setup_with(max_batched_tokens=4096),
        "spec.engine.batching.maxBatchedTokens",
        Why.SLOWER,
        "running answers pause while prompts arrive",
    ),
    "a share of another kind than vLLM's": (
        setup_with(memory_utilization=0.92),
        "spec.engine.memoryUtilization",
        Why.RISKY,
        "the engine fails under load, not at its start",
    ),
    "48 requests at once": (
        setup_with(speculation=NGRAM),
        "spec.engine.speculation.method",
        Why.SLOWER,
        "at most 48 requests at once",
    ),
    "nobody knows whether a request finds room": (
        setup_of(ENGINE, shape=None, on=H100),
        "spec.engine.context.maxTokens",
        Why.RISKY,
        "set spec.model.shape",
    ),
    "nobody knows whether a request finds room in a pool of one's own": (
        setup_of(replace(ENGINE, extra_args=("--max-total-tokens=4096",)), shape=None, on=H100),
        "spec.engine.context.maxTokens",
        Why.RISKY,
        "write the longest context you need",
    ),
    "a cache in pools of its own": (
        setup_of(ENGINE, shape=replace(LLAMA, window=WindowedLayers(layers=16, tokens=1024)), on=H100),
        "spec.model.source",
        Why.RISKY,
        "it may hold fewer requests",
    ),
    "an FP8 cache on an A100": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8), on=A100),
        "spec.engine.quantization.kvCache",
        Why.RISKY,
        "write fp8E5M2 or auto",
    ),
    "a coarse cache": (
        setup_with(kv=KvFormat.FP8_E5M2),
        "spec.engine.quantization.kvCache",
        Why.RISKY,
        "write fp8E4M3, which this GPU supports",
    ),
    "no graphs": (setup_with(eager=True), "spec.engine.eager", Why.SLOWER, "remove it"),
    "GPUs that nobody uses": (setup_of(ENGINE, gpus=2, on=H100), "spec.accelerator.count", Why.SLOWER, "write 1"),
    "copies behind one address": (
        setup_of(ENGINE, parallelism=Parallelism(data=2), on=H100),
        "spec.parallelism.data",
        Why.SLOWER,
        "write 1, and 2 times the replicas",
    ),
    "a context beyond the model": (
        setup_with(max_context_tokens=200_000, extra_env=(("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1"),)),
        "spec.engine.context.maxTokens",
        Why.RISKY,
        "was made for 131,072 tokens",
    ),
    "code of others, at a commit": (
        setup_with(trust_remote_code=True),
        "spec.engine.trustRemoteCode",
        Why.RISKY,
        "in the pod; read that code",
    ),
    "code of others, at any commit": (
        setup_of(replace(ENGINE, trust_remote_code=True), source=replace(HUB, revision=None), on=H100),
        "spec.engine.trustRemoteCode",
        Why.RISKY,
        "set spec.model.revision",
    ),
    "a token without a source that takes it": (
        with_token(setup_of(ENGINE, source=VOLUME, on=H100)),
        "spec.model.tokenSecret",
        Why.RISKY,
        "only hf:// sources are read with this token",
    ),
    "an adapter's revision that is ignored": (
        setup_with(adapters=adapter(source=HUB)),
        "spec.engine.adapters[0].revision",
        Why.RISKY,
        "downloads an adapter's newest revision",
    ),
    "a flag that another build may know": (
        extra("--frobnicate-the-cache-now"),
        "spec.engine.extraArgs[0]",
        Why.ARGUMENT_UNKNOWN,
        "may have it",
    ),
    "a parser that another build may have": (
        setup_with(tools=Tools(parser="llama3_json")),
        "spec.engine.tools.parser",
        Why.PARSER_UNKNOWN,
        "did you mean llama3?",
    ),
    "a parser that is like none": (
        setup_with(reasoning=Reasoning(parser="zzzz")),
        "spec.engine.reasoning.parser",
        Why.PARSER_UNKNOWN,
        "watch the first start",
    ),
}

FINE: Final = {
    "a plain setup": setup_with(),
    "code of one's own": setup_of(replace(ENGINE, trust_remote_code=True), source=VOLUME, on=H100),
    "speculation with a number of requests": setup_with(speculation=NGRAM, max_sequences=64),
    "an FP8 cache where there is arithmetic for it": setup_with(kv=KvFormat.FP8),
    "an adapter on a volume, and one of the newest revision": setup_with(
        adapters=(*adapter(), *adapter("fr", replace(HUB, revision=None)))
    ),
    "a longer context that is not longer": setup_with(
        max_context_tokens=4096, extra_env=(("SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", "1"),)
    ),
    "a pool of one's own that holds the context, for a model that nobody knows": setup_of(
        replace(ENGINE, extra_args=("--max-total-tokens=8k",), max_context_tokens=4096), shape=None, on=H100
    ),
    "flags of the release": setup_of(replace(RELEASED, extra_args=("--enable-mixed-chunk",)), on=H100),
    "a flag of the release in another image": extra("--enable-mixed-chunk"),
}


@pytest.mark.parametrize("what", WORTH_A_WORD)
def test_a_costly_setting_is_warned_of_once(what: str) -> None:
    setup, field, reason, words = WORTH_A_WORD[what]

    found = warnings(setup)

    assert [(one.field, one.reason) for one in found] == [(field, reason)], found
    assert words in f"{found[0].because}; {found[0].remedy}"


@pytest.mark.parametrize("what", FINE)
def test_what_costs_nothing_is_not_warned_of(what: str) -> None:
    assert warnings(FINE[what]) == ()


def test_every_warning_has_a_test_case() -> None:
    fired = {one for setup, *_ in WORTH_A_WORD.values() for one in warning_checks.WARNING_CHECKS if one(setup)}

    assert fired == set(warning_checks.WARNING_CHECKS)
