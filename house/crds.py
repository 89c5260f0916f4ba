"""`python -m house.crds [--drift]`: write crds/ and their page from the models, or report what differs from them."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from house import api_page, kind_definitions
from house.tree import ROOT

FOLDER: Final = ROOT / "crds"
ADVICE: Final = "run `python -m house.crds` and commit what it wrote"
HEAD: Final = "# Written by `python -m house.crds` from the models in operator/fairlead/api; changes here are lost.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write all, or with --drift only compare; return 0 if nothing differs afterwards."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words not in ([], ["--drift"]):
        print("usage: python -m house.crds [--drift]", file=sys.stderr)
        return 2
    if words:
        wrong = [*drift(FOLDER), *page_drift(ROOT / api_page.PAGE)]
        print("\n".join(wrong) if wrong else "crds: as the models say")
        return 1 if wrong else 0
    FOLDER.mkdir(exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    (ROOT / api_page.PAGE).write_text(api_page.text(), encoding="utf-8")
    return 0


def page_drift(page: Path) -> list[str]:
    """Return a line if the page differs from the models."""
    if page.is_file() and page.read_text(encoding="utf-8") == api_page.text():
        return []
    return [f"{api_page.PAGE}: differs from the models: {ADVICE}"]


def rendered() -> dict[str, str]:
    """Build every file's name and text."""
    return {f"{name}.yaml": HEAD + _text(one) for name, one in kind_definitions.all_of_them().items()}


def drift(folder: Path) -> list[str]:
    """Return a line for each file that differs from the models, is missing, or has no model."""
    wanted = rendered()
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yaml")}
    return [
        f"crds/{name}: {_difference(name, wanted, there)}: {ADVICE}"
        for name in sorted(wanted.keys() | there.keys())
        if wanted.get(name) != there.get(name)
    ]


def _difference(name: str, wanted: dict[str, str], there: dict[str, str]) -> str:
    if name not in there:
        return "is missing"
    return "differs from the models" if name in wanted else "belongs to no model"


def _text(one: dict[str, Any]) -> str:
    apart = json.loads(json.dumps(one))  # parts that are one object in memory would become anchors
    return yaml.dump(apart, Dumper=yaml.CSafeDumper, sort_keys=False, width=110, allow_unicode=True)


if __name__ == "__main__":
    sys.exit(main())
