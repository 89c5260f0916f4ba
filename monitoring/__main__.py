"""`python -m monitoring [--drift]`: write dashboards and rules, here and in the chart, or only compare."""

import sys
from collections.abc import Sequence
from typing import Final

from house.tree import ROOT
from monitoring import files

ADVICE: Final = "run `python -m monitoring` and commit what it wrote"


def main(argv: Sequence[str] | None = None) -> int:
    """Write all, or with --drift only compare; 0 if nothing differs afterwards."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words not in ([], ["--drift"]):
        print("usage: python -m monitoring [--drift]", file=sys.stderr)
        return 2
    wanted = files.rendered()
    removed = _there() - wanted.keys()
    wrong = sorted(removed | {path for path, text in wanted.items() if _text(path) != text})
    if words:
        print(
            "\n".join(f"{path}: differs from its code: {ADVICE}" for path in wrong)
            or "monitoring: all files match the code"
        )
        return 1 if wrong else 0
    for path in removed:
        (ROOT / path).unlink()
    for path, text in wanted.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


def _there() -> set[str]:
    folders = (ROOT / files.FOLDER, ROOT / files.IN_CHART)
    return {path.relative_to(ROOT).as_posix() for folder in folders for path in folder.glob("*")}


def _text(path: str) -> str | None:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).is_file() else None


if __name__ == "__main__":
    sys.exit(main())
