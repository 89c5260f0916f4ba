"""The InferenceGateway resource: one address over many deployments, and which of them serves which request."""

from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, KeyedList, UniqueList
from fairlead.api.external_models import ExternalModel
from fairlead.api.router_spec import RouterSpec
from fairlead.api.string_formats import DeploymentTarget, Handle, ModelName, NamespacePattern, Share
from fairlead.api.tenants import GatewayTenant
from fairlead.api.traffic import TokenLimit
from fairlead.fleet.model_routes import AnswerCheck, Difficulty, FallbackReason, InvalidAnswerAction, RouteStrategy

_TARGET = "an InferenceDeployment: its name, or namespace/name where it is in another one"
_ANSWERS = f"{_TARGET}; or external/NAME for one of external."


class WeightedTarget(ApiModel):
    """One deployment and its share of the requests."""

    deployment: DeploymentTarget = Field(description=f"Name of {_ANSWERS}")
    weight: Annotated[int, Field(ge=0, le=1000)] = Field(
        description="Share of the requests, relative to the other weights. 0: none, but it stays in the list."
    )


class When(ApiModel):
    """Conditions on a request; all that are set must hold."""

    difficulty: Difficulty | None = Field(
        default=None,
        description="Easy or Hard, judged from length, instructions, code, mathematics and tools in the prompt; a "
        "client may set it with the header x-fairlead-difficulty.",
    )
    min_prompt_tokens: TokenLimit | None = Field(
        default=None, description="The prompt has at least this many tokens, at four bytes each."
    )
    max_prompt_tokens: TokenLimit | None = Field(
        default=None, description="The prompt has at most this many tokens, at four bytes each."
    )
    min_output_tokens: TokenLimit | None = Field(
        default=None,
        description="The request asks for at least this many tokens. One that names no number does not match.",
    )
    max_output_tokens: TokenLimit | None = Field(
        default=None,
        description="The request asks for at most this many tokens. One that names no number does not match.",
    )
    structured_output: bool | None = Field(
        default=None,
        description="true: the request asks for a format: a JSON schema, json_object or a grammar; false: it does not.",
    )
    tools: bool | None = Field(default=None, description="true: the request offers tools; false: it does not.")
    tenants: Annotated[tuple[Handle, ...], UniqueList()] = Field(
        default=(), max_length=16, description="The request comes from one of these tenants."
    )
    tasks: Annotated[tuple[Handle, ...], UniqueList()] = Field(
        default=(), max_length=16, description="The request names one of these in its header x-fairlead-task."
    )
    expression: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        default=None,
        description="An expression in a subset of CEL over model, tenant, task, difficulty, promptTokens, "
        "outputTokens, structuredOutput and tools, for instance promptTokens > 4000 && !tools.",
    )


class Rule(ApiModel):
    """One routing rule; the first that matches decides."""

    name: Handle = Field(description="Name of the rule, shown in metrics and traces; unique in this model.")
    when: When = Field(description="Conditions that a request must meet.")
    deployment: DeploymentTarget = Field(description=f"Name of {_ANSWERS}")


class Cascade(ApiModel):
    """Smaller models first; the next one if an answer does not pass. Answers are held until they are judged."""

    deployments: Annotated[tuple[DeploymentTarget, ...], Field(min_length=2, max_length=4)] = Field(
        description="InferenceDeployments, smallest first, or external/NAME for one of external. The last one's "
        "answer is always given.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    validator: AnswerCheck = Field(
        description="JsonSchema: the answer must obey the schema that the request named. Pattern: it must match. "
        "Confidence: mean probability of its tokens, which only chat and completions report; others pass. "
        "NoRefusal: it must not decline. MinLength: it must be long enough. NotEmpty: there must be one."
    )
    min_confidence: Share | None = Field(
        default=None, description='Mean token probability that passes, for instance "0.70". Needed by Confidence.'
    )
    pattern: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        default=None, description="Regular expression that occurs in an answer that passes. Needed by Pattern."
    )
    min_characters: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="Fewest characters of an answer that passes. Required by MinLength."
    )
    refusal_words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=64)], ...], UniqueList()] = Field(
        default=(), max_length=32, description="Additional words by which NoRefusal recognizes that a model declines."
    )
    max_extra_share: Share = Field(
        default="1",
        description="Most escalations, as a share of this model's requests over a minute; above it the answer "
        'already at hand is returned. Default "1": all.',
    )


class Fallback(ApiModel):
    """Deployments that answer when the chosen one cannot."""

    deployments: Annotated[tuple[DeploymentTarget, ...], Field(min_length=1, max_length=8)] = Field(
        description="InferenceDeployments in order, by name or namespace/name; external/NAME for one of external.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    reasons: Annotated[tuple[FallbackReason, ...], UniqueList()] = Field(
        default=(FallbackReason.UNAVAILABLE,),
        min_length=1,
        max_length=8,
        description="When they are used. Unavailable: no replica serves, or every attempt failed. QueueFull: refused "
        "for overload. Timeout: no first byte in time. EngineError: the engine answered 5xx. ContextTooLong: the "
        "prompt does not fit. Default Unavailable.",
    )


class Shadow(ApiModel):
    """Sends a share of the requests elsewhere too, if there is capacity; those answers are measured and dropped."""

    deployment: DeploymentTarget = Field(description=f"Name of {_TARGET}.")
    share: Share = Field(description='Share of the requests that is copied, for instance "0.05".')


class ModelRoute(ApiModel):
    """One model as clients name it."""

    name: ModelName = Field(description="Name that clients send as model; unique in this gateway.")
    strategy: RouteStrategy = Field(
        default=RouteStrategy.SINGLE,
        description="Single: one deployment. Weighted: by weights. Rules: by properties of the request. Cascade: "
        "small first, larger when the answer does not pass. Default Single.",
    )
    deployment: DeploymentTarget | None = Field(
        default=None,
        description=f"Name of {_ANSWERS} Required by Single, and by Rules for requests that match no rule.",
    )
    weighted: Annotated[tuple[WeightedTarget, ...], KeyedList("deployment", lambda one: one.deployment)] = Field(
        default=(), max_length=16, description="Deployments and their weights; required by Weighted."
    )
    rules: Annotated[tuple[Rule, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(), max_length=16, description="Rules in order; the first that matches decides; required by Rules."
    )
    cascade: Cascade | None = Field(
        default=None,
        description="Smaller models first; needed by Cascade. An answer that may be replaced is held until it "
        "is complete, so its stream begins late; the last model's answer streams at once.",
    )
    fallback: Fallback | None = Field(default=None, description="What answers when the chosen deployment cannot.")
    shadow: Shadow | None = Field(
        default=None,
        description="A copy of some requests, to try another deployment on real traffic. No tenant pays for copies "
        "and none is cached; access lines and shadow_copies_total report their results.",
    )
    cache: bool | None = Field(
        default=None,
        description="Whether answers of this model are cached, with the gateway's other settings of its cache. "
        "Default: as cache.enabled says.",
    )
    on_invalid: InvalidAnswerAction = Field(
        default=InvalidAnswerAction.COUNT,
        description="What happens to a structured output that breaks its schema. Count: it is passed on and counted. "
        "Retry: a conversation goes once more to the same deployment, with the reason. Escalate: the request goes to "
        "the next deployment in fallback. With both, an answer is held until it is checked. Default Count.",
    )


class InferenceGatewaySpec(RouterSpec):
    """One OpenAI-compatible address over many deployments."""

    replicas: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="Number of router pods. Default 2. kubectl scale and an HPA may set it."
    )
    allowed_namespaces: Annotated[tuple[NamespacePattern, ...], UniqueList()] = Field(
        default=(),
        max_length=64,
        description='Other namespaces whose deployments may join, or "*" for all. Default: only its own.',
    )
    models: Annotated[tuple[ModelRoute, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=128,
        description="Models as clients name them. A deployment that names this gateway and is in no route "
        "is served under its servedName; its adapters always are, unless a route has their name.",
    )
    external: Annotated[tuple[ExternalModel, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=32,
        description="OpenAI-compatible APIs outside of the cluster, which models "
        "name as external/NAME. They get chat, completions and embeddings; other requests stay with deployments.",
    )
    tenants: Annotated[tuple[GatewayTenant, ...], KeyedList("name", lambda one: one.name)] = Field(
        default=(),
        max_length=256,
        description="Who may send requests. Without tenants everyone may, without a key. The optional Secret "
        "NAME-keys holds their keys: entries TENANT or TENANT.ANYTHING an API key, TENANT.ANYTHING.sha256 its SHA-256 "
        "in hex.",
    )
