"""The CRDs of our kinds, in the API server's format. Only values: `crds` writes the files."""

from typing import Any, Final

from fairlead.api.kinds import GROUP, KINDS, NAME_BECAUSE, NAME_PATTERN, NAME_REMEDY, VERSION, Kind, PrinterColumn
from house import structural_schema

NAME_CEL: Final = f"self.metadata.name.matches('^{NAME_PATTERN}$')"


def all_of_them() -> dict[str, dict[str, Any]]:
    """Build every CRD, by its name."""
    return {kind.crd: definition(kind) for kind in KINDS}


def definition(kind: Kind[Any]) -> dict[str, Any]:
    """Build the CustomResourceDefinition of one kind."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd, "labels": {"app.kubernetes.io/part-of": "fairlead"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": ["fairlead", "all"] if kind.in_all else ["fairlead"],
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: Kind[Any]) -> dict[str, Any]:
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [_column(column) for column in kind.columns],
        "subresources": {"status": {}} | ({"scale": scale} if kind.scalable else {}),
        "schema": {"openAPIV3Schema": _root(kind)},
    }


def _column(column: PrinterColumn) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.path}
    return shown | ({"priority": 1} if column.wide else {})


def _root(kind: Kind[Any]) -> dict[str, Any]:
    name_rule = {"rule": NAME_CEL, "message": f"metadata.name: {NAME_BECAUSE}; {NAME_REMEDY}"}
    return {
        "description": kind.about,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema.of(kind.spec),
            "status": structural_schema.of(kind.status),
        },
        **({"x-kubernetes-validations": [name_rule]} if kind.scalable else {}),
    }
