"""Excerpts of recorded traffic."""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "traffic"


def lines(name: str) -> list[str]:
    """The lines of one excerpt."""
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()
