"""What kubectl installs: the chart's own rendering without what only Helm reads, as a kustomize base and as one file.

Both hold the same objects as `helm template fairlead charts/fairlead -n fairlead-system`; nothing is written by hand.
"""

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from house.tree import ROOT

CHART: Final = ROOT / "charts" / "fairlead"
NAMESPACE: Final = "fairlead-system"
INSTALL: Final = "manifests/install.yaml"
HEAD: Final = "# Written by `python -m house.chart` from charts/fairlead; changes here are lost.\n"
_LABELS: Final = frozenset({"helm.sh/chart", "app.kubernetes.io/managed-by"})
_ANNOTATIONS: Final = frozenset({"helm.sh/resource-policy"})

Manifest = dict[str, Any]


class Refused(Exception):
    """Helm rendered nothing; the message is Helm's own."""


def template(helm: Path, values: Mapping[str, Any] | None = None, more: Sequence[str] = ()) -> list[Manifest]:
    """What Helm sends for these values, in its own order; `Refused` in Helm's words."""
    words = [str(helm), "template", "fairlead", str(CHART), "-n", NAMESPACE, "--skip-tests", "-f", "-", *more]
    text = yaml.safe_dump(dict(values or {}))
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


def plain(one: Manifest) -> Manifest:
    """The object without the labels and annotations that only Helm reads."""
    metadata = dict(one["metadata"])
    for name, helms in (("labels", _LABELS), ("annotations", _ANNOTATIONS)):
        left = {key: value for key, value in metadata.pop(name, {}).items() if key not in helms}
        metadata |= {name: left} if left else {}
    return {**one, "metadata": metadata}


def rendered(helm: Path) -> dict[str, str]:
    """manifests/base and manifests/install.yaml by path."""
    return of([plain(one) for one in template(helm)])


def of(objects: Sequence[Manifest]) -> dict[str, str]:
    """The files that hold these objects: one for each kind, what lists them, and all in one."""
    kinds = list(dict.fromkeys(str(one["kind"]) for one in objects))
    files = {f"{kind.lower()}.yaml": [one for one in objects if one["kind"] == kind] for kind in kinds}
    listed = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": list(files)}
    texts = {f"manifests/base/{name}": _text(ones) for name, ones in files.items()}
    return {
        "manifests/base/kustomization.yaml": _text([listed]),
        **texts,
        INSTALL: mark() + _text(objects),
    }


def mark() -> str:
    """The first line of what was rendered: it changes with the chart, and no Helm is needed to see that.

    Rules and dashboards are no part of it, since nothing renders them unless asked.
    """
    digest = hashlib.sha256()
    for path in sorted(CHART.rglob("*")):
        if path.suffix in {".yaml", ".tpl"} and path.parent != CHART / "monitoring":
            digest.update(path.relative_to(CHART).as_posix().encode() + path.read_bytes())
    return f"# Of the chart whose files have the digest {digest.hexdigest()[:12]}.\n"


def drift(install: Path) -> list[str]:
    """A line when the one file was rendered from another chart than the one that lies here."""
    if install.is_file() and install.read_text(encoding="utf-8").startswith(mark()):
        return []
    return [f"{INSTALL}: was rendered from another chart"]


def _text(objects: Sequence[Manifest]) -> str:
    return HEAD + yaml.safe_dump_all(objects, sort_keys=False, width=110, allow_unicode=True)
