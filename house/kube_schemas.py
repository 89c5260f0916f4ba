"""JSON schemas of Kubernetes' kinds and of ours, for kubeconform.

A release's swagger.json is in its Go module, which Go fetches and we check by its hash; the schemas built from it are
cached. The schemas are closed: a field that the release does not have fails, as with `kubectl --validate=strict`.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from devcluster import progress, turns
from devcluster.cache import Cache
from devcluster.setup import go_build
from house import kind_definitions

RELEASES: Final[Mapping[str, str]] = {
    "1.34.2": "h1:WQdDvYJazkmkwSncgNwGvVtaCt4TYXIU3wSMRgvp3MI=",
    "1.37.1": "h1:LTUzSbp9n0W7649oVKBYfC48zcoD3vCk++1PZQn28q8=",
}
"""The oldest and the newest supported release, and the hashes of their modules."""

LOCATION: Final = "{{.ResourceKind}}{{.KindSuffix}}.json"
"""kubeconform's file name for a kind; appended to the folder."""

_MODULE: Final = "k8s.io/kubernetes"
_SHAPE: Final = "1"
"""Incremented when the schemas are built differently, so that old ones are not used."""

_OPEN: Final[Mapping[str, dict[str, Any]]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
}
"""String kinds that may also be written as a number, which swagger cannot express."""

Schema = dict[str, Any]


def missing(cache: Cache) -> tuple[str, ...]:
    """Releases whose schemas have yet to be built."""
    return tuple(f"the schemas of Kubernetes {each}" for each in RELEASES if not _place(cache, each).exists())


def ensure(cache: Cache, release: str) -> Path:
    """Return the folder with a release's schemas; fetches and builds them once."""
    place = _place(cache, release)
    with turns.alone(place.with_name(".lock"), "the schemas of Kubernetes"):
        if not place.exists():
            fresh = place.with_name(f".{place.name}")
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(parents=True)
            _write(fresh, kinds(json.loads(_swagger(cache, release).read_text(encoding="utf-8"))))
            fresh.rename(place)
    return place


def _place(cache: Cache, release: str) -> Path:
    return cache.root / "schemas" / f"{release}-{_SHAPE}"


def ours() -> dict[str, Schema]:
    """Our CRDs' schemas by file name, closed like the others."""
    made = {}
    for one in kind_definitions.all_of_them().values():
        version = one["spec"]["versions"][0]
        whole = _closed(version["schema"]["openAPIV3Schema"])
        whole["properties"]["metadata"] = {"type": "object"}
        made[_file(one["spec"]["names"]["kind"], one["spec"]["group"], version["name"])] = whole
    return made


def kinds(swagger: Schema) -> dict[str, Schema]:
    """Each kind's schema by file name, with only the definitions that it refers to."""
    definitions = {name: _OPEN.get(name, _closed(one)) for name, one in swagger["definitions"].items()}
    made = {}
    for name, one in definitions.items():
        for kind in one.get("x-kubernetes-group-version-kind", ()):
            below = {each: definitions[each] for each in _reachable(name, definitions)}
            schema = {"$ref": f"#/definitions/{name}", "definitions": below}
            made[_file(kind["kind"], kind["group"], kind["version"])] = schema
    return made


def _closed(node: Schema) -> Schema:
    """Close a schema, so that it refuses fields it does not name; a schema without fields still allows any."""
    made = {key: _closed_within(key, value) for key, value in node.items()}
    if "properties" in node and not node.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def _closed_within(key: str, value: object) -> object:
    """Close what is below a key; keys below `properties` are names, and one of them may itself be `properties`."""
    if isinstance(value, dict):
        return {name: _closed(each) for name, each in value.items()} if key == "properties" else _closed(value)
    return [_closed_within("", each) for each in value] if isinstance(value, list) else value


def _reachable(start: str, definitions: Mapping[str, Schema]) -> set[str]:
    found, open_ends = {start}, [start]
    while open_ends:
        for name in _references(definitions[open_ends.pop()]):
            if name not in found:
                found.add(name)
                open_ends.append(name)
    return found


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix("#/definitions/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _file(kind: str, group: str, version: str) -> str:
    """The file name; kubeconform uses only the first part of a group."""
    words = [kind, *([group.partition(".")[0]] if group else []), version]
    return "-".join(words).lower() + ".json"


def _write(folder: Path, schemas: Mapping[str, Schema]) -> None:
    for name, schema in schemas.items():
        (folder / name).write_text(json.dumps(schema), encoding="utf-8")


def _swagger(cache: Cache, release: str) -> Path:
    """The release's swagger.json; an unexpected hash is refused before anything is read."""
    with progress.step(f"fetching the API description of Kubernetes {release}"):
        words = ["go", "mod", "download", "-json", f"{_MODULE}@v{release}"]
        done = subprocess.run(
            words, cwd=cache.root, env=go_build.environment(cache), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise progress.StepFailed(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    document = json.loads(done.stdout)
    if document["Sum"] != RELEASES[release]:
        raise progress.StepFailed(
            f"{_MODULE}@v{release}: {document['Sum']} came, {RELEASES[release]} is pinned; do not use"
        )
    return Path(document["Dir"]) / "api" / "openapi-spec" / "swagger.json"


def main() -> int:
    """`python -m house.kube_schemas`: build them all, and print where they are."""
    for release in RELEASES:
        print(ensure(Cache.chosen(), release))
    return 0


if __name__ == "__main__":
    sys.exit(main())
