"""`python -m house.chart [--drift]`: write the chart's generated files, and the manifests for kubectl without Helm.

The models give Chart.yaml, the values, their schema and page, and the CRDs as templates; Helm's own rendering gives
manifests/base and manifests/install.yaml. `--drift` needs no Helm: it compares the first kind completely, and of the
second only the chart that it was rendered from; the API server lane renders and compares it completely.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Final

from devcluster.cache import Cache
from devcluster.setup import tools
from house import chart_files, chart_manifests
from house.tree import ROOT

ADVICE: Final = "run `make chart` and commit what it wrote"


def main(argv: Sequence[str] | None = None) -> int:
    """Write all, or with --drift only compare; return 0 if nothing differs afterwards."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words not in ([], ["--drift"]):
        print("usage: python -m house.chart [--drift]", file=sys.stderr)
        return 2
    if words:
        stale = [f"{line}: {ADVICE}" for line in chart_manifests.drift(ROOT / chart_manifests.INSTALL)]
        wrong = [*drift(chart_files.rendered(), chart_files.there()), *stale]
        print("\n".join(wrong) if wrong else "chart: as the models say")
        return 1 if wrong else 0
    _write(chart_files.rendered())
    helm = tools.ensure(Cache.chosen(), ("helm",)) / "helm"
    _write(chart_manifests.rendered(helm))
    return 0


def drift(wanted: Mapping[str, str], there: Mapping[str, str]) -> list[str]:
    """Return a line for each file that is missing, differs from the models, or has no model."""
    return [
        f"{path}: {_difference(path, wanted, there)}: {ADVICE}"
        for path in sorted(wanted.keys() | there.keys())
        if wanted.get(path) != there.get(path)
    ]


def _difference(path: str, wanted: Mapping[str, str], there: Mapping[str, str]) -> str:
    if path not in there:
        return "is missing"
    return "differs from the models" if path in wanted else "belongs to no model"


def _write(files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
