"""The canary of an adapter's new version: its steps and the limits of its gates."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, UniqueList
from fairlead.api.lifecycle import CanaryQuality, CanaryService
from fairlead.api.string_formats import Duration, DurationOrZero
from fairlead.fleet.canaries import CanaryGate, UndecidedAction


class AdapterCanaryStep(ApiModel):
    """One step: the new version's share of the conversations, and the gates to pass before the next step."""

    traffic: Annotated[int, Field(ge=0, le=99)] = Field(
        default=0,
        description="Percent of the conversations that the new version answers. Default 0: no user reaches it.",
    )
    hold: DurationOrZero = Field(default="10m", description="How long the step lasts at least. Default 10m.")
    gates: Annotated[tuple[CanaryGate, ...], UniqueList()] = Field(
        default=(),
        max_length=3,
        description="What must pass before the next step. Service: users' requests to the new version are compared "
        "with those to the old one. Quality: both answer the items of an Evaluation, and no user has to reach the new "
        "one for that. Manual: a person promotes it. Default: none, only hold.",
    )


class AdapterCanary(ApiModel):
    """How a new version replaces the one that serves: step by step, with a rollback if a gate fails."""

    steps: tuple[AdapterCanaryStep, ...] = Field(
        default=(
            AdapterCanaryStep(traffic=10, gates=(CanaryGate.SERVICE,)),
            AdapterCanaryStep(traffic=50, gates=(CanaryGate.SERVICE,)),
        ),
        min_length=1,
        max_length=16,
        description="Steps in order; after the last the new version takes all. Default: 10 and then 50 percent of the "
        "conversations, each for at least 10m and until gate Service has passed.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    undecided_after: Duration = Field(
        default="2h",
        description="How long a gate may stay Undecided before `undecided` applies. Default 2h.",
    )
    undecided: UndecidedAction = Field(
        default=UndecidedAction.HOLD,
        description="What happens after undecidedAfter. Hold: the step stays as it is until its gate or a "
        "person decides. RollBack: the new version is rejected. Never promotes. Default Hold.",
    )
    service: CanaryService = Field(default=CanaryService(), description="Limits of gate Service for the new version.")
    quality: CanaryQuality | None = Field(
        default=None, description="Limits of gate Quality. Required with that gate; without it, not used."
    )
