"""The status of an evaluation: what it contains, which lines cannot be used, and its last result."""

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.status import ObjectStatus
from fairlead.api.status_values import ATOMIC, Figure, Sentence, ShortText
from fairlead.fleet.gate_verdicts import Verdict


class EvaluationRunStatus(ApiModel):
    """The result of the evaluation in a canary."""

    deployment: ShortText | None = Field(default=None, description="Name of the InferenceDeployment.")
    adapter: ShortText | None = Field(default=None, description="Name of the Adapter, where it was a version of one.")
    revision: ShortText = Field(description="Hash of the revision that was tried, or the version's name.")
    verdict: Verdict = Field(description="Passed, Failed, Undecided or Error.")
    reason: ShortText = Field(description="Why, as one word.")
    message: Sentence = Field(default=None, description="Why, in a sentence with its figures.")


class EvaluationStatus(ObjectStatus):
    """Observed state of the evaluation."""

    items: Figure = Field(default=None, description="Items that can be used; absent while they cannot be read.")
    digest: ShortText | None = Field(
        default=None, description="Digest of all items and the scorer; when it changes, the items are sent again."
    )
    bad_lines: Figure = Field(default=None, description="Lines that cannot be used; while there are any, nothing runs.")
    problems: tuple[Sentence, ...] = Field(
        default=(), max_length=10, description="What is wrong with the first of them.", json_schema_extra=ATOMIC
    )
    last_run: EvaluationRunStatus | None = Field(default=None, description="The canary that it evaluated last.")
