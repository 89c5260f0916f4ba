"""Which engines exist, the interface they share, and the error for an unknown one."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines import catalogue
from fairlead.engines.catalogue import ENGINES, describe
from fairlead.engines.reasons import EngineReason
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_launch import EnvVar
from fairlead.fleet.engine_load import EngineLoad
from fairlead.fleet.findings import SpecRefusal
from tests.engines.setups import ENGINE, H100, VOLUME, WITH_DRAFT, setup_of

SGLANG: Final = replace(ENGINE, kind=EngineKind.SIMULATED_SGLANG, version="0.5.23", image="fairlead:1")
TENSORRT: Final = replace(ENGINE, kind=EngineKind.SIMULATED_TENSORRT_LLM, version="1.4.0rc1", image="fairlead:1")
TENSORRT_KINDS: Final = (EngineKind.TENSORRT_LLM, EngineKind.SIMULATED_TENSORRT_LLM)
REAL: Final = {
    EngineKind.SIMULATED: EngineKind.VLLM,
    EngineKind.SIMULATED_SGLANG: EngineKind.SGLANG,
    EngineKind.SIMULATED_TENSORRT_LLM: EngineKind.TENSORRT_LLM,
}


def test_the_simulated_engine_gets_the_real_ones_command_and_needs_no_weights() -> None:
    setup = setup_of(replace(ENGINE, speculation=replace(WITH_DRAFT, draft=VOLUME), extra_env=(("A", "b"),)))
    real, simulated = (
        engine.launch(setup, LifecycleParameters()) for engine in (VllmEngine(), ENGINES[EngineKind.SIMULATED])
    )

    assert simulated == replace(
        real,
        command=("fairlead", "engine", "--product", "NVIDIA-L4", "--gpus", "1", "--", *real.command),
        check=("fairlead", "engine", "--check", "--product", "NVIDIA-L4", "--gpus", "1", "--", *real.command),
        environment=(EnvVar(name="A", value="b"),),
        mounts=(),
        cache_path=None,
        shared_memory_bytes=0,
        user=65532,
        keeps_entrypoint=True,
    )


def test_the_simulated_sglang_gets_the_real_ones_command_and_none_of_its_caches() -> None:
    setup = setup_of(replace(SGLANG, extra_env=(("A", "b"),)))
    description, simulated = (ENGINES[kind] for kind in (EngineKind.SGLANG, EngineKind.SIMULATED_SGLANG))
    launched, wanted = (engine.launch(setup, LifecycleParameters()) for engine in (simulated, description))

    assert launched.command == ("fairlead", "engine", "--product", "NVIDIA-L4", "--gpus", "1", "--", *wanted.command)
    assert launched.command[7:9] == ("sglang", "serve")
    assert launched.environment == (EnvVar(name="A", value="b"),)
    assert (launched.probes, launched.shutdown, launched.ports) == (wanted.probes, wanted.shutdown, wanted.ports)
    assert simulated.memory("") is description.memory("")
    assert simulated.memory_settings(setup) == description.memory_settings(setup)
    assert (simulated.api, simulated.failures, simulated.names) == (
        description.api,
        description.failures,
        description.names,
    )


@pytest.mark.parametrize("flag", ["--kv-events-config", "--enable-lmcache", "--stream-interval"])
def test_what_the_simulated_sglang_does_not_do_is_refused_by_name(flag: str) -> None:
    setup = setup_of(replace(SGLANG, extra_args=(flag, "1")), on=H100)

    assert ENGINES[EngineKind.SGLANG].refusals(setup) == ()
    (refusal,) = ENGINES[EngineKind.SIMULATED_SGLANG].refusals(setup)
    assert (refusal.field, refusal.value, refusal.reason) == (
        "spec.engine.extraArgs[0]",
        flag,
        EngineReason.NOT_YET_IN_ENGINE,
    )
    assert refusal.remedy == "leave it out, or write engine.kind: SGLang"


def test_the_simulated_tensorrt_llm_gets_the_real_ones_command_and_its_file() -> None:
    setup = setup_of(replace(TENSORRT, extra_env=(("A", "b"),)))
    description, simulated = (ENGINES[kind] for kind in (EngineKind.TENSORRT_LLM, EngineKind.SIMULATED_TENSORRT_LLM))
    launched, wanted = (engine.launch(setup, LifecycleParameters()) for engine in (simulated, description))

    assert launched.command == ("fairlead", "engine", "--product", "NVIDIA-L4", "--gpus", "1", "--", *wanted.command)
    assert launched.command[7] == "trtllm-serve"
    assert (launched.options, launched.environment) == (wanted.options, (EnvVar(name="A", value="b"),))
    assert (launched.probes, launched.shutdown, launched.ports) == (wanted.probes, wanted.shutdown, wanted.ports)
    assert simulated.memory("") is description.memory("")
    assert (simulated.api, simulated.failures, simulated.names) == (
        description.api,
        description.failures,
        description.names,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--set", "scheduler_config.x=1"),
        ("--enable_attention_dp",),
        ("--generation-config", "none"),
        ("--otlp_traces_endpoint", "x"),
    ],
)
def test_what_the_simulated_tensorrt_llm_does_not_do_is_refused_by_name(words: tuple[str, ...]) -> None:
    flag, setup = words[0], setup_of(replace(TENSORRT, extra_args=words), on=H100)

    assert ENGINES[EngineKind.TENSORRT_LLM].refusals(setup) == ()
    (refusal,) = ENGINES[EngineKind.SIMULATED_TENSORRT_LLM].refusals(setup)
    assert (refusal.field, refusal.value) == ("spec.engine.extraArgs[0]", flag.replace("_", "-"))
    assert (refusal.reason, refusal.remedy) == (
        EngineReason.NOT_YET_IN_ENGINE,
        "leave it out, or write engine.kind: TensorRT-LLM",
    )


@pytest.mark.parametrize(("kind", "like"), REAL.items())
def test_what_its_real_kind_is_refused_and_warned_of_is_the_emulators_too(kind: EngineKind, like: EngineKind) -> None:
    setup = setup_of(replace(SGLANG, kind=kind, extra_args=("--port", "1")), on=H100)

    assert ENGINES[kind].refusals(setup) == ENGINES[like].refusals(setup) != ()
    assert ENGINES[kind].warnings(setup) == ENGINES[like].warnings(setup)


def test_each_engine_reads_its_own_metrics() -> None:
    pages = {
        **dict.fromkeys((EngineKind.SGLANG, EngineKind.SIMULATED_SGLANG), "sglang:num_running_reqs 1\n"),
        **dict.fromkeys(TENSORRT_KINDS, "trtllm_num_requests_running 1\n"),
    }
    for kind, engine in ENGINES.items():
        assert engine.kind is kind
        page = pages.get(kind, "vllm:num_requests_running 1\n")
        late = kind in TENSORRT_KINDS
        assert engine.load(page) == EngineLoad(engines=1, running=1.0, moves_at_ends=late)
        assert engine.reader().read(page.encode()) == engine.load(page)


@pytest.mark.parametrize("kind", EngineKind)
def test_a_kind_is_recognized_by_the_command_that_starts_it(kind: EngineKind) -> None:
    """An image of Fairlead is started by its own entrypoint, which is not among a container's words."""
    launch = ENGINES[kind].launch(setup_of(replace(ENGINE, kind=kind)), LifecycleParameters())
    words = launch.command[1:] if launch.keeps_entrypoint else launch.command

    assert catalogue.kind_of(list(words)) is kind


@pytest.mark.parametrize(
    "words", [[], ["newer", "serve"], ["engine", "--product", "NVIDIA-L4"], ["engine", "--"], ["engine", "--", "newer"]]
)
def test_other_words_start_no_kind_that_is_known_here(words: list[str]) -> None:
    assert catalogue.kind_of(words) is None


def test_an_engine_is_described_by_its_name() -> None:
    assert describe("vLLM") is ENGINES[EngineKind.VLLM]
    assert describe("SGLang") is ENGINES[EngineKind.SGLANG]
    assert describe("TensorRT-LLM") is ENGINES[EngineKind.TENSORRT_LLM]
    assert describe(EngineKind.SIMULATED) is ENGINES[EngineKind.SIMULATED]


def test_a_kind_that_the_schema_has_before_its_engine_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {kind: one for kind, one in ENGINES.items() if kind is not EngineKind.TENSORRT_LLM}
    monkeypatch.setattr(catalogue, "ENGINES", others)

    assert describe("TensorRT-LLM") == SpecRefusal(
        field="spec.engine.kind",
        value="TensorRT-LLM",
        reason=EngineReason.ENGINE_NOT_SUPPORTED,
        because="this release of Fairlead cannot start TensorRT-LLM yet",
        remedy="write vLLM, or Simulated to try without a GPU",
    )


def test_an_unknown_engine_is_refused_with_a_list_of_those_available() -> None:
    assert describe("vllm") == SpecRefusal(
        field="spec.engine.kind",
        value="vllm",
        reason=EngineReason.UNKNOWN_ENGINE,
        because="there are vLLM, SGLang, TensorRT-LLM, Simulated, Simulated-SGLang, Simulated-TensorRT-LLM",
        remedy="write vLLM",
    )
