"""From a setup to SGLang's command, environment, probes and seconds."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang import flags, parsers, preflight, release
from fairlead.engines.sglang.field_flags import FIELDS
from fairlead.engines.sglang.parser_flags import LONG
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import (
    Adapter,
    EnvFrom,
    ModelSource,
    Parallelism,
    SecretKey,
    SourceScheme,
    SpeculationMethod,
)
from fairlead.fleet.engine_launch import (
    ConfigMapFile,
    EngineLaunch,
    EnginePort,
    EngineProbes,
    EngineShutdown,
    EnvVar,
    HttpProbe,
    WeightMount,
)
from fairlead.fleet.engine_memory import MemorySettings
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import H100, LATENT, LLAMA, MTP, NGRAM, VOLUME, WITH_DRAFT, setup_of, stored
from tests.engines.sglang.inputs import ENGINE, RELEASED, SGLANG, adapter, setup_with

PACE: Final = LifecycleParameters(
    weight_bytes=16_000_000_000, bytes_per_second=200e6, pre_stop_seconds=12, drain_seconds=90
)
START: Final = [
    *("sglang", "serve", "meta-llama/Llama-3.1-8B-Instruct"),
    *("--host", "0.0.0.0", "--port", "30000"),  # noqa: S104 - as in the command
    *("--enable-metrics", "--enable-cache-report", "--decode-log-interval", "10", "--bucket-time-to-first-token"),
    *("0.001", "0.005", "0.01", "0.02", "0.04", "0.06", "0.08", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0"),
    *("7.5", "10.0", "20.0", "40.0", "80.0", "160.0", "640.0", "2560.0"),
    *("--served-model-name", "chat", "--revision", "0e9e39f249a16976918f6564b8830bc8"),
]
EVERYTHING: Final = setup_of(
    replace(
        ENGINE,
        dtype=Dtype.FLOAT16,
        weights=WeightFormat.FP8,
        kv=KvFormat.FP8,
        prefix_caching=False,
        host_memory_bytes=72 << 30,
        speculation=replace(WITH_DRAFT, method=SpeculationMethod.EAGLE3),
        max_sequences=128,
        max_batched_tokens=4096,
        max_queued_requests=22,
        max_context_tokens=16384,
        memory_utilization=0.8,
        adapters=(
            Adapter(name="de", source=ModelSource(scheme=SourceScheme.HUB, location="org/de"), rank=24),
            Adapter(name="fr", source=VOLUME, rank=8),
        ),
        tools=Tools(),
        reasoning=Reasoning(parser="deepseek-r1"),
        chat_template=ConfigMapKey(name="templates", key="llama"),
        eager=True,
        trust_remote_code=True,
        extra_args=("--random-seed", "7"),
    ),
    parallelism=Parallelism(tensor=2, pipeline=3, data=4),
    on=H100,
)


def launch(setup: EngineSetup, lifecycle: LifecycleParameters = PACE) -> EngineLaunch:
    return SGLANG.launch(setup, lifecycle)


def options(setup: EngineSetup) -> tuple[str, ...]:
    """The command after the part that every command begins with."""
    return launch(setup).command[len(START) :]


def test_a_plain_setup_is_a_short_command() -> None:
    assert launch(setup_with()).command == tuple(START)


def test_every_typed_field_says_its_flags() -> None:
    assert options(EVERYTHING) == (
        *("--dtype", "float16", "--quantization", "fp8", "--kv-cache-dtype", "fp8_e4m3", "--disable-radix-cache"),
        *("--enable-hierarchical-cache", "--hicache-size", "3"),
        *("--speculative-algorithm", "EAGLE3", "--speculative-draft-model-path", "meta-llama/Llama-3.2-1B"),
        *("--speculative-draft-model-revision", "4e20de36", "--speculative-num-steps", "5"),
        *("--speculative-eagle-topk", "1", "--speculative-num-draft-tokens", "6"),
        *("--max-running-requests", "128", "--chunked-prefill-size", "4096", "--max-queued-requests", "6"),
        *("--context-length", "16384", "--mem-fraction-static", "0.8"),
        *("--disable-decode-cuda-graph", "--disable-prefill-cuda-graph", "--trust-remote-code"),
        *("--enable-lora", "--max-loras-per-batch", "3", "--max-lora-rank", "24"),
        *("--lora-paths", "de=org/de", "fr=/models/adapters/fr"),
        *("--tool-call-parser", "llama3", "--reasoning-parser", "deepseek-r1"),
        *("--chat-template", "/etc/fairlead/chat-template/template.jinja"),
        *("--tp-size", "2", "--pp-size", "3", "--dp-size", "4"),
        *("--random-seed", "7"),
    )


def test_the_cap_on_waiting_requests_is_divided_over_all_schedulers_of_a_replica() -> None:
    """Each rank of attention has a scheduler with a queue of its own, as each copy has."""

    def capped(*arguments: str, **spread: int) -> tuple[str, ...]:
        engine = replace(ENGINE, extra_args=arguments, max_queued_requests=8)
        written = options(setup_of(engine, parallelism=Parallelism(**spread), on=H100))
        return written[: len(written) - len(arguments)][:2]

    assert capped() == ("--max-queued-requests", "8")
    assert capped(data=4) == ("--max-queued-requests", "2")
    assert capped("--attn-dp-size", "4", tensor=4) == ("--max-queued-requests", "2")
    assert capped("--attn-dp=4", tensor=4) == ("--max-queued-requests", "2")
    assert capped("--attn-dp-size=3", tensor=4) == ("--max-queued-requests", "8"), "which is refused"


def test_an_abbreviated_flag_counts_in_the_fit() -> None:
    def settings(*arguments: str) -> MemorySettings:
        return SGLANG.memory_settings(
            setup_of(replace(ENGINE, extra_args=arguments), parallelism=Parallelism(tensor=2), on=H100)
        )

    assert settings("--attn-dp", "2", "--ep-s=2") == settings("--attn-dp-size", "2", "--ep-size=2")
    assert settings("--attn-dp", "2", "--ep-s=2") == MemorySettings(expert_parallel=True, attention_ranks=2)
    assert settings("--attn-dp-size=-2").attention_ranks == 1, "which is refused"
    assert settings("--at", "2", "--Random", "x").attention_ranks == 1, "it may mean several flags"


def test_no_field_says_a_flag_of_another_and_every_flag_is_one_of_sglang() -> None:
    for row in FIELDS:
        names = {word for word in row.write(EVERYTHING) if word.startswith("--")}
        assert names or row.field == "spec.model.source", row.field
        assert names <= set(row.flags)
    every = [flag for row in FIELDS for flag in row.flags]
    assert len(set(every)) == len(every)
    reserved = [flag for names, _, _ in flags.RESERVED for flag in names]
    assert {flag.removeprefix("--") for flag in (*every, *reserved)} <= LONG
    assert not set(every) & set(reserved)


def test_ngram_drafts_in_a_chain_and_counts_the_models_own_token() -> None:
    assert options(setup_with(speculation=NGRAM)) == (
        *("--speculative-algorithm", "NGRAM", "--speculative-num-draft-tokens", "4"),
        *("--speculative-ngram-max-bfs-breadth", "1"),
    )


def test_layers_of_the_models_own_are_in_its_own_checkpoint_and_have_numbers_of_their_own() -> None:
    mtp = replace(ENGINE, speculation=MTP)
    assert options(setup_of(mtp, shape=LATENT, on=H100)) == (
        *("--speculative-algorithm", "NEXTN", "--speculative-draft-model-path", "meta-llama/Llama-3.1-8B-Instruct"),
        *("--speculative-draft-model-revision", "0e9e39f249a16976918f6564b8830bc8"),
    )
    drafted = setup_of(replace(ENGINE, speculation=replace(MTP, tokens=2, draft=VOLUME)), shape=LATENT, source=VOLUME)
    assert launch(drafted).command[-10:] == (
        *("--speculative-algorithm", "NEXTN", "--speculative-draft-model-path", "/models/draft"),
        *("--speculative-num-steps", "2", "--speculative-eagle-topk", "1", "--speculative-num-draft-tokens", "3"),
    )
    assert launch(drafted).mounts == (
        WeightMount(source=VOLUME, path="/models/model"),
        WeightMount(source=VOLUME, path="/models/draft"),
    )


def test_a_checkpoint_states_its_own_format_and_only_that_of_an_unknown_one_is_passed() -> None:
    awq = replace(ENGINE, weights=WeightFormat.AWQ)
    assert options(setup_of(awq, shape=stored(LLAMA, WeightFormat.AWQ))) == ()
    assert options(setup_of(awq, shape=None)) == ("--quantization", "awq_marlin")


def test_a_template_by_path_is_opened_where_it_lies_and_one_of_a_config_map_is_a_file() -> None:
    assert options(setup_with(chat_template="/t/chat.jinja")) == ("--chat-template", "/t/chat.jinja")
    key = ConfigMapKey(name="templates", key="llama")
    assert launch(setup_with(chat_template=key)).files == (
        ConfigMapFile(source=key, folder="/etc/fairlead/chat-template", name="template.jinja"),
    )
    assert launch(setup_with()).files == ()


def test_the_environment_sets_caches_secrets_by_name_and_no_hub_without_need() -> None:
    token, region = SecretKey(name="hf", key="token"), EnvFrom(name="REGION", object_name="site", key="region")
    setup = setup_with(extra_env=(("SGLANG_LOG_MS", "1"),), env_from=(region,))
    secret = replace(setup, revision=replace(setup.revision, model=replace(setup.revision.model, token_secret=token)))
    caches = (
        EnvVar(name="HF_HOME", value="/cache/huggingface"),
        EnvVar(name="SGLANG_CACHE_DIR", value="/cache/sglang"),
        EnvVar(name="TRITON_CACHE_DIR", value="/cache/triton"),
        EnvVar(name="TORCHINDUCTOR_CACHE_DIR", value="/cache/torchinductor"),
        EnvVar(name="FLASHINFER_WORKSPACE_BASE", value="/cache/flashinfer"),
    )
    users = (EnvVar(name="REGION", value=region), EnvVar(name="SGLANG_LOG_MS", value="1"))
    assert launch(secret).environment == (*caches, EnvVar(name="HF_TOKEN", value=token), *users)
    assert launch(setup).environment == (*caches, *users)
    assert launch(setup_of(ENGINE, source=VOLUME)).environment == (*caches, EnvVar(name="HF_HUB_OFFLINE", value="1"))


def test_our_own_variables_are_refused_from_users() -> None:
    for one in launch(setup_of(ENGINE, source=VOLUME)).environment:
        (found,) = SGLANG.refusals(setup_with(extra_env=((one.name, "x"),)))
        assert found.value == one.name


def test_probes_ports_and_seconds_of_a_model_of_sixteen_gigabytes() -> None:
    found = launch(setup_with())

    assert found.ports == (EnginePort(name="http", number=30000),)
    assert found.probes == EngineProbes(
        startup=HttpProbe(path="/ready", port="http", period_seconds=2, timeout_seconds=2, failures=470),
        readiness=HttpProbe(path="/ready", port="http", period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path="/health", port="http", period_seconds=30, timeout_seconds=25, failures=4),
    )
    assert found.probes.startup.allowed_seconds == 180 + 600 + 2 * 80
    assert found.probes.liveness.timeout_seconds > 20, "SGLang itself gives up after 20 s"
    assert found.shutdown == EngineShutdown(pre_stop_seconds=12, drain_seconds=90, rest_seconds=30)
    assert (found.cache_path, found.shared_memory_bytes, found.user) == ("/cache", 1 << 30, 65532)
    assert launch(setup_with(eager=True), LifecycleParameters()).probes.startup.allowed_seconds == 180 + 300 + 1800


def test_the_check_gives_the_parser_the_same_arguments_as_the_command() -> None:
    found = launch(setup_with())

    assert found.check[:3] == ("python3", "-c", preflight.PROGRAM)
    assert found.check[3:] == found.command[2:]
    compile(preflight.PROGRAM, "check", "exec")


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        (RELEASED.image, True),
        ("lmsysorg/sglang:v0.5.23", True),
        ("lmsysorg/sglang:v0.5.23.post1-cu130", True),
        ("lmsysorg/sglang:v0.5.2", False),
        ("lmsysorg/sglang:latest", False),
        ("lmsysorg/sglang-plus:v0.5.23", False),
    ],
)
def test_only_the_projects_own_image_of_this_release_holds_nothing_else(image: str, whole: bool) -> None:
    assert release.is_whole(replace(ENGINE, image=image)) is whole


def test_every_familys_parser_is_in_the_registry() -> None:
    assert {row.parser for row in parsers.OF_TOOLS} <= set(parsers.TOOLS)
    assert {row.parser for row in parsers.OF_REASONING} <= set(parsers.REASONING)


def test_adapters_beyond_the_slots_wait_in_memory() -> None:
    many = tuple(one for index in range(20) for one in adapter(f"a{index}", rank=index + 1))

    command = options(setup_with(adapters=many))

    assert command[: command.index("--lora-paths")] == (
        *("--enable-lora", "--max-loras-per-batch", "9", "--max-lora-rank", "20"),
    )
