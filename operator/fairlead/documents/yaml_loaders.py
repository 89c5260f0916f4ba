"""The loaders that read YAML: one like kubectl, one that refuses duplicate fields, one like PyYAML itself.

PyYAML and kubectl disagree on plain scalars: `1e3` is a string to one and a number to the other, `2026-11-20` a date
and a string. What a command approves must be what the API server gets, so kubectl's rules apply here.
"""

import re
from typing import Any, Final

import yaml

from fairlead.documents.huge_numbers import MOST_DIGITS, shown, too_large

PYTHON_DIGITS: Final = 4300
"""Python makes no text of a whole number of more."""
_KINDS: Final = {"int": "whole number", "float": "number", "timestamp": "date", "bool": "boolean"}
_YAMLS: Final[type[Any]] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DuplicateField(yaml.constructor.ConstructorError):
    """A field that is there twice."""


class UnfitValue(yaml.constructor.ConstructorError):
    """A value that is none of what its tag, or its form, says it is."""


class HugeNumber(yaml.constructor.ConstructorError):
    """A number that nothing can count with."""


class FastLoader(_YAMLS):  # type: ignore[misc]  # whichever of PyYAML's loaders is there
    """PyYAML's own reading, in C where it was built with it: the last of duplicate fields counts."""

    bound: int = 10**PYTHON_DIGITS
    """What no whole number reaches."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401 - any YAML
        """Refuse with its line what a constructor fails for; each does so in its own way."""
        try:
            made = super().construct_object(node, deep=deep)
        except (LookupError, AttributeError, TypeError, ValueError, ArithmeticError):
            raise _unfit(node) from None
        if isinstance(made, int) and abs(made) >= self.bound:
            raise _huge(node)
        return made


def _unfit(node: yaml.Node) -> yaml.MarkedYAMLError:
    kind = _KINDS.get(node.tag.rpartition(":")[2], "value")
    if kind.endswith("number") and len(node.value) > MOST_DIGITS:
        return _huge(node)
    return UnfitValue(problem=f"{_shown(node)} cannot be read as a {kind}", problem_mark=node.start_mark)


def _huge(node: yaml.Node) -> HugeNumber:
    return HugeNumber(problem=too_large(str(node.value)), problem_mark=node.start_mark)


def _shown(node: yaml.Node) -> str:
    return shown(str(node.value)) if isinstance(node, yaml.ScalarNode) else "what is here"


class UniqueKeyLoader(FastLoader):
    """Reads files that only Fairlead reads; a duplicate field is refused, since one of the two would be lost."""

    bound = 10**MOST_DIGITS

    def __init__(self, stream: object) -> None:
        super().__init__(stream)
        self._as_written = set[yaml.MappingNode]()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Look at a mapping before PyYAML puts fields into it: each, since the merges of one flatten the others."""
        if node not in self._as_written:
            self._as_written.add(node)
            _check_fields(node)
        super().flatten_mapping(node)


def _check_fields(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in seen:
                twice = f"the field {key.value[:60]} is there twice"
                raise DuplicateField(problem=twice, problem_mark=key.start_mark)
            seen.add(key.value)


class KubectlLoader(UniqueKeyLoader):
    """Also reads plain scalars like kubectl."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # the name and form are PyYAML's

    def whole(self, node: yaml.ScalarNode) -> int:
        """Read `017` and `0o17` as fifteen, `0x1F` as thirty-one."""
        text = str(self.construct_scalar(node)).replace("_", "")
        digits = text.lstrip("+-")
        octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit() and not set(digits) & {"8", "9"}
        number = int(digits, 8 if octal else 10 if digits.isdigit() else 0)
        return -number if text.startswith("-") else number

    def fraction(self, node: yaml.ScalarNode) -> float | int:
        """Read `1e3` as the number 1000, as JSON does."""
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
"""kubectl's plain scalars that are not strings: their type, their pattern, and their first characters."""

for _what, _pattern, _first in _PLAIN:
    KubectlLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_what}", re.compile(f"^({_pattern})$"), ["", *_first])
KubectlLoader.add_constructor("tag:yaml.org,2002:int", KubectlLoader.whole)
KubectlLoader.add_constructor("tag:yaml.org,2002:float", KubectlLoader.fraction)
KubectlLoader.bool_values = {  # only kubectl reads the two letters as booleans
    **yaml.SafeLoader.bool_values,
    "y": True,
    "n": False,
}
