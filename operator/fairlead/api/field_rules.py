"""All rules across fields, by the part they apply to."""

from collections.abc import Iterator
from typing import Any, Final

from fairlead.api import (
    accelerator_rules,
    adapter_rules,
    deployment_rules,
    evaluation_rules,
    gateway_policy_rules,
    metadata_rules,
    mount_rules,
    resource_rules,
    router_rules,
)
from fairlead.api.api_model import ApiModel
from fairlead.api.field_rule import FieldRule
from fairlead.api.read_problems import FieldPath

RULES: Final = (
    *(*deployment_rules.RULES, *accelerator_rules.RULES, *router_rules.RULES),
    *(*gateway_policy_rules.RULES, *evaluation_rules.RULES, *adapter_rules.RULES),
    *(*resource_rules.RULES, *metadata_rules.RULES, *mount_rules.RULES),
)


def of(part: type[ApiModel]) -> tuple[FieldRule[Any], ...]:
    """Return the rules of one part and of its base classes."""
    return tuple(rule for rule in RULES if issubclass(part, rule.on))


def broken(part: ApiModel, path: FieldPath) -> Iterator[tuple[FieldPath, FieldRule[Any], str]]:
    """Yield each rule that does not hold in a part or below it: the path of the part, the rule, and the reason."""
    yield from ((path, rule, rule.reason_for(part)) for rule in of(type(part)) if not rule.holds(part))
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        below = (*path, field.alias or name)
        if isinstance(value, ApiModel):
            yield from broken(value, below)
        elif isinstance(value, tuple):
            for number, each in enumerate(value):
                if isinstance(each, ApiModel):
                    yield from broken(each, (*below, number))
