"""Values that end the start of vLLM 0.32 by themselves: its parser's words, or a configuration that every model has."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.findings import SpecRefusal
from tests.engines.refused import no
from tests.engines.setups import LATENT, RELEASED, setup_of

EXTRA: Final = "spec.engine.extraArgs"
_ENDS: Final = "and would not start"

Rows = dict[str, tuple[EngineSetup, tuple[SpecRefusal, ...]]]


def given(*words: str) -> EngineSetup:
    return setup_of(replace(RELEASED, extra_args=words))


def malformed(flag: str, because: str, remedy: str, place: int = 0) -> tuple[SpecRefusal, ...]:
    return no(f"{EXTRA}[{place}]", flag, Why.ARGUMENT_MALFORMED, f"vLLM 0.32 {because} {_ENDS}", remedy)


def _switch(flag: str, place: int = 0) -> tuple[SpecRefusal, ...]:
    return malformed(flag, "takes no value here", f"write {flag} alone, or remove it", place)


VALUES: Final[Rows] = {
    "a switch with a value": (given("--enable-log-requests=true"), _switch("--enable-log-requests")),
    "a switch with a word after it": (
        given("--seed", "1", "--enable-prompt-tokens-details", "true"),
        _switch("--enable-prompt-tokens-details", 2),
    ),
    "a switch switched off with a value": (given("--no-async-scheduling=1"), _switch("--no-async-scheduling")),
    "a short switch with a value": (
        setup_of(replace(RELEASED, extra_args=("-ep=true",)), shape=LATENT),
        _switch("-ep"),
    ),
    "a flag without its value": (
        given("--tokenizer"),
        malformed("--tokenizer", "expects a value here", "write one, as in --tokenizer=VALUE"),
    ),
    "two values where one is taken": (
        given("--tokenizer", "a", "b"),
        malformed("--tokenizer", "takes one value here", "remove the words after it"),
    ),
    "a word after a value with an equals sign": (
        given("--ignore-patterns=a", "b"),
        malformed("--ignore-patterns", "takes one value here", "remove the words after it"),
    ),
    "a choice with a near one": (
        given("--uvicorn-log-level=warn"),
        malformed("--uvicorn-log-level", "does not know this value", "did you mean warning?"),
    ),
    "a choice like no other": (
        given("--lora-dtype", "int3"),
        malformed("--lora-dtype", "does not know this value", "write one of auto, bfloat16, float16"),
    ),
    "a choice like no other of many": (
        given("--all2all-backend=zzz"),
        malformed(
            "--all2all-backend",
            "does not know this value",
            "write one of allgather_reducescatter, deepep_high_throughput, deepep_low_latency, deepep_v2, "
            "flashinfer_all2allv, flashinfer_nvlink_one_sided, flashinfer_nvlink_two_sided, moonep "
            "or another that `vllm serve --help` lists",
        ),
    ),
    "a configuration that is no JSON": (
        given("--compilation-config={bad"),
        malformed(
            "--compilation-config",
            "expects a JSON object here",
            'write one, as in --compilation-config={"key": "value"}',
        ),
    ),
    "a configuration that is a list": (
        given("--compilation-config=[1]"),
        malformed(
            "--compilation-config",
            "expects a JSON object here",
            'write one, as in --compilation-config={"key": "value"}',
        ),
    ),
    "origins that are no JSON": (
        given("--allowed-origins=*"),
        malformed("--allowed-origins", "expects JSON here", 'write one, as in --allowed-origins={"key": "value"}'),
    ),
    "half an object where text would do": (
        given("--hf-overrides={bad}"),
        malformed(
            "--hf-overrides", "expects text or a JSON object here", 'write one, as in --hf-overrides={"key": "value"}'
        ),
    ),
    "an amount with a unit of its own": (
        given("--kv-cache-memory-bytes=10GB"),
        malformed(
            "--kv-cache-memory-bytes",
            "expects a whole number here, which may end in k, m or g,",
            "write one, as in --kv-cache-memory-bytes=8k",
        ),
    ),
    "a fraction of a binary unit": (
        given("--max-num-queued-tokens", "2.5K"),
        malformed(
            "--max-num-queued-tokens",
            "expects a whole number here, which may end in k, m or g,",
            "write one, as in --max-num-queued-tokens=8k",
        ),
    ),
    "none where a number must be": (
        given("--stream-interval", "None"),
        malformed("--stream-interval", "expects a whole number here", "write one, as in --stream-interval=1"),
    ),
    "no step for a token": (
        given("--stream-interval=0"),
        malformed("--stream-interval", "expects a number >= 1 here", "write one in that range, or remove it"),
    ),
    "all blocks kept free": (
        given("--watermark=1"),
        malformed("--watermark", "expects a number >= 0 and < 1 here", "write one in that range, or remove it"),
    ),
    "no room for a queued token": (
        given("--max-num-scheduled-tokens=0k"),
        malformed("--max-num-scheduled-tokens", "expects a number >= 1 here", "write one in that range, or remove it"),
    ),
}
