"""Setups whose extra arguments conflict with one another, with the typed fields, or with vLLM 0.32."""

from dataclasses import replace
from typing import Final

from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.conversations import Reasoning, Tools
from fairlead.fleet.desired_state import Parallelism
from tests.engines.refused import no
from tests.engines.setups import ENGINE, H100, LATENT, MIXTURE, RELEASED, setup_of

EXTRA: Final = "spec.engine.extraArgs"

_NO_START: Final = "and would not start"

EXTRAS: Final = {
    "a seed of letters": (
        setup_of(replace(ENGINE, extra_args=("--enable-log-requests", "--seed", "abc"))),
        no(
            f"{EXTRA}[1]",
            "--seed",
            Why.ARGUMENT_MALFORMED,
            f"vLLM expects a whole number here {_NO_START}",
            "write the number in digits, as in --seed=1",
        ),
    ),
    "half a token": (
        setup_of(replace(ENGINE, extra_args=("--stream_interval=1.5",))),
        no(
            f"{EXTRA}[0]",
            "--stream-interval",
            Why.ARGUMENT_MALFORMED,
            f"vLLM expects a whole number here {_NO_START}",
            "write the number in digits, as in --stream-interval=1",
        ),
    ),
    "gigabytes in words": (
        setup_of(replace(ENGINE, extra_args=("--cpu-offload-gb", "4GiB"))),
        no(
            f"{EXTRA}[0]",
            "--cpu-offload-gb",
            Why.ARGUMENT_MALFORMED,
            f"vLLM expects a number here {_NO_START}",
            "write the number in digits, as in --cpu-offload-gb=1",
        ),
    ),
    "a policy of no scheduler": (
        setup_of(replace(ENGINE, extra_args=("--scheduling-policy", "fair"))),
        no(
            f"{EXTRA}[0]",
            "--scheduling-policy",
            Why.ARGUMENT_MALFORMED,
            f"vLLM does not know this value {_NO_START}",
            "write one of fcfs, priority",
        ),
    ),
    "a list where an object is expected": (
        setup_of(replace(ENGINE, extra_args=("--kv-transfer-config", "[1]"))),
        no(
            f"{EXTRA}[0]",
            "--kv-transfer-config",
            Why.ARGUMENT_MALFORMED,
            f"vLLM expects a JSON object here {_NO_START}",
            'write one, as in --kv-transfer-config={"key": "value"}',
        ),
    ),
    "a flag whose value is missing": (
        setup_of(replace(ENGINE, extra_args=("--seed", "--enable-log-requests"))),
        no(
            f"{EXTRA}[0]",
            "--seed",
            Why.ARGUMENT_MALFORMED,
            f"vLLM expects a whole number here {_NO_START}",
            "write the number in digits, as in --seed=1",
        ),
    ),
    "gguf is no load format any more": (
        setup_of(replace(ENGINE, extra_args=("--load-format", "auto", "--load-format", "gguf"))),
        no(
            EXTRA,
            "--load-format gguf",
            Why.ARGUMENT_REMOVED,
            "vLLM 0.32 no longer has this value",
            "remove it; auto reads safetensors",
        ),
    ),
    "the builtin hash is gone": (
        setup_of(replace(ENGINE, extra_args=("--prefix-caching-hash-algo=builtin",))),
        no(
            EXTRA,
            "--prefix-caching-hash-algo builtin",
            Why.ARGUMENT_REMOVED,
            "vLLM 0.32 no longer has this value",
            "write sha256_cbor",
        ),
    ),
    "tools are chosen by a parser": (
        setup_of(replace(ENGINE, extra_args=("--enable-auto-tool-choice",))),
        no(
            EXTRA,
            "--enable-auto-tool-choice",
            Why.ARGUMENT_CONFLICTS,
            "it needs the format of this model's tool calls",
            "write spec.engine.tools: {} instead, or add --tool-call-parser with the parser of the model's family",
        ),
    ),
    "contexts are cut no finer than KV heads are repeated": (
        setup_of(replace(ENGINE, extra_args=("-dcp", "4")), on=H100, parallelism=Parallelism(tensor=16)),
        no(
            EXTRA,
            "--decode-context-parallel-size 4",
            Why.ARGUMENT_CONFLICTS,
            "it must divide spec.parallelism.tensor, 16, and be at most 2 for this model",
            "write 2",
        ),
    ),
    "one GPU cuts no context": (
        setup_of(replace(ENGINE, extra_args=("--decode-context-parallel-size=2",)), shape=LATENT),
        no(
            EXTRA,
            "--decode-context-parallel-size 2",
            Why.ARGUMENT_CONFLICTS,
            "it must divide spec.parallelism.tensor, 1, and be at most 1 for this model",
            "remove it",
        ),
    ),
    "no more are active than a batch holds": (
        setup_of(replace(RELEASED, extra_args=("--max-num-active-seqs", "300"))),
        no(
            EXTRA,
            "--max-num-active-seqs 300",
            Why.ARGUMENT_CONFLICTS,
            "a batch holds at most 256 requests",
            "write 256 or less, or raise spec.engine.batching.maxSequences",
        ),
    ),
    "a connector plays a role": (
        setup_of(replace(ENGINE, extra_args=("--kv-transfer-config", '{"kv_connector": "NixlConnector"}'))),
        no(
            EXTRA,
            "--kv-transfer-config",
            Why.ARGUMENT_CONFLICTS,
            "a connector needs kv_role: kv_producer, kv_consumer or kv_both",
            'add "kv_role": "kv_both"',
        ),
    ),
    "a connector plays one role, not a list of them": (
        setup_of(replace(ENGINE, extra_args=("--kv-transfer-config", '{"kv_connector": "x", "kv_role": []}'))),
        no(
            EXTRA,
            "--kv-transfer-config",
            Why.ARGUMENT_CONFLICTS,
            "a connector needs kv_role: kv_producer, kv_consumer or kv_both",
            'add "kv_role": "kv_both"',
        ),
    ),
    "guesses nobody makes are not counted": (
        setup_of(replace(ENGINE, extra_args=("--per-request-spec-decode-metrics", "summary"))),
        no(
            EXTRA,
            "--per-request-spec-decode-metrics",
            Why.ARGUMENT_CONFLICTS,
            "spec.engine.speculation is off",
            "remove it, or set spec.engine.speculation.method",
        ),
    ),
}

CONVERSATIONS: Final = {
    "a parser of tools that the registry lacks": (
        setup_of(replace(RELEASED, tools=Tools(parser="hermess"))),
        no(
            "spec.engine.tools.parser",
            "hermess",
            Why.PARSER_UNKNOWN,
            "vLLM 0.32 has no parser of this name and would fail to start",
            "did you mean hermes?",
        ),
    ),
    "a parser of reasoning that the registry lacks": (
        setup_of(replace(RELEASED, reasoning=Reasoning(parser="deepseek_r2"))),
        no(
            "spec.engine.reasoning.parser",
            "deepseek_r2",
            Why.PARSER_UNKNOWN,
            "vLLM 0.32 has no parser of this name and would fail to start",
            "did you mean deepseek_r1?",
        ),
    ),
    "tools of a family that has no parser": (
        setup_of(replace(RELEASED, tools=Tools()), shape=replace(MIXTURE, family="mixtral", name="Mixtral-8x7B")),
        no(
            "spec.engine.tools.parser",
            "(not written)",
            Why.PARSER_MISSING,
            "there is no default for models of family mixtral",
            "write the parser that the model's card names, for instance hermes, or remove spec.engine.tools",
        ),
    ),
    "reasoning of a model that nobody knows": (
        setup_of(replace(RELEASED, reasoning=Reasoning()), shape=None),
        no(
            "spec.engine.reasoning.parser",
            "(not written)",
            Why.PARSER_MISSING,
            "there is no default for this model, which the catalogue does not know",
            "write the parser that the model's card names, for instance deepseek_r1, or remove spec.engine.reasoning",
        ),
    ),
    "a flag beside the field that has come to own it": (
        setup_of(replace(RELEASED, tools=Tools(), extra_args=("--enable-auto-tool-choice",))),
        no(
            "spec.engine.extraArgs[0]",
            "--enable-auto-tool-choice",
            Why.ARGUMENT_OWNED,
            "spec.engine.tools owns this flag",
            "set spec.engine.tools instead",
        ),
    ),
    "a flag that the release does not know": (
        setup_of(replace(RELEASED, extra_args=("--seed", "1", "--sead", "2"))),
        no(
            "spec.engine.extraArgs[2]",
            "--sead",
            Why.ARGUMENT_UNKNOWN,
            'vLLM 0.32 has no such flag and would fail to start with "unrecognized arguments"',
            "did you mean --seed?",
        ),
    ),
}
"""Settings of tools and reasoning, and unknown flags, in the release that the tables were read from."""
