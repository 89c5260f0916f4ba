"""Pods that run the installation's image pull it as the operator's own pods do."""

from dataclasses import replace
from typing import Final

from fairlead.fleet.item_sources import ImageFile
from fairlead.objects import children, evaluation_pods, gateway_children
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from tests.objects.specs import LEAST, OWNER, PLATFORM, wanted
from tests.objects.test_gateway_children import FRONT_OWNER, gateway

PRIVATE: Final = replace(PLATFORM, pull_policy="Always", pull_secrets=("registry", "mirror"))
READING: Final = evaluation_pods.of_evaluation({"metadata": {"name": "qa", "namespace": "team", "uid": "1"}})
ITEMS: Final = ImageFile(reference="registry.example/qa:1", path="items.jsonl", pull_secrets=("items", "registry"))


def of_routers(built: tuple[Manifest, ...]) -> Manifest:
    """The pods of the only Deployment."""
    (found,) = [one["spec"]["template"]["spec"] for one in built if one["kind"] == "Deployment"]
    return dict(found)


def pods(installation: Installation) -> list[Manifest]:
    """The pods of a deployment's routers and of a gateway's, and the one that reads items."""
    return [
        of_routers(children.all_children(OWNER, wanted(LEAST), installation)),
        of_routers(gateway_children.all_children(FRONT_OWNER, gateway(), {}, installation)),
        evaluation_pods.reader(READING, ITEMS, installation)["spec"],
    ]


def test_routers_and_evaluations_carry_the_pull_secrets_of_the_installation() -> None:
    secrets = [[one["name"] for one in pod["imagePullSecrets"]] for pod in pods(PRIVATE)]
    assert secrets == [["registry", "mirror"], ["registry", "mirror"], ["registry", "mirror", "items"]]
    assert [pod["containers"][0]["imagePullPolicy"] for pod in pods(PRIVATE)] == ["Always"] * 3


def test_without_any_the_pods_of_routers_are_as_before() -> None:
    assert ["imagePullSecrets" in pod for pod in pods(PLATFORM)] == [False, False, True]
