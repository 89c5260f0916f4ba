"""From a setup to a command, mounts, probes and seconds."""

import json
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.engines.vllm.field_flags import FIELDS
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import (
    Adapter,
    ModelSource,
    Parallelism,
    SourceScheme,
    SpeculationMethod,
)
from fairlead.fleet.engine_launch import (
    EngineLaunch,
    EnginePort,
    EngineProbes,
    EngineShutdown,
    EnvVar,
    HttpProbe,
    WeightMount,
)
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import ENGINE, LATENT, LLAMA, NGRAM, SLOTS, VOLUME, WITH_DRAFT, setup_of

PACE: Final = LifecycleParameters(
    weight_bytes=16_000_000_000, bytes_per_second=200e6, pre_stop_seconds=12, drain_seconds=90
)
START: Final = [
    "vllm",
    "serve",
    "meta-llama/Llama-3.1-8B-Instruct",
    "--host",
    "0.0.0.0",  # noqa: S104 - as in the command
    "--port",
    "8000",
    "--api-server-count",
    "1",
    "--shutdown-timeout",
    "90",
    "--served-model-name",
    "chat",
    "--revision",
    "0e9e39f249a16976918f6564b8830bc8",
]

EVERYTHING: Final = setup_of(
    replace(
        ENGINE,
        dtype=Dtype.FLOAT16,
        weights=WeightFormat.FP8_PER_TENSOR,
        kv=KvFormat.FP8_E4M3,
        prefix_caching=False,
        host_memory_bytes=72 << 30,
        speculation=replace(WITH_DRAFT, max_concurrency=48),
        sleeps=True,
        max_sequences=128,
        max_batched_tokens=4096,
        cuda_graph_tokens=8,
        max_queued_requests=20,
        max_context_tokens=16384,
        memory_utilization=0.9,
        adapters=(
            Adapter(name="de", source=ModelSource(scheme=SourceScheme.HUB, location="org/de"), rank=24),
            Adapter(name="fr", source=VOLUME, rank=8),
        ),
        tools=Tools(),
        reasoning=Reasoning(parser="deepseek_r1"),
        chat_template=ConfigMapKey(name="templates", key="llama"),
        eager=True,
        trust_remote_code=True,
        extra_args=("--seed", "7"),
    ),
    parallelism=Parallelism(tensor=2, pipeline=3, data=4),
)


def launch(setup: EngineSetup | None = None, lifecycle: LifecycleParameters = PACE) -> EngineLaunch:
    return VllmEngine().launch(setup_of() if setup is None else setup, lifecycle)


def test_a_plain_wish_is_a_short_command() -> None:
    assert launch().command == (*START, "--enable-prefix-caching")


def test_a_lengthened_rope_is_given_the_context_that_the_model_was_made_for() -> None:
    """vLLM took Phi-3's 4,096 tokens of before; routers sent it prompts of up to 131,072, as the fit had room for."""
    phi = replace(LLAMA, positions=131072, original_positions=4096)
    plain, short = setup_of(shape=phi), setup_of(replace(ENGINE, max_context_tokens=8192), shape=phi)
    assert launch(plain).command == (*START, "--enable-prefix-caching", "--max-model-len", "131072")
    assert launch(short).command == (*START, "--enable-prefix-caching", "--max-model-len", "8192")


def test_every_typed_field_says_its_flags() -> None:
    draft = {
        "method": "draft_model",
        "model": "meta-llama/Llama-3.2-1B",
        "revision": "4e20de36",
        "num_speculative_tokens": 5,
        "num_speculative_tokens_per_batch_size": [[1, 48, 5], [49, 49, 0]],
    }
    assert launch(EVERYTHING).command == (
        *START,
        *("--dtype", "float16", "--quantization", "fp8_per_tensor", "--kv-cache-dtype", "fp8_e4m3"),
        "--no-enable-prefix-caching",
        *("--kv-offloading-size", "18", "--kv-offloading-backend", "native"),
        *("--speculative-config", json.dumps(draft, separators=(",", ":"))),
        "--enable-sleep-mode",
        *("--max-num-seqs", "128", "--max-num-batched-tokens", "4096"),
        *("--cudagraph-capture-sizes", "1", "2", "4", "8"),
        *("--max-num-queued-reqs", str(20 + 128 * 4)),
        *("--max-model-len", "16384", "--gpu-memory-utilization", "0.9", "--enforce-eager", "--trust-remote-code"),
        *("--enable-lora", "--max-loras", "2", "--max-cpu-loras", "2", "--max-lora-rank", "32"),
        *("--lora-modules", "de=org/de", "fr=/models/adapters/fr"),
        *("--enable-auto-tool-choice", "--tool-call-parser", "llama3_json"),
        *("--reasoning-parser", "deepseek_r1"),
        *("--chat-template", "/etc/fairlead/chat-template/template.jinja"),
        *("--tensor-parallel-size", "2", "--pipeline-parallel-size", "3", "--data-parallel-size", "4"),
        *("--seed", "7"),
    )


def test_an_engine_that_may_sleep_opens_the_endpoints_for_it_and_no_other_does() -> None:
    assert EnvVar(name="VLLM_SERVER_DEV_MODE", value="1") in launch(EVERYTHING).environment
    assert "VLLM_SERVER_DEV_MODE" not in {one.name for one in launch().environment}


def test_no_field_says_a_flag_of_another_and_none_is_forgotten() -> None:
    for row in FIELDS:
        names = {word.replace("--no-", "--") for word in row.write(EVERYTHING) if word.startswith("--")}
        assert names or row.field == "spec.model.source", row.field
        assert names <= set(row.flags)
    every = [flag for row in FIELDS for flag in row.flags]
    assert len(set(every)) == len(every)


def test_ngram_states_the_lengths_that_it_matches() -> None:
    command = launch(setup_of(replace(ENGINE, speculation=replace(NGRAM, lookup_min=2, lookup_max=4)))).command

    config = json.loads(command[command.index("--speculative-config") + 1])
    assert config == {
        "method": "ngram_gpu",
        "num_speculative_tokens": 3,
        "prompt_lookup_min": 2,
        "prompt_lookup_max": 4,
    }


def test_mtp_layers_draft_one_token_each_and_the_number_is_always_stated() -> None:
    mtp = replace(NGRAM, method=SpeculationMethod.MTP, tokens=0)
    unknown = launch(setup_of(replace(ENGINE, speculation=mtp), shape=None)).command
    command = launch(setup_of(replace(ENGINE, speculation=mtp), shape=LATENT)).command
    assert unknown[unknown.index("--speculative-config") + 1] == '{"method":"mtp","num_speculative_tokens":1}'
    assert command[command.index("--speculative-config") + 1] == '{"method":"mtp","num_speculative_tokens":2}'


PLACES: Final = {
    "hf://org/model": (SourceScheme.HUB, "org/model", "org/model", False),
    "s3://bucket/model": (SourceScheme.S3, "bucket/model", "s3://bucket/model", False),
    "oci://registry/model:1": (SourceScheme.OCI, "registry/model:1", "/models/model", True),
    "pvc://claim/model": (SourceScheme.CLAIM, "claim/model", "/models/model", True),
    "/models/inside": (SourceScheme.PATH, "/models/inside", "/models/inside", False),
}


@pytest.mark.parametrize("written", PLACES)
def test_a_model_is_opened_where_it_lies_in_the_pod(written: str) -> None:
    scheme, location, opened, mounted = PLACES[written]
    source = ModelSource(scheme=scheme, location=location)
    engine_launch = launch(setup_of(source=source))

    assert engine_launch.command[:3] == ("vllm", "serve", opened)
    assert engine_launch.mounts == ((WeightMount(source=source, path="/models/model"),) if mounted else ())
    offline = EnvVar(name="HF_HUB_OFFLINE", value="1") in engine_launch.environment
    assert offline is (scheme is not SourceScheme.HUB)


def test_a_draft_from_the_hub_keeps_the_hub_in_reach_of_a_model_on_a_volume() -> None:
    engine_launch = launch(setup_of(replace(ENGINE, speculation=WITH_DRAFT), source=VOLUME))

    assert EnvVar(name="HF_HUB_OFFLINE", value="1") not in engine_launch.environment


def test_a_draft_model_that_is_switched_off_is_not_mounted() -> None:
    off = replace(WITH_DRAFT, method=SpeculationMethod.OFF, draft=VOLUME)

    assert launch(setup_of(replace(ENGINE, speculation=off))).mounts == ()


def test_a_draft_on_a_volume_is_mounted_beside_the_model() -> None:
    engine_launch = launch(setup_of(replace(ENGINE, speculation=replace(WITH_DRAFT, draft=VOLUME)), source=VOLUME))

    assert engine_launch.mounts == (
        WeightMount(source=VOLUME, path="/models/model"),
        WeightMount(source=VOLUME, path="/models/draft"),
    )
    assert '"model":"/models/draft"' in engine_launch.command[-2] + engine_launch.command[-1]


def test_probes_ports_and_seconds_of_a_model_of_sixteen_gigabytes() -> None:
    engine_launch = launch()

    assert engine_launch.ports == (EnginePort(name="http", number=8000),)
    assert engine_launch.probes == EngineProbes(
        startup=HttpProbe(path="/health", port="http", period_seconds=2, timeout_seconds=2, failures=290),
        readiness=HttpProbe(path="/health", port="http", period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path="/health", port="http", period_seconds=15, timeout_seconds=10, failures=8),
    )
    assert engine_launch.probes.startup.allowed_seconds == 120 + 300 + 2 * 80
    assert engine_launch.shutdown == EngineShutdown(pre_stop_seconds=12, drain_seconds=90, rest_seconds=20)
    assert engine_launch.shutdown.grace_seconds == 122
    assert (engine_launch.cache_path, engine_launch.shared_memory_bytes) == ("/cache", 1 << 30)


def test_an_eager_engine_of_unknown_size_waits_for_weights_and_not_for_graphs() -> None:
    engine_launch = launch(setup_of(replace(ENGINE, eager=True)), LifecycleParameters())

    assert engine_launch.probes.startup.allowed_seconds == 120 + 1800


@given(
    weight_bytes=st.none() | st.integers(0, 2 * 10**12),
    speed=st.floats(1e6, 1e11),
    pre_stop=st.integers(0, 600),
    drain=st.integers(0, 3600),
)
def test_the_kernel_never_ends_a_drain_and_a_start_is_never_given_up_before_its_weights_are_read(
    weight_bytes: int | None, speed: float, pre_stop: int, drain: int
) -> None:
    lifecycle = LifecycleParameters(
        weight_bytes=weight_bytes, bytes_per_second=speed, pre_stop_seconds=pre_stop, drain_seconds=drain
    )
    engine_launch = launch(lifecycle=lifecycle)

    assert engine_launch.shutdown.grace_seconds > pre_stop + drain + 10
    assert engine_launch.command[engine_launch.command.index("--shutdown-timeout") + 1] == str(drain)
    assert engine_launch.probes.startup.allowed_seconds > (weight_bytes or 0) / speed
    assert engine_launch.probes.liveness.allowed_seconds >= 60


def test_on_an_unknown_gpu_the_cap_of_requests_errs_on_the_high_side() -> None:
    setup = setup_of(replace(ENGINE, max_queued_requests=8), on=None)

    command = launch(setup).command
    assert command[command.index("--max-num-queued-reqs") + 1] == "1032"


def test_more_adapters_than_slots_wait_in_memory() -> None:
    many = tuple(Adapter(name=f"a{index}", source=VOLUME, rank=9999) for index in range(20))
    command = launch(setup_of(replace(ENGINE, adapters=many))).command

    answer = command[command.index("--max-loras") : command.index("--lora-modules")]
    assert answer == ("--max-loras", "8", "--max-cpu-loras", "20", "--max-lora-rank", "512")


def test_a_rank_between_two_is_reserved_as_the_next_and_staged_as_it_was_set() -> None:
    setup = setup_of(replace(ENGINE, lora=replace(SLOTS, max_rank=257)))
    started = launch(setup)

    assert started.command[started.command.index("--max-lora-rank") + 1] == "320"
    assert VllmEngine().memory_settings(setup).adapter_ranks == (320,) * 8
    assert started.staged is not None
    assert started.staged.max_rank == 257


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        ((), None),
        (("--lora-dtype", "auto", "o_proj"), None),
        (("--lora-target-modules", "o_proj", "--seed", "4"), ("o_proj",)),
        (("--lora-target-modules=o_proj",), ("o_proj",)),
        (("--lora_target_modules", "o_proj", "lm_head"), ("lm_head", "o_proj")),
        (("--lora-t", "o_proj", "--lora-target-modules", "lm_head"), ("lm_head",)),
        (("--lora-target-modules",), ()),
        (("--lora-target-modules", "v_proj"), ("k_proj", "q_proj", "qkv_proj", "v_proj")),
        (("--lora-target-modules", "gate_up_proj", "experts"), ("experts", "gate_proj", "gate_up_proj", "up_proj")),
        (("--lora-target-modules", "model.layers.0.mlp.experts.3.w1", "model.layers.0.o_proj"), ("experts", "o_proj")),
        (("--lora-target-modules", "o_proj,lm_head"), ("o_proj,lm_head",)),
    ],
)
def test_adapters_may_be_restricted_to_some_matrices(words: tuple[str, ...], modules: tuple[str, ...] | None) -> None:
    """The engine packs some matrices in one module, which it adapts as a whole."""
    started = launch(setup_of(replace(ENGINE, lora=SLOTS, extra_args=words)))
    assert started.staged is not None
    assert started.staged.modules == modules
