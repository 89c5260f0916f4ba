"""The shipped rules with every wait divided by one factor, so that a test of minutes covers hours.

Nothing else changes: neither what a rule reads, nor its threshold, nor its name.
"""

import re
from datetime import timedelta
from typing import Any, Final

import yaml

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WAIT: Final = r"(\d+)([smhd])"
_IN_QUERY: Final = re.compile(rf"(\[|\boffset ){_WAIT}\b")
_AGE: Final = re.compile(r"(\btime\(\) - [^<>]+ [<>] )(\d+)\b")
"""How long ago something was, compared with seconds."""


def shortened(rules: str, factor: int) -> str:
    """The same file; a wait of `factor` minutes becomes one of a minute."""
    document = yaml.safe_load(rules)
    for group in document["groups"]:
        _in_place(group, "interval", factor)
        for rule in group["rules"]:
            _in_place(rule, "for", factor)
            query = _AGE.sub(lambda found: f"{found[1]}{int(found[2]) / factor:g}", rule["expr"])
            rule["expr"] = _IN_QUERY.sub(lambda found: found[1] + _divided(found[2], found[3], factor), query)
    return str(yaml.safe_dump(document, sort_keys=False, width=10**6, allow_unicode=True))


def _in_place(found: dict[str, Any], name: str, factor: int) -> None:
    if name in found:
        number, unit = re.fullmatch(_WAIT, found[name]).groups()  # type: ignore[union-attr]  # Prometheus has read it
        found[name] = _divided(number, unit, factor)


def _divided(number: str, unit: str, factor: int) -> str:
    """In milliseconds, as Prometheus knows no fractions."""
    return f"{timedelta(**{_UNITS[unit]: int(number)}) // timedelta(milliseconds=factor)}ms"
