"""Pods, replicas, rollouts and gateway settings of a spec become values; stored contradictions do too."""

from typing import Any

import pytest

from fairlead.api import adapter_conversion, deployment_conversion, gateway_conversion, policy_conversion
from fairlead.api.kinds import ADAPTER, DEPLOYMENT, EVALUATION, POLICY
from fairlead.api.object_reader import read_stored
from fairlead.fleet.canaries import CanaryGate, CanaryPlan, CanaryStep, ServiceLimits, UndecidedAction
from fairlead.fleet.desired_state import (
    DesiredDrain,
    DesiredPlacement,
    DesiredRollout,
    ModelSource,
    Parallelism,
    RolloutStrategy,
    SecretKey,
    SourceScheme,
    SpreadConstraint,
    Storage,
    Toleration,
)
from fairlead.fleet.gateways import (
    DeploymentRouter,
    GatewayReference,
    HoldLimits,
    LateAction,
    ResponseCacheSettings,
    Retries,
    RouterPods,
    RoutingSettings,
    ServiceType,
    Timeouts,
    TrafficLimits,
)
from fairlead.fleet.mounts import MountedKind, UserMount
from fairlead.fleet.policies import (
    ColdStart,
    ReplicaBounds,
)
from fairlead.review import evaluations
from tests.api.bad import Bad
from tests.api.bad_specs import BAD
from tests.api.objects import RELEASES, deployment, written

USUAL = CanaryPlan(
    steps=tuple(CanaryStep(traffic=traffic, hold_seconds=600.0, gates=(CanaryGate.SERVICE,)) for traffic in (10, 50))
)
"""What a canary does by default."""


def test_every_field_of_the_pods_arrives() -> None:
    revision = deployment(
        accelerator={"product": "NVIDIA-L4", "count": 8, "resource": "example.com/gpu"},
        parallelism={"tensor": 4, "pipeline": 2},
        placement={
            "nodeSelector": {"b": "2", "a": "1"},
            "tolerations": [{"key": "k", "value": "v", "effect": "NoExecute", "tolerationSeconds": 9}],
            "affinity": {"podAffinity": {"b": 1, "a": 2}},
            "topologySpreadConstraints": [{"topologyKey": "zone", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}],
            "priorityClassName": "p",
            "runtimeClassName": "r",
            "schedulerName": "s",
            "serviceAccountName": "a",
            "imagePullSecrets": [{"name": "i"}],
        },
        storage={
            "cache": {"claimName": "models", "subPath": "cache"},
            "sharedMemory": "2Gi",
            "mounts": [
                {"path": "/etc/ca", "configMapName": "ca"},
                {"path": "/opt/own/key", "secretName": "keys", "subPath": "key"},
                {"path": "/data", "claimName": "data", "writable": True},
            ],
        },
    ).revision
    assert (revision.gpus_per_replica, revision.parallelism) == (8, Parallelism(tensor=4, pipeline=2))
    assert revision.resource == "example.com/gpu"
    assert revision.placement == DesiredPlacement(
        node_selector=(("a", "1"), ("b", "2")),
        tolerations=(Toleration(key="k", operator="Equal", value="v", effect="NoExecute", seconds=9),),
        affinity='{"podAffinity": {"a": 2, "b": 1}}',
        spread=(SpreadConstraint(topology_key="zone", max_skew=2, hard=True),),
        priority_class="p",
        runtime_class="r",
        scheduler="s",
        service_account="a",
        pull_secrets=("i",),
    )
    assert revision.storage == Storage(
        cache_claim="models",
        cache_folder="cache",
        shared_memory_bytes=2 * 2**30,
        mounts=(
            UserMount(path="/etc/ca", kind=MountedKind.CONFIG_MAP, name="ca"),
            UserMount(path="/opt/own/key", kind=MountedKind.SECRET, name="keys", inside="key"),
            UserMount(path="/data", kind=MountedKind.CLAIM, name="data", writable=True),
        ),
    )


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("hf://a/b", ModelSource(scheme=SourceScheme.HUB, location="a/b")),
        ("oci://host:5000/a/b:v1", ModelSource(scheme=SourceScheme.OCI, location="host:5000/a/b:v1")),
        ("s3://bucket/a/b", ModelSource(scheme=SourceScheme.S3, location="bucket/a/b")),
        ("pvc://claim/a", ModelSource(scheme=SourceScheme.CLAIM, location="claim/a")),
        ("/models/a", ModelSource(scheme=SourceScheme.PATH, location="/models/a")),
    ],
)
def test_a_source_is_a_scheme_and_a_place(text: str, source: ModelSource) -> None:
    assert deployment(model={"source": text}).revision.model.source == source


@pytest.mark.parametrize(
    ("spec", "replicas"),
    [
        ({}, 1),
        ({"replicas": 0}, 0),
        ({"scaling": {"maxReplicas": 4}}, ReplicaBounds(least=1, most=4)),
        (
            {"scaling": {"minReplicas": 0, "maxReplicas": 4, "policy": {"name": "p"}}},
            ReplicaBounds(least=0, most=4, policy="p"),
        ),
    ],
)
def test_replicas_are_a_count_or_bounds(spec: dict[str, Any], replicas: object) -> None:
    assert deployment(**spec).replicas == replicas


@pytest.mark.parametrize(
    ("rollout", "wanted"),
    [
        ({"paused": True}, DesiredRollout(paused=True)),
        ({"strategy": "Surge"}, DesiredRollout(strategy=RolloutStrategy.SURGE, max_surge=1, max_unavailable=0)),
        (
            {"strategy": "Surge", "maxSurge": 0, "maxUnavailable": 2},
            DesiredRollout(strategy=RolloutStrategy.SURGE, max_surge=0, max_unavailable=2),
        ),
        (
            {
                "strategy": "Canary",
                "canary": {
                    "steps": [{"traffic": 10, "hold": "1m", "gates": ["Service"]}, {"traffic": 90, "replicas": 2}],
                    "startWithin": "1h",
                    "undecidedAfter": "30m",
                    "undecided": "RollBack",
                    "service": {"maxTtftRatio": "1.5", "maxFaultShare": "0", "minRequests": 60},
                },
                "progressDeadlineSeconds": 90,
                "minReadySeconds": 5,
            },
            DesiredRollout(
                strategy=RolloutStrategy.CANARY,
                max_surge=0,
                max_unavailable=1,
                progress_deadline_seconds=90,
                min_ready_seconds=5,
                canary=CanaryPlan(
                    steps=(
                        CanaryStep(traffic=10, hold_seconds=60.0, gates=(CanaryGate.SERVICE,)),
                        CanaryStep(replicas=2, traffic=90, hold_seconds=600.0),
                    ),
                    start_within_seconds=3600.0,
                    undecided_seconds=1800.0,
                    undecided=UndecidedAction.ROLL_BACK,
                    service=ServiceLimits(ttft_ratio=1.5, fault_share=0.0, min_requests=60),
                ),
            ),
        ),
        ({"strategy": "Canary"}, DesiredRollout(strategy=RolloutStrategy.CANARY, canary=USUAL)),
        (
            {"strategy": "Canary", "canary": {}, "maxSurge": 1},
            DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=1, max_unavailable=0, canary=USUAL),
        ),
        (
            {"strategy": "Canary", "maxUnavailable": 0},
            DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=1, max_unavailable=0, canary=USUAL),
        ),
        (
            {"strategy": "Canary", "maxSurge": 0},
            DesiredRollout(strategy=RolloutStrategy.CANARY, max_surge=0, max_unavailable=1, canary=USUAL),
        ),
    ],
)
def test_a_rollout_gets_the_numbers_of_its_strategy(rollout: object, wanted: DesiredRollout) -> None:
    assert deployment(rollout=rollout).rollout == wanted


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.story)
def test_what_was_stored_in_spite_of_a_contradiction_still_converts(bad: Bad) -> None:
    """The reconcile needs the rest of it: which Service leads to what still serves."""
    value = read_stored(written(bad.spec, kind=bad.kind), bad.kind).value
    if value is not None and bad.kind is DEPLOYMENT:
        assert deployment_conversion.deployment(value, RELEASES).revision.name == "chat"
    elif value is not None and bad.kind is POLICY:
        assert policy_conversion.policy(value.spec).cold_start == ColdStart()
    elif value is not None and bad.kind is EVALUATION:
        assert evaluations.plan(value.spec).request.max_tokens == 1024
    elif value is not None and bad.kind is ADAPTER:
        assert adapter_conversion.adapter(value).deployment == "chat"
    elif value is not None:
        assert gateway_conversion.gateway(value).routing.retries == Retries()


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/opt/.cache/tuned", "a"),
        ("/tmp/.netrc", ".netrc"),
        ("/usr/local/lib/python3.12/dist-packages/vllm/E=64,N=1280,device_name=NVIDIA_H200.json", "moe.json"),
        ("/opt/libstdc++.so.6", "libstdc++"),
        ("/etc/ssl/certs/company.pem", ".dockerconfigjson"),
    ],
)
def test_files_are_mounted_under_the_names_that_programs_look_for(path: str, key: str) -> None:
    (mount,) = deployment(
        storage={"mounts": [{"path": path, "secretName": "s", "subPath": key}]}
    ).revision.storage.mounts
    assert (mount.path, mount.inside) == (path, key)


def test_a_drain_may_be_immediate() -> None:
    drain = deployment(drain={"timeout": "0s", "settle": "1500ms"}).drain
    assert drain == DesiredDrain(timeout_seconds=0.0, settle_seconds=1.5)


def test_a_deployment_of_a_gateway_has_no_router_of_its_own() -> None:
    joined = deployment(gateway={"name": "company"})
    assert joined.router == GatewayReference(namespace=joined.revision.namespace, name="company")
    elsewhere = deployment(gateway={"name": "company", "namespace": "platform"})
    assert elsewhere.router == GatewayReference(namespace="platform", name="company")
    assert elsewhere.router.title == "platform/company"


def test_every_field_of_an_own_router_arrives() -> None:
    router = {
        "replicas": 3,
        "service": {"type": "NodePort", "annotations": {"b": "2", "a": "1"}},
        "limits": {
            "enforcement": "Shadow",
            "maxPromptTokens": 1,
            "maxOutputTokens": 2,
            "maxQueued": 3,
            "maxQueueTime": "4s",
            "late": "Refuse",
            "maxRequestSize": "5k",
        },
        "timeouts": {"connect": "1s", "firstToken": "2s", "betweenTokens": "3s", "total": "4s"},
        "hold": {"maxRequests": 1, "maxTime": "2s"},
        "cache": {
            "enabled": True,
            "ttl": "1s",
            "maxSize": "2k",
            "maxEntrySize": "1k",
            "scope": "Gateway",
            "generation": 7,
            "redis": {"urlSecret": {"name": "n", "key": "k"}},
        },
        "retries": {"maxAttempts": 3, "budget": "0.2"},
    }
    assert deployment(router=router).router == DeploymentRouter(
        routing=RoutingSettings(
            limits=TrafficLimits(
                max_prompt_tokens=1,
                max_output_tokens=2,
                max_queued=3,
                max_queue_seconds=4.0,
                max_request_bytes=5000,
                late=LateAction.REFUSE,
                shadow=True,
            ),
            timeouts=Timeouts(
                connect_seconds=1.0, first_token_seconds=2.0, between_tokens_seconds=3.0, total_seconds=4.0
            ),
            hold=HoldLimits(max_requests=1, max_seconds=2.0),
            cache=ResponseCacheSettings(
                enabled=True,
                ttl_seconds=1.0,
                max_bytes=2000,
                max_entry_bytes=1000,
                by_tenant=False,
                generation=7,
                redis_url=SecretKey(name="n", key="k"),
            ),
            retries=Retries(max_attempts=3, budget=0.2),
        ),
        pods=RouterPods(replicas=3, service=ServiceType.NODE_PORT, annotations=(("a", "1"), ("b", "2"))),
    )
