"""InferenceGateway as people write it: one address over many deployments."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import KeyedList
from fairlead.api.router_spec import RouterSpec
from fairlead.api.routes import ModelRoute


class InferenceGatewaySpec(RouterSpec):
    """One OpenAI-compatible address over many deployments."""

    replicas: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="Number of router pods. Default 2. kubectl scale and an HPA may set it."
    )
    models: Annotated[tuple[ModelRoute, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=64,
        description="Models as clients name them. A deployment that names this gateway and stands in no route is "
        "served under its servedName.",
    )
