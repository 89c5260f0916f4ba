"""The documents of YAML files, as kubectl would read them; what is no YAML is said to be none, by file and line.

Python's YAML and kubectl's disagree on plain words: `1e3` is a text to one and a number to the other, `2026-11-20` a
date and a text. What a command approves must be what the API server gets, so kubectl's reading counts here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

LARGEST_FILE: Final = 3 * 1024 * 1024
"""No API server takes an object of half this size."""

MOST_VALUES: Final = 50_000
"""In one document, with everything an alias stands for; objects of ours have some hundred."""

DEEPEST: Final = 100

PRODUCTS_HELP: Final = "YAML with `products:`, each with what differs from the catalogue: prices, rates, new GPUs"
CONFIG_HELP: Final = "a model's own config.json, for a model the catalogue does not know; may stand several times"

_FAST: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BETWEEN: Final = re.compile(r"^---(?=\s|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document of a file, or why there is none."""

    place: str
    """`file.yaml`, and which document where there are several."""
    content: object = None
    problem: str | None = None


class _Kubectl(_FAST):  # type: ignore[misc]  # whichever of PyYAML's loaders is there
    """Plain words as kubectl takes them; a field that stands twice is refused, since one of them would be lost."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # the name and form are PyYAML's

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    twice = f"the field {key.value[:60]} stands twice"
                    raise yaml.constructor.ConstructorError(problem=twice, problem_mark=key.start_mark)
                seen.add(key.value)
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made

    def whole(self, node: yaml.ScalarNode) -> int:
        """`017` and `0o17` are fifteen, `0x1F` is thirty-one."""
        text = str(self.construct_scalar(node)).replace("_", "")
        digits = text.lstrip("+-")
        octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit() and not set(digits) & {"8", "9"}
        number = int(digits, 8 if octal else 10 if digits.isdigit() else 0)
        return -number if text.startswith("-") else number

    def fraction(self, node: yaml.ScalarNode) -> float | int:
        """`1e3` is the number 1000, and JSON knows no other."""
        text = str(self.construct_scalar(node)).replace("_", "").lower()
        number = float(text.replace(".inf", "inf").replace(".nan", "nan"))
        return int(number) if number.is_integer() and abs(number) < 2**53 else number


_PLAIN: Final = (
    ("bool", "y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    ("int", "[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", "~|null|Null|NULL|", "~nN"),
    ("merge", "<<", "<"),
)
"""kubectl's plain words that are no text: what they are, how they look, and the characters they begin with."""

for _what, _look, _first in _PLAIN:
    _Kubectl.add_implicit_resolver(f"tag:yaml.org,2002:{_what}", re.compile(f"^({_look})$"), ["", *_first])
_Kubectl.add_constructor("tag:yaml.org,2002:int", _Kubectl.whole)
_Kubectl.add_constructor("tag:yaml.org,2002:float", _Kubectl.fraction)
_Kubectl.bool_values = {  # the two letters are kubectl's alone
    **yaml.SafeLoader.bool_values,
    "y": True,
    "n": False,
}


def read(paths: Sequence[str]) -> Iterator[Document]:
    """Every document of every file, in order; folders give their YAML files."""
    for given in paths:
        path = Path(given)
        files = sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]) if path.is_dir() else [path]
        if not files:
            yield Document(place=given, problem="the folder holds no YAML file")
        for file in files:
            yield from _of_file(file)


def of_text(text: str, place: str) -> Iterator[Document]:
    """Every document of a text; one that is no YAML does not hide the others."""
    found = list(_of_text(text))
    for number, one in enumerate(found, start=1):
        named = f"{place} (document {number})" if len(found) > 1 else place
        yield Document(place=named, content=one.content, problem=one.problem)
    if not found:
        yield Document(place=place, problem="is empty; write an object, or leave the file out")


def _of_file(path: Path) -> Iterator[Document]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            yield Document(place=str(path), problem=f"larger than {LARGEST_FILE >> 20} MiB: no API server takes that")
            return
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        yield Document(place=str(path), problem=f"cannot be read: {problem.strerror}")
    except UnicodeDecodeError as problem:
        yield Document(place=str(path), problem=f"is no text: {problem.reason} at byte {problem.start}")
    else:
        yield from of_text(text, str(path))


def _of_text(text: str) -> Iterator[Document]:
    """Split where kubectl splits."""
    above = 0
    for piece in _BETWEEN.split(text):
        one = _of_piece(piece, above) if piece.strip() else None
        if one is not None and (one.problem or one.content is not None):
            yield one
        above += piece.count("\n")


def _of_piece(text: str, above: int) -> Document:
    """One document; `above` lines of the file stand before it."""
    try:
        if because := _too_much(text):
            return Document(place="", problem=because)
        return Document(place="", content=yaml.load(text, Loader=_Kubectl))  # noqa: S506  # a safe loader all the same
    except yaml.MarkedYAMLError as problem:
        line = f"line {above + problem.problem_mark.line + 1}" if problem.problem_mark else "somewhere"
        return Document(place="", problem=f"is no YAML: {line}: {str(problem.problem)[:200]}; mend that line")
    except yaml.reader.ReaderError as problem:
        code = problem.character if isinstance(problem.character, int) else ord(problem.character)
        return Document(place="", problem=f"is no YAML: it holds the control character U+{code:04X}; remove it")
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError):
        return Document(place="", problem="is no YAML: a tag does not go with its value; remove the tag")


def _too_much(text: str) -> str | None:
    """What would take minutes to build: counted as if every alias were written out, before anything is built."""
    total, sizes, within = 0, dict[str | None, int](), list[tuple[str | None, int]]()
    for event in yaml.parse(text, Loader=_FAST):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            sizes |= {anchor: total - before} if anchor else {}
        elif isinstance(event, yaml.NodeEvent):
            total += sizes.get(event.anchor, 1) if isinstance(event, yaml.AliasEvent) else 1
            if isinstance(event, yaml.CollectionStartEvent):
                within.append((event.anchor, total))
        if total > MOST_VALUES:
            return (
                f"holds more than {MOST_VALUES} values, aliases written out; no API server takes that: make it smaller"
            )
        if len(within) > DEEPEST:
            return f"is nested deeper than {DEEPEST} levels; no API server takes that: make it flatter"
    return None
