"""From a setup to TensorRT-LLM's command, its options file, environment, probes and seconds."""

import json
from dataclasses import replace
from typing import Any, Final

import yaml

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.engines.tensorrt_llm import flags, options, parsers
from fairlead.engines.tensorrt_llm.field_keys import COMMAND, FIELDS, KEYS
from fairlead.engines.tensorrt_llm.parser_flags import FLAGS
from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import EnvFrom, Parallelism, SecretKey, SpeculationMethod
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
from fairlead.fleet.quantization import Dtype, KvFormat
from tests.engines.setups import H100, LATENT, MTP, NGRAM, QWEN_SMALL, VOLUME, WITH_DRAFT, setup_of
from tests.engines.tensorrt_llm.inputs import ENGINE, TENSORRT, adapter, setup_with

PACE: Final = LifecycleParameters(
    weight_bytes=16_000_000_000, bytes_per_second=200e6, pre_stop_seconds=12, drain_seconds=90
)
START: Final = (
    *("trtllm-serve", "meta-llama/Llama-3.1-8B-Instruct", "--host", "0.0.0.0", "--port", "8000"),  # noqa: S104
    *("--config", "/etc/fairlead/engine-options/options.yaml", "--served_model_name", "chat"),
)
PLAIN: Final[dict[str, Any]] = {
    "return_perf_metrics": True,
    "enable_iter_perf_stats": True,
    "guided_decoding_backend": "xgrammar",
    "enable_chunked_prefill": True,
    "revision": "0e9e39f249a16976918f6564b8830bc8",
    "kv_cache_config": {"enable_block_reuse": True},
}
EVERYTHING: Final = setup_of(
    replace(
        ENGINE,
        dtype=Dtype.FLOAT16,
        kv=KvFormat.FP8_E4M3,
        prefix_caching=False,
        host_memory_bytes=72 << 30,
        speculation=replace(WITH_DRAFT, method=SpeculationMethod.EAGLE3, max_concurrency=32),
        max_sequences=128,
        max_batched_tokens=4096,
        max_context_tokens=16384,
        memory_utilization=0.8,
        adapters=(*adapter("de", rank=24), *adapter("fr", rank=8)),
        tools=Tools(),
        reasoning=Reasoning(),
        chat_template=ConfigMapKey(name="templates", key="qwen"),
        eager=True,
        trust_remote_code=True,
        extra_args=("--log_level", "debug"),
    ),
    shape=QWEN_SMALL,
    parallelism=Parallelism(tensor=2, pipeline=3),
    on=H100,
)
"""More than it would accept together."""


def launch(setup: EngineSetup, lifecycle: LifecycleParameters = PACE) -> EngineLaunch:
    return TENSORRT.launch(setup, lifecycle)


def options_of(setup: EngineSetup) -> dict[str, Any]:
    """The file's content, as the engine's own YAML reader sees it."""
    file = launch(setup).options
    assert file is not None
    assert f"{file.folder}/{file.name}" == options.PATH
    return dict(yaml.safe_load(file.text))


def test_a_plain_setup_is_a_short_command_and_a_short_file() -> None:
    assert launch(setup_with()).command == START
    assert options_of(setup_with()) == PLAIN


def test_every_typed_field_is_passed_in_the_file_or_on_the_command_line() -> None:
    assert launch(EVERYTHING).command[len(START) :] == (
        *("--tool_parser", "qwen3", "--chat_template", "/etc/fairlead/chat-template/template.jinja"),
        *("--log_level", "debug"),
    )
    assert options_of(EVERYTHING) == PLAIN | {
        "enable_chunked_prefill": False,
        "dtype": "float16",
        "kv_cache_config": {
            "dtype": "fp8",
            "enable_block_reuse": False,
            "host_cache_size": 12 << 30,
            "free_gpu_memory_fraction": 0.8,
        },
        "speculative_config": {
            "decoding_type": "Eagle3",
            "max_draft_len": 5,
            "speculative_model": "meta-llama/Llama-3.2-1B",
            "max_concurrency": 32,
        },
        "max_batch_size": 128,
        "max_num_tokens": 4096,
        "max_seq_len": 16384,
        "cuda_graph_config": None,
        "trust_remote_code": True,
        "lora_config": {
            "lora_dir": ["/models/adapters/de"],
            "max_lora_rank": 24,
            "max_loras": 2,
            "max_cpu_loras": 2,
        },
        "reasoning_parser": "qwen3",
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 3,
    }


def test_no_field_says_a_key_of_another_and_every_option_is_one_of_its_own() -> None:
    for row in KEYS:
        assert row.write(EVERYTHING).keys() <= set(row.keys)
        assert row.write(EVERYTHING), row.field
    for words in COMMAND:
        assert {one for one in words.write(EVERYTHING) if one.startswith("--")} == set(words.flags)
    every = [flag for row in FIELDS for flag in row.flags]
    reserved = [flag for names, _, _ in flags.RESERVED for flag in names]
    assert len(set(every)) == len(every)
    assert {*every, *reserved} <= FLAGS
    assert not set(every) & set(reserved)


def test_the_same_setup_is_always_the_same_text_since_it_is_a_part_of_the_pod() -> None:
    first, second = launch(EVERYTHING).options, launch(EVERYTHING).options

    assert first == second
    assert first is not None
    assert json.loads(first.text) == yaml.safe_load(first.text)


def test_each_method_of_speculation_has_its_type_and_numbers() -> None:
    def speculated(setup: EngineSetup) -> object:
        return options_of(setup)["speculative_config"]

    assert speculated(setup_with(speculation=replace(NGRAM, lookup_max=4))) == {
        "decoding_type": "NGram",
        "max_draft_len": 3,
        "max_matching_ngram_size": 4,
    }
    assert speculated(setup_with(speculation=replace(WITH_DRAFT, draft=VOLUME))) == {
        "decoding_type": "Draft_Target",
        "max_draft_len": 5,
        "speculative_model": "/models/draft",
    }
    assert speculated(setup_of(replace(ENGINE, speculation=MTP), shape=LATENT)) == {"decoding_type": "MTP"}
    assert speculated(setup_of(replace(ENGINE, speculation=replace(MTP, tokens=2)), shape=LATENT)) == {
        "decoding_type": "MTP",
        "num_nextn_predict_layers": 2,
    }


def test_adapters_beyond_the_slots_wait_in_memory() -> None:
    many = tuple(one for index in range(20) for one in adapter(f"a{index}", rank=index + 1))

    found = options_of(setup_with(adapters=many))["lora_config"]

    assert (found["max_loras"], found["max_cpu_loras"], found["max_lora_rank"]) == (8, 20, 20)


def test_weights_and_templates_lie_where_the_command_opens_them() -> None:
    key = ConfigMapKey(name="templates", key="llama")
    found = launch(setup_of(replace(ENGINE, chat_template=key), source=VOLUME, on=H100))

    assert found.command[1] == "/models/model"
    assert found.mounts == (WeightMount(source=VOLUME, path="/models/model"),)
    assert found.files == (ConfigMapFile(source=key, folder="/etc/fairlead/chat-template", name="template.jinja"),)
    assert launch(setup_with(chat_template="/t.jinja")).command[-2:] == ("--chat_template", "/t.jinja")


def test_the_environment_sets_caches_secrets_by_name_no_usage_report_and_no_hub_without_need() -> None:
    token, region = SecretKey(name="hf", key="token"), EnvFrom(name="REGION", object_name="site", key="region")
    setup = setup_with(extra_env=(("TLLM_LOG_LEVEL", "debug"),), env_from=(region,))
    secret = replace(setup, revision=replace(setup.revision, model=replace(setup.revision.model, token_secret=token)))
    ours = (
        EnvVar(name="HF_HOME", value="/cache/huggingface"),
        EnvVar(name="TRITON_CACHE_DIR", value="/cache/triton"),
        EnvVar(name="TORCHINDUCTOR_CACHE_DIR", value="/cache/torchinductor"),
        EnvVar(name="FLASHINFER_WORKSPACE_BASE", value="/cache/flashinfer"),
        EnvVar(name="TRTLLM_NO_USAGE_STATS", value="1"),
    )
    users = (EnvVar(name="REGION", value=region), EnvVar(name="TLLM_LOG_LEVEL", value="debug"))
    assert launch(secret).environment == (*ours, EnvVar(name="HF_TOKEN", value=token), *users)
    assert launch(setup).environment == (*ours, *users)
    assert launch(setup_of(ENGINE, source=VOLUME)).environment == (*ours, EnvVar(name="HF_HUB_OFFLINE", value="1"))


def test_our_own_variables_are_refused_from_users() -> None:
    for one in launch(setup_of(ENGINE, source=VOLUME)).environment:
        (found,) = TENSORRT.refusals(setup_with(extra_env=((one.name, "x"),)))
        assert found.value == one.name


def test_probes_ports_and_seconds_of_a_model_of_sixteen_gigabytes() -> None:
    found = launch(setup_with())

    assert found.ports == (EnginePort(name="http", number=8000),)
    assert found.probes == EngineProbes(
        startup=HttpProbe(path="/health", port="http", period_seconds=2, timeout_seconds=2, failures=680),
        readiness=HttpProbe(path="/health", port="http", period_seconds=5, timeout_seconds=5, failures=3),
        liveness=HttpProbe(path="/health", port="http", period_seconds=15, timeout_seconds=10, failures=8),
    )
    assert found.probes.startup.allowed_seconds == 300 + 900 + 2 * 80
    assert found.shutdown == EngineShutdown(pre_stop_seconds=12, drain_seconds=90, rest_seconds=30)
    assert (found.cache_path, found.shared_memory_bytes, found.user) == ("/cache", 1 << 30, 65532)
    assert found.check == (), "its first step counts GPUs"
    assert launch(setup_with(eager=True), LifecycleParameters()).probes.startup.allowed_seconds == 300 + 600 + 1800


def test_every_familys_parser_is_in_its_list() -> None:
    assert {row.parser for row in parsers.OF_TOOLS} <= set(parsers.TOOLS)
    assert {row.parser for row in parsers.OF_REASONING} <= set(parsers.REASONING)
