"""More setups that would end vLLM 0.32's start: settings that are wrong only in combination."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.desired_state import Adapter
from tests.engines.refused import BATCHED, no
from tests.engines.setups import (
    DRAFT,
    ENGINE,
    H100,
    LATENT,
    MTP,
    NGRAM,
    QWEN_SMALL,
    SLOTS,
    VOLUME,
    WITH_DRAFT,
    setup_of,
)

SPECULATION: Final = "spec.engine.speculation"
EXTRA: Final = "spec.engine.extraArgs"


def adapter(name: str = "de", rank: int = 16) -> Adapter:
    return Adapter(name=name, source=VOLUME, rank=rank)


GUESSES: Final = {
    "a draft model must be named": (
        setup_of(replace(ENGINE, speculation=replace(WITH_DRAFT, draft=None))),
        no(
            f"{SPECULATION}.method",
            "draftModel",
            Why.SPECULATION_INCOMPLETE,
            "this method needs a draft model, and none is named",
            "set spec.engine.speculation.draft.source, or write ngram, which needs no model",
        ),
    ),
    "ngram has no use for a draft model": (
        setup_of(replace(ENGINE, speculation=replace(NGRAM, draft=DRAFT))),
        no(
            f"{SPECULATION}.draft",
            "meta-llama/Llama-3.2-1B",
            Why.SPECULATION_NOT_POSSIBLE,
            "ngram uses no second model",
            "remove it, or write draftModel as spec.engine.speculation.method",
        ),
    ),
    "no guess is no speculation": (
        setup_of(replace(ENGINE, speculation=replace(NGRAM, tokens=0))),
        no(
            f"{SPECULATION}.tokens",
            0,
            Why.SPECULATION_OUT_OF_RANGE,
            "speculation must draft at least one token a step",
            "write 3, or off as the method",
        ),
    ),
    "the shortest repetition is not longer than the longest": (
        setup_of(replace(ENGINE, speculation=replace(NGRAM, lookup_min=4, lookup_max=2))),
        no(
            f"{SPECULATION}.lookupMin",
            4,
            Why.SPECULATION_OUT_OF_RANGE,
            "the shortest repetition cannot be longer than the longest, which is 2",
            "write 2 or less",
        ),
    ),
    "only ngram looks things up": (
        setup_of(replace(ENGINE, speculation=replace(WITH_DRAFT, lookup_max=4))),
        no(
            f"{SPECULATION}.lookupMax",
            4,
            Why.SPECULATION_NOT_POSSIBLE,
            "draftModel does not search the prompt",
            "remove it, or write ngram as spec.engine.speculation.method",
        ),
    ),
    "a model without layers for it cannot guess by itself": (
        setup_of(replace(ENGINE, speculation=MTP)),
        no(
            f"{SPECULATION}.method",
            "mtp",
            Why.SPECULATION_NOT_POSSIBLE,
            "Llama-3.1-8B was trained without layers for multi-token prediction",
            "write ngram, or draftModel with a small model of the same vocabulary",
        ),
    ),
    "two layers guess two, four or six tokens and not five": (
        setup_of(replace(ENGINE, speculation=replace(MTP, tokens=5)), shape=LATENT),
        no(
            f"{SPECULATION}.tokens",
            5,
            Why.SPECULATION_OUT_OF_RANGE,
            "with 2 layers for multi-token prediction more tokens must be a multiple of 2",
            "write 4",
        ),
    ),
    "a draft of another vocabulary guesses words the model does not have": (
        setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=QWEN_SMALL),
        no(
            f"{SPECULATION}.draft.source",
            "Qwen3-0.6B",
            Why.VOCABULARY_DIFFERS,
            "its vocabulary has 151,936 tokens, that of Llama-3.1-8B 128,256: they must be equal",
            "name a small model of Llama-3.1-8B's family, or write ngram as spec.engine.speculation.method",
        ),
    ),
    "with adapters a step holds every request with its guesses": (
        setup_of(
            replace(ENGINE, speculation=WITH_DRAFT, adapters=(adapter(),), max_sequences=400),
            on=H100,
        ),
        (),
    ),
    "with adapters a step that cannot hold every request with its guesses is too small": (
        setup_of(replace(ENGINE, speculation=WITH_DRAFT, adapters=(adapter(),), max_sequences=400)),
        no(
            BATCHED,
            2048,
            Why.BATCH_TOO_SMALL,
            "with adapters a step must hold 400 requests of 6: 2,400 tokens",
            "write 2400, or 341 as spec.engine.batching.maxSequences",
        ),
    ),
    "with adapters a step holds the guesses of the model's own layers, whose number need not be written": (
        setup_of(replace(ENGINE, speculation=MTP, adapters=(adapter(),), max_sequences=1000), shape=LATENT),
        no(
            BATCHED,
            2048,
            Why.BATCH_TOO_SMALL,
            "with adapters a step must hold 1,000 requests of 3: 3,000 tokens",
            "write 3000, or 682 as spec.engine.batching.maxSequences",
        ),
    ),
}

LIMITS: Final = {
    "no context is longer than the model's": (
        setup_of(replace(ENGINE, max_context_tokens=200_000)),
        no(
            "spec.engine.context.maxTokens",
            200000,
            Why.CONTEXT_TOO_LONG,
            "Llama-3.1-8B was made for 131,072 tokens",
            "write 131072 or less",
        ),
    ),
    "a length that an argument sets is stated for the model too": (
        setup_of(replace(ENGINE, max_context_tokens=200_000, extra_args=('--hf-overrides={"rope_theta": 1e6}',))),
        no(
            "spec.engine.context.maxTokens",
            200000,
            Why.CONTEXT_TOO_LONG,
            "Llama-3.1-8B was made for 131,072 tokens",
            "write 131072 or less; if --hf-overrides lengthens it, write 200000 as spec.model.shape.maxPosition too",
        ),
    ),
    "a step gives every running request a token": (
        setup_of(replace(ENGINE, max_sequences=512, max_batched_tokens=256)),
        no(
            BATCHED,
            256,
            Why.BATCH_TOO_SMALL,
            "each running request takes at least one token of a step, and there may be 512",
            "write 512 or more, or 256 as spec.engine.batching.maxSequences",
        ),
    ),
    "prompts in one piece need a step as long as the context": (
        setup_of(
            replace(
                ENGINE, max_context_tokens=8192, max_batched_tokens=2048, extra_args=("--no-enable-chunked-prefill",)
            )
        ),
        no(
            BATCHED,
            2048,
            Why.BATCH_TOO_SMALL,
            "--no-enable-chunked-prefill makes a step hold the longest prompt, 8,192 tokens",
            "remove the argument, or write 8192",
        ),
    ),
    "a batch of no request is none": (
        setup_of(replace(ENGINE, max_sequences=-1)),
        no(
            "spec.engine.batching.maxSequences",
            -1,
            Why.OUT_OF_RANGE,
            "must be at least 1",
            "write 1 or more, or leave it out",
        ),
    ),
    "a share of the memory is at most all of it": (
        setup_of(replace(ENGINE, memory_utilization=1.2)),
        no(
            "spec.engine.memoryUtilization",
            1.2,
            Why.OUT_OF_RANGE,
            "must be above 0 and at most 1",
            "leave it out for the default of 0.92",
        ),
    ),
    "an adapter's rank is at most 512": (
        setup_of(replace(ENGINE, adapters=(adapter("a"), adapter("b", rank=1024)))),
        no(
            "spec.engine.adapters[1].rank",
            1024,
            Why.ADAPTER_RANK_TOO_HIGH,
            "vLLM 0.32 takes ranks from 1 to 512",
            "write the rank the adapter was trained with, at most 512",
        ),
    ),
    "an adapter is not called as the model is": (
        setup_of(replace(ENGINE, adapters=(adapter("fine"), adapter("chat")))),
        no(
            "spec.engine.adapters[1].name",
            "chat",
            Why.ADAPTER_NAME_TAKEN,
            "the model or another adapter is served under this name",
            "give the adapter a name of its own",
        ),
    ),
    "adapters that come while it runs need a vLLM that keeps them apart": (
        setup_of(replace(ENGINE, version="0.24.1", lora=SLOTS)),
        no(
            "spec.engine.lora",
            "0.24.1",
            Why.NOT_IN_ENGINE,
            "before 0.32, vLLM may answer a request in flight with another adapter after one is loaded",
            "use vLLM 0.32 or newer, or remove lora and list adapters in spec.engine.adapters",
        ),
    ),
    "adapters that come while it runs do not survive a sleep": (
        setup_of(replace(ENGINE, sleeps=True, lora=SLOTS)),
        no(
            "spec.engine.lora",
            "8 slots, with sleep",
            Why.NOT_IN_ENGINE,
            "sleep drops the weights of adapters that were loaded while the engine ran",
            "remove spec.engine.sleep, or list adapters in spec.engine.adapters",
        ),
    ),
    "a token in plain text belongs in a Secret": (
        setup_of(replace(ENGINE, extra_env=(("LOG", "1"), ("HF_TOKEN", "hf_secret")))),
        no(
            "spec.engine.env",
            "HF_TOKEN",
            Why.VARIABLE_OWNED,
            "spec.model.tokenSecret owns it",
            "set spec.model.tokenSecret, which keeps the token out of the pod's text",
        ),
    ),
}
