"""The status of a canary: its plan, its step, and the results of its gates; a restarted operator resumes from it."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.status_values import ATOMIC, DecimalText, Figure, Sentence, ShortText, Timestamp
from fairlead.fleet.canaries import CanaryGate, CanaryPhase, UndecidedAction
from fairlead.fleet.gate_verdicts import Verdict


class CanaryStepStatus(ApiModel):
    """One step of the plan."""

    replicas: Figure = Field(default=None, description="Replicas of the new revision; 0: as many as traffic needs.")
    traffic: Annotated[int | None, Field(ge=0, le=100)] = Field(
        default=None, description="Percent of the conversations that the new revision answers."
    )
    hold_seconds: DecimalText = Field(default=None, description="How long it lasts at least.")
    gates: tuple[CanaryGate, ...] = Field(
        default=(), max_length=3, description="What must pass.", json_schema_extra=ATOMIC
    )


class CanaryServiceStatus(ApiModel):
    """Limits that gate Service applies to the new revision."""

    max_ttft_ratio: DecimalText = Field(default=None, description="How many times as long a first token may take.")
    max_tpot_ratio: DecimalText = Field(
        default=None, description="Longest time for each further token, as a multiple of the old revision's."
    )
    max_fault_share: DecimalText = Field(default=None, description="Share of faults that is always tolerated.")
    min_requests: Figure = Field(default=None, description="Fewest requests on each side with which the gate can pass.")


class CanaryQualityStatus(ApiModel):
    """Limits that gate Quality applies to the new revision."""

    evaluation: ShortText = Field(description="Name of the Evaluation.")
    margin: DecimalText = Field(default=None, description="By how much the share of right answers may be lower.")


class CanaryPlanStatus(ApiModel):
    """The plan as it was when the canary began; later edits of the spec apply to the next canary."""

    steps: tuple[CanaryStepStatus, ...] = Field(
        default=(), max_length=16, description="Steps in order.", json_schema_extra=ATOMIC
    )
    start_within_seconds: DecimalText = Field(
        default=None,
        description="How long the first step waits for a replica that can be spared; absent: without limit.",
    )
    undecided_seconds: DecimalText = Field(
        default=None, description="How long a gate may stay Undecided before `undecided` applies."
    )
    undecided: UndecidedAction | None = Field(default=None, description="What happens to such a step.")
    service: CanaryServiceStatus | None = Field(default=None, description="Limits of gate Service.")
    quality: CanaryQualityStatus | None = Field(default=None, description="Limits of gate Quality.")


class IntervalStatus(ApiModel):
    """An estimate between two bounds, each one-sided at 95 percent."""

    low: DecimalText = Field(default=None, description="Lower bound.")
    estimate: DecimalText = Field(default=None, description="Estimate.")
    high: DecimalText = Field(default=None, description="Upper bound.")


class CanaryGateStatus(ApiModel):
    """The result of one gate at one step."""

    step: Figure = Field(default=None, description="Number of the step, from 1.")
    name: CanaryGate = Field(description="The gate.")
    verdict: Verdict = Field(description="Passed, Failed, Undecided or Error.")
    reason: ShortText = Field(description="Why, as one word.")
    message: Sentence = Field(default=None, description="Why, in a sentence with its figures.")
    compared: Figure = Field(default=None, description="Requests of the new revision, or items, that were compared.")
    baseline: DecimalText = Field(
        default=None, description="Of gate Quality: the share of right answers of the old revision."
    )
    candidate: DecimalText = Field(default=None, description="The same of the new revision.")
    difference: IntervalStatus | None = Field(
        default=None,
        description="Of durations, how many times those of the old revision; of right answers, a share of them.",
    )
    missing: Figure = Field(
        default=None,
        description="Requests, conversations or items still needed; absent where more would change little.",
    )
    items: ShortText | None = Field(default=None, description="Of gate Quality: digest of its items.")


class CanaryStatus(ApiModel):
    """The state of a canary. A restarted operator resumes from it."""

    revision: ShortText = Field(description="Hash of the new revision; of an adapter, the name of the new version.")
    stable: ShortText = Field(description="The one that it is compared with, named alike.")
    phase: CanaryPhase = Field(description="Waiting, Stepping, Promoted or Rejected.")
    step: Figure = Field(default=None, description="Number of the step, from 1.")
    since: Timestamp = Field(default=None, description="When its phase or step began.")
    reached_at: Timestamp = Field(default=None, description="Since when the replicas of the step have served.")
    paused: bool | None = Field(default=None, description="Whether a person paused it.")
    message: Sentence = Field(default=None, description="Why it was rejected or promoted.")
    ordered_at: Timestamp = Field(default=None, description="Time of the last order that was carried out.")
    retried_at: Timestamp = Field(default=None, description="When a person asked for another try.")
    plan: CanaryPlanStatus | None = Field(default=None, description="Its plan.")
    gates: tuple[CanaryGateStatus, ...] = Field(
        default=(), max_length=48, description="Results of the gates, by step.", json_schema_extra=ATOMIC
    )
