"""A condition as every Kubernetes object has it, so that `kubectl wait` and kstatus read ours too."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """One condition of the object: true, false or unknown."""

    type: str = Field(description="Type of the condition, in CamelCase.", max_length=316)
    status: ConditionStatus = Field(description="True, False or Unknown.")
    observed_generation: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Generation of the spec that the condition is about."
    )
    last_transition_time: str = Field(
        description="When status last changed.", json_schema_extra={"format": "date-time"}
    )
    reason: str = Field(
        description="Why, as one word of a closed and documented list.",
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
    )
    message: str = Field(description="Which field, which value, which rule, and what to do.", max_length=32_768)


Conditions = Annotated[tuple[Condition, ...], Field(max_length=32), KeyedList("type", lambda one: one.type)]


class ObjectStatus(ApiModel):
    """What every one of our objects reports."""

    observed_generation: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Generation of the spec that this status speaks about."
    )
    conditions: Conditions = Field(
        default=(),
        description="What holds. Ready sums up; Stalled is True when only a person can change something.",
    )
