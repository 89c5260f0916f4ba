"""A model that judges pairs of answers."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import Url


class EvaluationJudge(ApiModel):
    """The model that compares both answers of an item, in both orders."""

    url: Url = Field(
        description="OpenAI-compatible endpoint that the operator calls, for instance a gateway of the cluster; "
        "the path /v1/chat/completions is added."
    )
    model: Annotated[str, Field(min_length=1, max_length=256)] = Field(description="What that API calls the model.")
    key_secret: SecretKeyRef | None = Field(
        default=None, description="Secret with the key that it needs. Default: none is sent."
    )
    instructions: Annotated[str, Field(min_length=1, max_length=4000)] | None = Field(
        default=None,
        description="Instructions before each pair; the judge's replies must end with VERDICT: A, VERDICT: "
        "B or VERDICT: TIE. Default: pick the answer that helps the user more.",
    )
