"""A spec's model and engine become the values that the engines package works with."""

from typing import Any

import pytest

from fairlead.fleet.conversations import ConfigMapKey, Reasoning, Tools
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredDrain,
    DesiredEngine,
    DesiredModel,
    DesiredRevision,
    DesiredRollout,
    DesiredSpeculation,
    EngineKind,
    EnvFrom,
    ModelSource,
    Parallelism,
    SecretKey,
    SourceScheme,
    SpeculationMethod,
)
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.api.objects import deployment


def test_the_least_gets_the_tested_engine_one_replica_and_its_own_router() -> None:
    assert deployment() == DesiredDeployment(
        revision=DesiredRevision(
            namespace="team",
            name="chat",
            model=DesiredModel(
                source=ModelSource(scheme=SourceScheme.HUB, location="Qwen/Qwen3-0.6B"), served_name="chat"
            ),
            engine=DesiredEngine(kind=EngineKind.VLLM, version="0.32.0", image="example.com/vllm:v0.32.0"),
            product="NVIDIA-L4",
            gpus_per_replica=1,
            parallelism=Parallelism(),
        ),
        replicas=1,
        rollout=DesiredRollout(),
        drain=DesiredDrain(),
        router=DeploymentRouter(),
    )


MODEL: dict[str, Any] = {
    "source": "hf://meta-llama/Llama-3.1-8B-Instruct",
    "revision": "main",
    "servedName": "Chat",
    "tokenSecret": {"name": "hf", "key": "token"},
    "shape": {"layers": 32, "kvHeads": 8, "parameters": 8_000_000_000},
}
ENGINE: dict[str, Any] = {
    "image": "example.com/own:1",
    "version": "0.31.1",
    "dtype": "bfloat16",
    "quantization": {"weights": "awq", "kvCache": "fp8E4M3"},
    "prefixCaching": {"enabled": False, "hostMemory": "64Gi"},
    "speculation": {
        "method": "draftModel",
        "draft": {"source": "hf://a/b", "revision": "v1"},
        "maxConcurrency": 48,
    },
    "batching": {"maxSequences": 64, "maxBatchedTokens": 4096, "maxQueuedRequests": 9},
    "context": {"maxTokens": 16384},
    "memoryUtilization": "0.90",
    "eager": True,
    "trustRemoteCode": True,
    "adapters": [{"name": "a", "source": "/adapters/a"}],
    "tools": {"auto": False},
    "reasoning": {"parser": "qwen3"},
    "chatTemplate": {"configMap": {"name": "c", "key": "k"}},
    "extraArgs": ["--seed=1"],
    "env": [
        {"name": "A", "value": ""},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
    ],
}


def test_every_field_of_a_model_and_its_engine_arrives() -> None:
    revision = deployment(model=MODEL, engine=ENGINE).revision
    assert revision.model == DesiredModel(
        source=ModelSource(scheme=SourceScheme.HUB, location="meta-llama/Llama-3.1-8B-Instruct", revision="main"),
        served_name="Chat",
        token_secret=SecretKey(name="hf", key="token"),
        shape=(("layers", 32), ("kv_heads", 8), ("parameters", 8_000_000_000)),
    )
    assert revision.engine == DesiredEngine(
        kind=EngineKind.VLLM,
        version="0.31.1",
        image="example.com/own:1",
        dtype=Dtype.BFLOAT16,
        weights=WeightFormat.AWQ,
        kv=KvFormat.FP8_E4M3,
        prefix_caching=False,
        host_memory_bytes=64 << 30,
        speculation=DesiredSpeculation(
            method=SpeculationMethod.DRAFT_MODEL,
            draft=ModelSource(scheme=SourceScheme.HUB, location="a/b", revision="v1"),
            tokens=3,
            max_concurrency=48,
        ),
        max_sequences=64,
        max_batched_tokens=4096,
        max_queued_requests=9,
        max_context_tokens=16384,
        memory_utilization=0.90,
        adapters=(Adapter(name="a", source=ModelSource(scheme=SourceScheme.PATH, location="/adapters/a"), rank=16),),
        eager=True,
        trust_remote_code=True,
        tools=Tools(auto=False),
        reasoning=Reasoning(parser="qwen3"),
        chat_template=ConfigMapKey(name="c", key="k"),
        extra_args=("--seed=1",),
        extra_env=(("A", ""),),
        env_from=(
            EnvFrom(name="B", object_name="s", key="k"),
            EnvFrom(name="C", object_name="c", key="k", from_secret=False),
        ),
    )


@pytest.mark.trial(19)
@pytest.mark.parametrize(
    ("template", "given"),
    [({"inline": "{{ messages }}"}, "{{ messages }}"), ({"path": "/t.jinja"}, "/t.jinja"), (None, None)],
)
def test_a_template_is_given_as_the_engine_takes_it(template: object, given: str | None) -> None:
    engine = {} if template is None else {"chatTemplate": template}
    assert deployment(engine=engine).revision.engine.chat_template == given


@pytest.mark.trial(19)
def test_absent_tools_are_none_and_an_empty_field_selects_the_familys_parser() -> None:
    assert deployment().revision.engine.tools is None
    written = deployment(engine={"tools": {}, "reasoning": {}}).revision.engine
    assert (written.tools, written.reasoning) == (Tools(parser=None, auto=True), Reasoning(parser=None))


def test_a_version_alone_chooses_the_image_of_that_version() -> None:
    assert deployment(engine={"version": "0.31.1"}).revision.engine.image == "example.com/vllm:v0.31.1"


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("mirror.example:5000/of/vllm:v0.23.0", "0.23.0"),
        (f"vllm:v0.26.1-cu129@sha256:{'0' * 64}", "0.26.1"),
        ("vllm:latest", "0.32.0"),
        (f"vllm@sha256:{'0' * 64}", "0.32.0"),
        ("example.com/own:0.1.0", "0.32.0"),
    ],
)
def test_the_tag_of_the_projects_own_image_is_the_version_if_none_is_set(image: str, version: str) -> None:
    assert deployment(engine={"image": image}).revision.engine.version == version
    assert deployment(engine={"image": image, "version": "0.31.1"}).revision.engine.version == "0.31.1"


def test_the_tag_of_a_simulated_engines_image_is_fairleads_own_version() -> None:
    assert deployment(engine={"kind": "Simulated", "image": "vllm:v0.4.0"}).revision.engine.version == "0.32.0"


def test_speculation_that_is_off_leaves_no_trace_in_the_revision() -> None:
    off = {"speculation": {"method": "off", "draft": {"source": "hf://a/b"}, "tokens": 5}}
    assert deployment(engine=off) == deployment()


@pytest.mark.parametrize(
    ("speculation", "tokens"),
    [({"method": "mtp"}, 0), ({"method": "mtp", "tokens": 2}, 2), ({"method": "ngram"}, 3)],
)
def test_with_mtp_the_default_number_of_draft_tokens_is_left_to_the_model(speculation: object, tokens: int) -> None:
    assert deployment(engine={"speculation": speculation}).revision.engine.speculation.tokens == tokens
