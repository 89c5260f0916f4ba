"""All rules between fields, by the part they stand on."""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.api import deployment_rules, routed_rules, shared_rules
from fairlead.api.part import Part
from fairlead.api.problems import Path
from fairlead.api.rule import Rule

RULES: Final = (*deployment_rules.RULES, *routed_rules.RULES, *shared_rules.RULES)


def of(part: type[Part]) -> tuple[Rule[Any], ...]:
    """The rules of one part, and of those it builds on."""
    return tuple(rule for rule in RULES if issubclass(part, rule.on))


def broken(part: Part, path: Path) -> Iterator[tuple[Path, Rule[Any], str]]:
    """Every rule that does not hold in a part or below it: the path of the part, the rule, and why."""
    yield from ((path, rule, rule.told(part)) for rule in of(type(part)) if not rule.holds(part))
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        below = (*path, field.alias or name)
        if isinstance(value, Part):
            yield from broken(value, below)
        elif isinstance(value, tuple):
            for number, each in enumerate(value):
                if isinstance(each, Part):
                    yield from broken(each, (*below, number))
