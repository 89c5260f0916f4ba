"""The Evaluation resource: questions with known answers, and how they are put to a model."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.evaluation_items import EvaluationItems
from fairlead.api.evaluation_judge import EvaluationJudge
from fairlead.api.evaluation_runner import EvaluationRunner
from fairlead.api.string_format import StringFormat

Tolerance = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,9}(\.[0-9]{1,6})?%?",
        longest=18,
        because="this is not a tolerance",
        remedy='write a decimal in quotes, for instance "0.01", or a share of the expected number, for instance "1%"',
    ),
]
Points = Annotated[
    str,
    StringFormat(
        pattern=r"[0-9]{1,2}(\.[0-9]{1,2})?",
        somewhere="[1-9]",
        longest=5,
        because="these are not points above 0 and below 100",
        remedy='write a decimal in quotes, for instance "2" or "0.5"',
    ),
]
FieldPathText = Annotated[
    str,
    StringFormat(
        pattern=r"[^.]{1,64}(\.[^.]{1,64}){0,15}",
        longest=253,
        because="this is not the path of a field",
        remedy="write the names of fields joined by dots, for instance city.name",
    ),
]


class ScorerType(StrEnum):
    """How answers are scored."""

    EXACT = "Exact"
    ONE_OF = "OneOf"
    CONTAINS = "Contains"
    REGEX = "Regex"
    NUMBER = "Number"
    CHOICE = "Choice"
    JSON_SCHEMA = "JSONSchema"
    JSON_FIELD = "JSONField"
    TOOL = "Tool"
    JUDGE = "Judge"


class EvaluationScorer(ApiModel):
    """How an answer is scored as right or wrong."""

    type: ScorerType = Field(
        default=ScorerType.EXACT,
        description="What makes an answer right: the text, one of a list, a text that contains the answer, one that "
        "matches the pattern, the number, the letter of the choice, JSON that obeys the schema, JSON with that field, "
        "the call of that tool, or one that a judge finds no worse than the other revision's. Default Exact.",
    )
    ignore_case: bool = Field(
        default=False, description="Whether upper and lower case count as equal; for Exact, OneOf, Contains and Regex."
    )
    tolerance: Tolerance | None = Field(
        default=None,
        description='For Number: how far off the answer may be, "0.01" or "1%". Default: not at all.',
    )
    field: FieldPathText | None = Field(
        default=None, description="For JSONField: the path of the field, its names joined by dots."
    )
    choices: Annotated[int, Field(ge=2, le=26)] | None = Field(
        default=None,
        description="For Choice: how many letters there are, so that a score at chance level is noticed. Default: "
        "unknown.",
    )
    judge: EvaluationJudge | None = Field(
        default=None,
        description="For Judge: the model that compares both answers. Items then need no answer. At most 2,500 items.",
    )


class EvaluationSampling(ApiModel):
    """How answers are sampled; always greedily, at temperature 0."""

    max_tokens: Annotated[int, Field(ge=1, le=131_072)] = Field(
        default=1024,
        description="Most tokens of an answer, which may take 120 s (600 s with a runner in a pod); a longer one is an "
        "error. Default 1024.",
    )
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] = Field(default=0, description="Seed of requests. Default 0.")


class EvaluationSpec(ApiModel):
    """Questions with known answers, for the gate Quality of canaries in the same namespace."""

    items: EvaluationItems = Field(description="Where the items are.")
    runner: EvaluationRunner = Field(
        default=EvaluationRunner(),
        description="Who sends the items, and who scores the answers. Default: the operator.",
    )
    scorer: EvaluationScorer = Field(
        default=EvaluationScorer(), description="When an answer is right. Only with runner BuiltIn."
    )
    sampling: EvaluationSampling = Field(default=EvaluationSampling(), description="How answers are sampled.")
    concurrency: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4,
        description="Most concurrent requests, over both revisions; a replica that serves users gets one at a time, "
        "and none while a request waits there. Default 4.",
    )
    min_items: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=100, description="Fewest items with which a gate can pass. Default 100."
    )
