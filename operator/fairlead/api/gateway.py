"""InferenceGateway as people write it: one address over many deployments, and which of them answers what."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList, UniqueList
from fairlead.api.router_spec import RouterSpec
from fairlead.api.string_formats import Handle, ModelName, ObjectName, Share
from fairlead.api.traffic import TokenLimit


class RouteStrategy(StrEnum):
    """How a deployment is chosen for a request."""

    SINGLE = "Single"
    WEIGHTED = "Weighted"
    RULES = "Rules"
    CASCADE = "Cascade"


class Difficulty(StrEnum):
    """How hard a request is estimated to be."""

    EASY = "Easy"
    HARD = "Hard"


class CascadeValidator(StrEnum):
    """What decides whether a small model's answer is good enough."""

    JSON_SCHEMA = "JsonSchema"
    CONFIDENCE = "Confidence"
    NOT_EMPTY = "NotEmpty"


class FallbackReason(StrEnum):
    """When a request goes to the next deployment of a chain."""

    UNAVAILABLE = "Unavailable"
    QUEUE_FULL = "QueueFull"
    TIMEOUT = "Timeout"
    CONTEXT_TOO_LONG = "ContextTooLong"


class WeightedTarget(ApiModel):
    """One deployment and its part of the requests."""

    deployment: ObjectName = Field(description="Name of an InferenceDeployment in this namespace.")
    weight: Annotated[int, Field(ge=0, le=1000)] = Field(
        description="Part of the requests, relative to the other weights. 0: none, but kept in the list."
    )


class When(ApiModel):
    """What a request must look like; all that is named must hold."""

    difficulty: Difficulty | None = Field(
        default=None,
        description="Easy or Hard, judged from length, instructions, code, mathematics and tools in the prompt; a "
        "client may say it with the header x-fairlead-difficulty.",
    )
    min_prompt_tokens: TokenLimit | None = Field(default=None, description="The prompt has at least so many tokens.")
    max_prompt_tokens: TokenLimit | None = Field(default=None, description="The prompt has at most so many tokens.")
    min_output_tokens: TokenLimit | None = Field(
        default=None, description="The request asks for at least so many tokens."
    )
    max_output_tokens: TokenLimit | None = Field(
        default=None, description="The request asks for at most so many tokens."
    )
    structured_output: bool | None = Field(
        default=None, description="The request asks for JSON of a schema, or does not."
    )
    tools: bool | None = Field(default=None, description="The request offers tools, or does not.")
    tenants: Annotated[tuple[Handle, ...], UniqueList()] = Field(
        default=(), max_length=16, description="The request comes from one of these tenants."
    )


class Rule(ApiModel):
    """One line of the table; the first that holds decides."""

    name: Handle = Field(description="Name of the rule, shown in metrics and traces; unique in this model.")
    when: When = Field(description="What a request must look like.")
    deployment: ObjectName = Field(description="Name of an InferenceDeployment in this namespace.")


class Cascade(ApiModel):
    """Smaller models first; the next one gets the request when an answer does not pass."""

    deployments: Annotated[tuple[ObjectName, ...], Field(min_length=2, max_length=4)] = Field(
        description="InferenceDeployments in this namespace, smallest first. The last one's answer is always given.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    validator: CascadeValidator = Field(
        description="JsonSchema: the answer must obey the schema that the request named. Confidence: mean probability "
        "of its tokens. NotEmpty: there must be one."
    )
    min_confidence: Share | None = Field(
        default=None, description='Mean token probability that passes, for instance "0.70". Needed by Confidence.'
    )


class Fallback(ApiModel):
    """Who answers when the chosen deployment cannot."""

    deployments: Annotated[tuple[ObjectName, ...], Field(min_length=1, max_length=8)] = Field(
        description="InferenceDeployments in this namespace, in order.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    reasons: Annotated[tuple[FallbackReason, ...], UniqueList()] = Field(
        default=(FallbackReason.UNAVAILABLE,),
        max_length=8,
        description="When they are used: Unavailable, QueueFull, Timeout, ContextTooLong. Default Unavailable.",
    )


class ModelRoute(ApiModel):
    """One model as clients name it."""

    name: ModelName = Field(description="Name that clients send as model; unique in this gateway.")
    strategy: RouteStrategy = Field(
        default=RouteStrategy.SINGLE,
        description="Single: one deployment. Weighted: by weights. Rules: by what the request looks like. Cascade: "
        "small first, larger when the answer does not pass. Default Single.",
    )
    deployment: ObjectName | None = Field(
        default=None,
        description="InferenceDeployment that answers; needed by Single, and by Rules for what no rule names.",
    )
    weighted: Annotated[tuple[WeightedTarget, ...], KeyedList("deployment", lambda one: one.deployment)] = Field(
        default=(), max_length=16, description="Deployments and their parts; needed by Weighted."
    )
    rules: Annotated[tuple[Rule, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=16, description="Lines in order, the first that holds decides; needed by Rules."
    )
    cascade: Cascade | None = Field(default=None, description="Smaller models first; needed by Cascade.")
    fallback: Fallback | None = Field(default=None, description="Who answers when the chosen deployment cannot.")
    cache: bool | None = Field(
        default=None, description="Whether answers of this model are cached. Default: as the gateway's cache says."
    )


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
