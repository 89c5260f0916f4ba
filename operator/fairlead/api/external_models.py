"""Models of external APIs, as a gateway declares them: address, name there, prices and limits."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import Handle, Money, Url


class Prices(ApiModel):
    """Prices of an API per million tokens, in the catalogue's currency."""

    prompt: Money = Field(default="0", description='Of 1,000,000 prompt tokens, for instance "2.50". Default "0".')
    cached: Money | None = Field(
        default=None, description="Of 1,000,000 cached prompt tokens. Default: the same as prompt."
    )
    output: Money = Field(default="0", description='Of 1,000,000 output tokens, for instance "10". Default "0".')


class ExternalModel(ApiModel):
    """One model of an OpenAI-compatible API outside the cluster."""

    name: Handle = Field(description="Name of this API, by which models name it as external/NAME; unique.")
    url: Url = Field(description="Base URL as its clients write it, for instance https://api.example.com/v1.")
    model: Annotated[str, Field(min_length=1, max_length=256)] = Field(description="What that API calls the model.")
    key_secret: SecretKeyRef | None = Field(
        default=None, description="Secret with the API key that is sent there. Default: none is sent."
    )
    prices: Prices = Field(
        default=Prices(), description="What it charges, in the currency of all prices here. Default: nothing."
    )
    max_concurrency: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=64, description="Most requests at once from one router. Default 64."
    )
