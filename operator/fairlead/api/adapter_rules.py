"""The rules between the fields of an adapter."""

from typing import Any, Final

from fairlead.api.adapter import AdapterSpec, AdapterVersion
from fairlead.api.field_rule import FieldErrorReason, FieldRule

WHOLE: Final = 100
RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[AdapterSpec](
        on=AdapterSpec,
        field="versions",
        fault=FieldErrorReason.INVALID,
        cel=f"self.versions.map(one, has(one.traffic) ? one.traffic : {WHOLE}).sum() == {WHOLE}",
        holds=lambda it: sum(one.traffic for one in it.versions) == WHOLE,
        because="the traffic of all versions has to add up to 100",
        remedy="set traffic of each version, for instance 95 and 5, or 100 and 0",
    ),
    FieldRule[AdapterVersion](
        on=AdapterVersion,
        field="revision",
        fault=FieldErrorReason.FORBIDDEN,
        cel="!has(self.revision) || self.source.startsWith('hf://')",
        holds=lambda it: it.revision is None or it.source.startswith("hf://"),
        because="only a hf:// source has revisions",
        remedy="remove revision, or name a hf:// source",
    ),
)
