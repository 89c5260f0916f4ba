"""The container that loads adapters beside an engine: its inputs, its rights, and who may talk to it."""

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.adapting import load_list
from fairlead.adapting.load_list import LoadList
from fairlead.api import deployment_conversion
from fairlead.engines import catalogue
from fairlead.fleet.adapters import AdapterShare, AdapterVersions
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.image_pull import ImagePull
from fairlead.objects import adapter_loader, children, network_policies, preflight_pods, router_config
from fairlead.objects.manifest import Manifest
from fairlead.objects.network_policies import EngineAccess
from fairlead.router.config import loader
from tests.adapting.adapters import entry
from tests.objects.specs import LEAST, OWNER, PLATFORM, launch, read, template, wanted

LORA: Final[dict[str, Any]] = {"slots": 4, "maxRank": 32, "claimName": "adapters"}
SLOTS: Final = wanted(LEAST | {"engine": {"lora": LORA}})


def pod(**changes: Any) -> Manifest:  # noqa: ANN401  # fields of a spec
    spec: Manifest = template(wanted(LEAST | {"engine": {"lora": LORA}} | changes))["spec"]
    return spec


def test_a_pod_without_slots_has_no_loader() -> None:
    spec = template(wanted(LEAST))["spec"]
    assert "initContainers" not in spec
    assert "serviceAccountName" not in spec
    built = children.all_children(OWNER, wanted(LEAST), PLATFORM)
    assert [one for one in built if one["metadata"]["name"].endswith("-adapters")] == []


def test_the_loader_is_a_sidecar_that_counts_for_the_pods_readiness() -> None:
    (found,) = pod()["initContainers"]
    assert (found["name"], found["restartPolicy"]) == ("loader", "Always")
    assert found["args"] == [
        "loader",
        *("--config-map", "chat-adapters", "--folder", "/adapters", "--engine", "127.0.0.1:8000", "--max-rank", "32"),
        *("--claim", "adapters", "--claim-folder", "/claim", "--pull-secrets", "/pull-secrets"),
    ]
    assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "loader"}
    assert found["securityContext"]["readOnlyRootFilesystem"]
    assert "limits" not in found["resources"]


def test_the_loader_knows_to_which_matrices_extra_arguments_restrict_adapters() -> None:
    (found,) = pod(engine={"lora": LORA, "extraArgs": ["--lora-target-modules", "q_proj", "o_proj"]})["initContainers"]
    at = found["args"].index("--modules")
    assert found["args"][at : found["args"].index("--claim")] == [
        *("--modules", "k_proj", "o_proj", "q_proj", "qkv_proj", "v_proj"),
    ]


@pytest.mark.parametrize(
    "where",
    [
        {"model": LEAST["model"] | {"source": "pvc://adapters/qwen"}},
        {"storage": {"cache": {"claimName": "adapters", "subPath": "cache"}}},
    ],
)
def test_a_claim_that_the_engine_mounts_too_is_one_volume(where: dict[str, Any]) -> None:
    """Some storage drivers never mount a claim that a pod has twice (kubernetes#82526)."""
    spec = pod(**where)
    claimed = [one for one in spec["volumes"] if "persistentVolumeClaim" in one]
    assert claimed == [{"name": "claim-0", "persistentVolumeClaim": {"claimName": "adapters"}}]
    mounts = spec["initContainers"][0]["volumeMounts"]
    assert [one for one in mounts if one["name"] == "claim-0"] == [
        {"name": "claim-0", "mountPath": "/claim", "readOnly": True}
    ]


def test_a_claim_of_its_own_is_a_volume_of_its_own() -> None:
    spec = pod(storage={"cache": {"claimName": "cache"}})
    claimed = {one["name"]: one["persistentVolumeClaim"] for one in spec["volumes"] if "persistentVolumeClaim" in one}
    assert claimed == {
        "claim-0": {"claimName": "cache"},
        "adapters-claim": {"claimName": "adapters", "readOnly": True},
    }


def test_it_alone_has_the_token_and_the_engine_cannot_write_what_was_checked() -> None:
    spec = pod()
    (engine,), (found,) = spec["containers"], spec["initContainers"]
    assert spec["automountServiceAccountToken"] is False
    tokens = [one["name"] for one in spec["volumes"] if "projected" in one]
    assert tokens == ["loader-token"]
    assert "loader-token" in {one["name"] for one in found["volumeMounts"]}
    assert "loader-token" not in {one["name"] for one in engine["volumeMounts"]}
    assert {"name": "adapters", "mountPath": "/adapters", "readOnly": True} in engine["volumeMounts"]
    assert {"name": "adapters", "mountPath": "/adapters"} in found["volumeMounts"]
    mounted = {one["name"] for container in (engine, found) for one in container["volumeMounts"]}
    assert {one["name"] for one in spec["volumes"]} == mounted, "and nothing is mounted nowhere"


def test_it_reads_the_hub_with_the_models_token_and_a_registry_with_the_pods_secrets() -> None:
    model = LEAST["model"] | {"tokenSecret": {"name": "hub", "key": "token"}}
    engine = {"lora": {}, "env": [{"name": "HF_ENDPOINT", "value": "https://mirror"}, {"name": "LOG", "value": "1"}]}
    spec = pod(model=model, engine=engine, placement={"imagePullSecrets": [{"name": "pull"}]})
    (found,) = spec["initContainers"]
    given = {one["name"]: one.get("value", one.get("valueFrom")) for one in found["env"]}
    assert given["HF_ENDPOINT"] == "https://mirror"
    assert given["HF_TOKEN"] == {"secretKeyRef": {"name": "hub", "key": "token", "optional": True}}
    assert "LOG" not in given
    assert {"name": "pull-0", "mountPath": "/pull-secrets/0", "readOnly": True} in found["volumeMounts"]
    assert "--claim" not in found["args"]


def test_it_reaches_sources_by_the_proxy_that_the_engine_has() -> None:
    secret = {"secretKeyRef": {"name": "proxy", "key": "password"}}
    env = [
        {"name": "HTTPS_PROXY", "value": "http://me:$(PASSWORD)@proxy:3128"},
        {"name": "PASSWORD", "valueFrom": secret},
        {"name": "no_proxy", "valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "direct"}}},
        {"name": "HTTP_PROXY", "value": "http://$(HOME)"},
        {"name": "HOME", "value": "/srv/me"},
        {"name": "OTHER", "valueFrom": secret},
    ]
    (found,) = pod(engine={"lora": {}, "env": env})["initContainers"]
    assert found["env"][3:] == [
        {"name": "PASSWORD", "valueFrom": secret},
        {"name": "no_proxy", "valueFrom": {"configMapKeyRef": {"name": "proxy", "key": "direct"}}},
        {"name": "HTTPS_PROXY", "value": "http://me:$(PASSWORD)@proxy:3128"},
        {"name": "HTTP_PROXY", "value": "http://$(HOME)"},
    ], "references come before the values that refer to them, and its own variables stay"


def test_its_image_is_pulled_as_the_installation_says_with_the_engines_credentials_and_the_operators() -> None:
    own = catalogue.releases("registry.example/fairlead:1", pull=ImagePull(policy="Always", secrets=("own", "both")))
    placed = {"placement": {"imagePullSecrets": [{"name": "theirs"}, {"name": "both"}]}}

    def built(engine: dict[str, Any]) -> Manifest:
        deployment = deployment_conversion.deployment(read(LEAST | placed | {"engine": engine}), own)
        spec: Manifest = template(deployment)["spec"]
        return spec

    spec = built({"lora": LORA})
    (found,) = spec["initContainers"]
    assert (found["image"], found["imagePullPolicy"]) == ("registry.example/fairlead:1", "Always")
    assert spec["imagePullSecrets"] == [{"name": "theirs"}, {"name": "both"}, {"name": "own"}]
    assert [one for one in found["volumeMounts"] if one["name"].startswith("pull-")] == [
        {"name": "pull-0", "mountPath": "/pull-secrets/0", "readOnly": True},
        {"name": "pull-1", "mountPath": "/pull-secrets/1", "readOnly": True},
    ], "the operator's are not for registries of adapters"
    assert built({})["imagePullSecrets"] == [{"name": "theirs"}, {"name": "both"}]


def test_beside_an_engine_on_cpu_it_takes_none_of_the_cores_that_replicas_are_counted_by() -> None:
    (found,) = pod(accelerator={"product": "CPU", "cores": 4, "memory": "16Gi"})["initContainers"]
    assert found["resources"] == {"requests": {"memory": "128Mi"}}


@pytest.mark.parametrize(("account", "made"), [(None, True), ("engines", False)])
def test_its_account_may_follow_the_one_list(account: str | None, *, made: bool) -> None:
    deployment = replace(
        SLOTS,
        revision=replace(SLOTS.revision, placement=replace(SLOTS.revision.placement, service_account=account)),
    )
    built = {one["kind"]: one for one in adapter_loader.children(OWNER, deployment.revision)}
    assert ("ServiceAccount" in built) is made
    assert built["Role"]["rules"] == [
        {
            "apiGroups": [""],
            "resources": ["configmaps"],
            "verbs": ["get", "list", "watch"],
            "resourceNames": ["chat-adapters"],
        }
    ]
    assert [one["name"] for one in built["RoleBinding"]["subjects"]] == [account or "chat-adapters"]
    assert template(deployment)["spec"]["serviceAccountName"] == (account or "chat-adapters")


def test_the_list_is_a_config_map_and_the_routers_one_is_not() -> None:
    built = children.all_children(OWNER, SLOTS, PLATFORM)
    (lists,) = [one for one in built if adapter_loader.is_list(one, OWNER)]
    assert load_list.read(lists["data"][load_list.KEY]) == LoadList()
    listed = LoadList(entries=(entry(),), hidden=16)
    filled = adapter_loader.with_list(lists, listed)
    assert load_list.read(filled["data"][load_list.KEY]) == listed
    assert not router_config.is_configuration(filled)


def test_routers_receive_the_adapter_names_and_their_versions() -> None:
    built = children.all_children(OWNER, SLOTS, PLATFORM)
    (document,) = [one for one in built if router_config.is_configuration(one)]
    versions = (AdapterShare(name="sql@1", percent=95), AdapterShare(name="sql@2", percent=5))
    named = (AdapterVersions(name="sql", versions=versions, trial="sql@2", step=2),)
    (target,) = loader.read(router_config.with_adapters(document, named)["data"]["router.json"]).served
    assert target.models == (*loader.read(document["data"]["router.json"]).models, "sql")
    assert target.adapter_versions == named


def test_only_the_operator_may_ask_a_loader() -> None:
    policy = network_policies.engines(OWNER, SLOTS.revision, EngineAccess(), PLATFORM)
    _, rule = policy["spec"]["ingress"]
    assert rule["ports"] == [{"port": 8086, "protocol": "TCP"}]
    assert len(rule["from"]) == 1
    plain = network_policies.engines(OWNER, wanted(LEAST).revision, EngineAccess(), PLATFORM)
    assert len(plain["spec"]["ingress"]) == 1


def test_a_check_has_no_loader_and_mounts_what_it_needs() -> None:
    started = launch(SLOTS)
    check = preflight_pods.manifest(OWNER, "0a1b2c3d", template(SLOTS), started.check, 60)
    assert "initContainers" not in check["spec"]
    assert json.dumps(check).count("loader-token") == 1, "the volume alone"


def test_a_token_of_the_model_is_kept_as_a_reference() -> None:
    secret = SecretKey(name="hub", key="token")
    deployment = replace(
        SLOTS, revision=replace(SLOTS.revision, model=replace(SLOTS.revision.model, token_secret=secret))
    )
    assert "secretKeyRef" in json.dumps(template(deployment)["spec"]["initContainers"])
