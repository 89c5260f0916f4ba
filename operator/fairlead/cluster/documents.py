"""The documents of YAML files; invalid YAML is reported by file and line."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Final

from fairlead.documents import yaml_document
from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from fairlead.documents.yaml_loaders import KubectlLoader

LARGEST_FILE: Final = 3 * 1024 * 1024
"""No API server accepts an object of half this size."""
STANDARD_INPUT: Final = "-"
"""As kubectl names it."""

_UNSTORED: Final = {DocumentFault.TOO_LARGE: "make it smaller", DocumentFault.TOO_DEEP: "make it flatter"}
_REMEDIES: Final = {DocumentFault.CONTROL_CHARACTER: "remove it"}
_BETWEEN: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDocument:
    """One document of a file, or why it cannot be read."""

    place: str
    """`file.yaml`, and which document if there are several."""
    file: str = ""
    """`file.yaml` alone."""
    content: object = None
    problem: str | None = None


def read(paths: Sequence[str]) -> Iterator[YamlDocument]:
    """Yield every document of every file, in order; a folder stands for all YAML files in it, `-` for stdin."""
    for given in paths:
        if given == STANDARD_INPUT:
            yield from _of_standard_input()
            continue
        path = Path(given)
        files = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
        if not files:
            yield YamlDocument(place=given, problem="the folder holds no YAML file")
        for file in files:
            yield from _of_file(file)


def of_text(text: str, place: str) -> Iterator[YamlDocument]:
    """Yield every document of a text; an invalid one does not hide the others."""
    found = list(_of_text(text))
    for number, one in enumerate(found, start=1):
        named = f"{place} (document {number})" if len(found) > 1 else place
        yield from _items(YamlDocument(place=named, file=place, content=one.content, problem=one.problem))
    if not found:
        yield YamlDocument(place=place, problem="is empty; write an object, or leave the file out")


def _items(one: YamlDocument) -> Iterator[YamlDocument]:
    """Yield the items of a list as `kubectl get -o yaml` writes it, since `kubectl apply` applies each of them."""
    content = one.content
    if not isinstance(content, dict) or content.get("kind") != "List" or not isinstance(content.get("items"), list):
        yield one
        return
    for number, item in enumerate(content["items"], start=1):
        yield from _items(YamlDocument(place=f"{one.place}, item {number}", file=one.file, content=item))


def _of_standard_input() -> Iterator[YamlDocument]:
    place = "stdin"
    if sys.stdin is None:  # as cron and systemd may start it, though its type says otherwise
        yield YamlDocument(place=place, problem="is closed; redirect a file to it, or name the file")
        return
    yield from _of_bytes(sys.stdin.buffer.read(LARGEST_FILE + 1), place)


def _of_file(path: Path) -> Iterator[YamlDocument]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        yield YamlDocument(place=str(path), problem=f"cannot be read: {problem.strerror}")
    else:
        yield from _of_bytes(content, str(path))


def _of_bytes(content: bytes, place: str) -> Iterator[YamlDocument]:
    if len(content) > LARGEST_FILE:
        yield YamlDocument(place=place, problem=f"larger than {LARGEST_FILE >> 20} MiB, which no API server accepts")
        return
    try:
        text = TextIOWrapper(BytesIO(content), encoding="utf-8").read()
    except UnicodeDecodeError as problem:
        yield YamlDocument(place=place, problem=f"is not UTF-8 text: {problem.reason} at byte {problem.start}")
    else:
        yield from of_text(text, place)


def _of_text(text: str) -> Iterator[YamlDocument]:
    """Split like kubectl."""
    above = 0
    for piece in _BETWEEN.split(text):
        one = _of_piece(piece, above) if piece.strip() else None
        if one is not None and (one.problem or one.content is not None):
            yield one
        above += piece.count("\n")


def _of_piece(text: str, above: int) -> YamlDocument:
    """Parse one document; `above` lines of the file precede it."""
    try:
        return YamlDocument(place="", content=yaml_document.read(text, KubectlLoader))
    except UnreadableDocument as problem:
        return YamlDocument(place="", problem=_sentence(problem, above))


def _sentence(problem: UnreadableDocument, above: int) -> str:
    """Say what is wrong after the document's name, and what to do."""
    if problem.fault in _UNSTORED:
        return f"{problem.because.removeprefix('it ')}; no API server takes that: {_UNSTORED[problem.fault]}"
    line = "" if problem.line is None else f"line {above + problem.line}: "
    return f"is not valid YAML: {line}{problem.because}; {_REMEDIES.get(problem.fault, 'correct that line')}"
