"""A Kubernetes release's OpenAPI as schemas that refuse what the release does not know."""

from pathlib import Path
from typing import Any, Final

from devcluster.cache import Cache
from fairlead.api.kinds import KINDS
from house import kube_schemas

KIND: Final = "x-kubernetes-group-version-kind"
SWAGGER: Final[dict[str, Any]] = {
    "definitions": {
        "apps.Deployment": {
            "type": "object",
            "properties": {"spec": {"$ref": "#/definitions/apps.Spec"}},
            KIND: [{"group": "apps", "version": "v1", "kind": "Deployment"}],
        },
        "apps.Spec": {
            "type": "object",
            "properties": {
                "properties": {"type": "object", "properties": {"deep": {"type": "string"}}},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "again": {"type": "array", "items": {"$ref": "#/definitions/apps.Spec"}},
                "room": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.api.resource.Quantity"},
            },
        },
        "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
        "core.Pod": {
            "type": "object",
            "properties": {},
            KIND: [{"group": "", "version": "v1", "kind": "Pod"}],
        },
    }
}


def test_each_kind_has_a_file_that_kubeconform_finds_with_what_it_leads_to() -> None:
    made = kube_schemas.kinds(SWAGGER)
    assert list(made) == ["deployment-apps-v1.json", "pod-v1.json"]
    assert made["deployment-apps-v1.json"]["$ref"] == "#/definitions/apps.Deployment"
    assert set(made["deployment-apps-v1.json"]["definitions"]) == set(SWAGGER["definitions"]) - {"core.Pod"}


def test_what_has_names_is_closed_even_where_a_name_is_properties() -> None:
    spec = kube_schemas.kinds(SWAGGER)["deployment-apps-v1.json"]["definitions"]["apps.Spec"]
    assert spec["additionalProperties"] is False
    assert set(spec["properties"]) == {"properties", "labels", "again", "room"}
    assert spec["properties"]["properties"]["additionalProperties"] is False
    assert spec["properties"]["labels"]["additionalProperties"] == {"type": "string"}


def test_a_quantity_may_be_a_number() -> None:
    definitions = kube_schemas.kinds(SWAGGER)["deployment-apps-v1.json"]["definitions"]
    assert definitions["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {"type": ["string", "number"]}


def test_a_release_is_read_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert len(kube_schemas.missing(cache)) == len(kube_schemas.RELEASES)
    oldest, *others = kube_schemas.RELEASES
    made = tmp_path / "schemas" / f"{oldest}-1"
    made.mkdir(parents=True)
    assert kube_schemas.ensure(cache, oldest) == made
    assert kube_schemas.missing(cache) == tuple(f"the schemas of Kubernetes {each}" for each in others)


def test_our_own_kinds_are_there_and_closed_but_for_what_the_server_knows() -> None:
    made = kube_schemas.ours()
    assert list(made) == [f"{kind.name.lower()}-fairlead-v1alpha1.json" for kind in KINDS]
    for schema in made.values():
        assert schema["properties"]["metadata"] == {"type": "object"}
        assert schema["properties"]["spec"]["additionalProperties"] is False
