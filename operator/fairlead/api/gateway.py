"""InferenceGateway as people write it: one address over many deployments."""

from typing import Annotated

from pydantic import Field

from fairlead.api.part import ByKey
from fairlead.api.routed import Routed
from fairlead.api.routes import ModelRoute


class InferenceGatewaySpec(Routed):
    """One OpenAI-compatible address over many deployments."""

    replicas: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="Number of router pods. Default 2. kubectl scale and an HPA may set it."
    )
    models: Annotated[tuple[ModelRoute, ...], ByKey("name", lambda one: one.name)] = Field(
        default=(),
        max_length=64,
        description="Models as clients name them. A deployment that names this gateway and stands in no route is "
        "served under its servedName.",
    )
