"""Validation rules across the fields of an adapter."""

from typing import Any, Final

from fairlead.api import canary_steps
from fairlead.api.adapter import AdapterSpec, AdapterVersion
from fairlead.api.adapter_canary import AdapterCanary, AdapterCanaryStep
from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.fleet.adapters import WHOLE

SIDES: Final = 2
"""Most versions under a canary: the serving one and the new one."""
RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[AdapterSpec](
        on=AdapterSpec,
        field="versions",
        fault=FieldErrorReason.INVALID,
        cel=f"has(self.canary) || self.versions.map(one, has(one.traffic) ? one.traffic : {WHOLE}).sum() == {WHOLE}",
        holds=lambda it: it.canary is not None or sum(one.share for one in it.versions) == WHOLE,
        because="the traffic of all versions has to add up to 100",
        remedy="set the traffic of each version, for instance 95 and 5, or 100 and 0",
    ),
    FieldRule[AdapterSpec](
        on=AdapterSpec,
        field="versions",
        fault=FieldErrorReason.INVALID,
        cel=f"!has(self.canary) || size(self.versions) <= {SIDES}",
        holds=lambda it: it.canary is None or len(it.versions) <= SIDES,
        because="a canary compares one new version with the one that serves",
        remedy="keep only those two in the list, or remove canary and set the traffic of each version",
    ),
    FieldRule[AdapterSpec](
        on=AdapterSpec,
        field="versions",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.canary) || self.versions.all(one, !has(one.traffic))",
        holds=lambda it: it.canary is None or all(one.traffic is None for one in it.versions),
        because="with canary its steps decide what each version gets, so traffic would be ignored",
        remedy="remove the traffic of each version, or remove canary",
    ),
    FieldRule[AdapterVersion](
        on=AdapterVersion,
        field="revision",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.revision) || self.source.startsWith('hf://')",
        holds=lambda it: it.revision is None or it.source.startswith("hf://"),
        because="only hf:// sources have revisions",
        remedy="remove revision, or use an hf:// source",
    ),
    *canary_steps.step_rules(AdapterCanary, AdapterCanaryStep, "new version"),
)
