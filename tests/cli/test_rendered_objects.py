"""`fairlead render -o yaml`: the objects that the operator would create, as policy checks in a pipeline read them."""

import json
from typing import Any

import pytest
import yaml

from tests.cli.conftest import File, Run
from tests.review.table import deployment, gateway, policy

OWN = ["ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "PodDisruptionBudget", "ConfigMap", "Service"]


def objects(run: Run, *words: str) -> list[dict[str, Any]]:
    code, out, err = run("render", "-o", "yaml", *words)
    assert (code, err) == (0, "")
    return list(yaml.safe_load_all(out))


def named(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (one,) = (each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name))
    return one


def test_a_pipeline_sees_every_object_before_it_is_applied(run: Run, file: File) -> None:
    found = objects(run, file(deployment(scaling={"minReplicas": 2, "maxReplicas": 4})))

    assert [one["kind"] for one in found] == ["NetworkPolicy", "PodDisruptionBudget", *OWN, "Deployment", "Deployment"]
    engines = found[-1]
    assert engines["spec"]["replicas"] == 2
    (engine,) = engines["spec"]["template"]["spec"]["containers"]
    assert engine["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert engine["image"].startswith("vllm/vllm-openai:")
    assert {one["metadata"]["namespace"] for one in found} == {"default"}


def test_a_deployment_that_gets_its_name_from_the_server_has_objects_with_valid_names(run: Run, file: File) -> None:
    given = deployment() | {"metadata": {"generateName": "chat-", "namespace": "team"}}
    names = {str(one["metadata"]["name"]) for one in objects(run, file(given))}
    assert {"chat-xxxxx-router", "chat-xxxxx-engine"} <= names
    assert all(name.startswith("chat-xxxxx-") for name in names)


def test_nothing_is_shown_that_only_a_cluster_gives(run: Run, file: File) -> None:
    found = objects(run, file(deployment()))

    assert not [one for one in found if "ownerReferences" in one["metadata"]]
    notes = [note for one in found for note in one["metadata"].get("annotations", {})]
    assert not [note for note in notes if note.startswith("fairlead.dev")]


def test_an_annotation_of_the_spec_for_a_service_stays(run: Run, file: File) -> None:
    shown = deployment(router={"service": {"type": "LoadBalancer", "annotations": {"example.com/internal": "true"}}})

    service = named(objects(run, file(shown)), "Service", "bad-router")

    assert service["metadata"]["annotations"] == {"example.com/internal": "true"}


def test_the_image_of_routers_and_simulated_engines_can_be_named(run: Run, file: File) -> None:
    simulated = deployment(engine={"kind": "Simulated"}, accelerator={"resource": "none", "product": "NVIDIA-L4"})

    found = objects(run, "--image", "registry.example/fairlead:1", file(simulated))

    used = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in found if one["kind"] == "Deployment"}
    assert used == {"registry.example/fairlead:1"}


def test_what_pulls_images_in_advance_is_shown_with_the_image_of_the_engine(run: Run, file: File) -> None:
    found = objects(run, file(deployment(prePull=True)))
    holder = named(found, "DaemonSet", "bad-prepull")
    assert holder["spec"]["template"]["spec"]["containers"][0]["image"].startswith("vllm/vllm-openai:")
    assert "DaemonSet" not in {one["kind"] for one in objects(run, file(deployment()))}


def test_a_gateway_has_routers_for_the_deployments_of_the_same_files(run: Run, file: File) -> None:
    route = {"parentRefs": [{"name": "edge"}], "hostnames": ["llm.example"]}
    front = gateway(models=[{"name": "talk", "deployment": "bad"}], httpRoute=route)
    joins = deployment(gateway={"name": "bad"})

    found = objects(run, file(front, "front.yaml"), file(joins, "joins.yaml"))

    configuration = named(found, "ConfigMap", "bad-gateway")["data"]
    assert "default/bad" in json.dumps(configuration)
    assert named(found, "HTTPRoute", "bad-gateway")["spec"]["hostnames"] == ["llm.example"]
    assert not [one for one in found if one["metadata"]["name"] == "bad-router"], "the gateway's routers serve it"


def test_where_the_cluster_assigns_users_the_pods_name_none(run: Run, file: File) -> None:
    front, joins = file(gateway(), "front.yaml"), file(deployment(prePull=True), "chat.yaml")

    assert users(objects(run, "--assigned-users", front, joins)) == [set(), set(), set(), set()]
    assert users(objects(run, front, joins)) == [{"runAsUser", "runAsGroup", "fsGroup"}] * 4


def users(found: list[dict[str, Any]]) -> list[set[str]]:
    """Which of its users and groups each pod names: of two groups of routers, an engine and what holds its image."""
    pods = [one["spec"]["template"]["spec"] for one in found if one["kind"] in {"Deployment", "DaemonSet"}]
    named = [
        pod["securityContext"].keys() | {field for one in pod["containers"] for field in one["securityContext"]}
        for pod in pods
    ]
    return [fields & {"runAsUser", "runAsGroup", "fsGroup"} for fields in named]


def test_a_refused_object_is_reported_and_the_others_are_shown(run: Run, file: File) -> None:
    code, out, err = run("render", "-o", "yaml", file(deployment(replicas=-1), "a.yaml"), file(deployment(), "b.yaml"))

    assert code == 1
    assert "spec.replicas: -1" in err
    assert len(list(yaml.safe_load_all(out))) == 11


@pytest.mark.parametrize("content", [policy()])
def test_a_file_without_processes_yields_no_object(run: Run, file: File, content: dict[str, Any]) -> None:
    assert run("render", "-o", "yaml", file(content))[:2] == (0, "")
