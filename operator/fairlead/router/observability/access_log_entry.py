"""The fields of a line of the access log, in their order, and how each is left out."""

import msgspec
from msgspec import UNSET, UnsetType


class AccessLogEntry(msgspec.Struct, omit_defaults=True, gc=False):
    """The fields in their order; C code writes them, in 0.7 of the time of a template with escapes in Python."""

    time: str
    """When the request came, UTC."""
    request_id: str
    """The client's `X-Request-ID`, or the one made for it."""
    status: int
    """Status of the reply; 499: the client disconnected before it ended."""
    surface: str
    """Kind of route: chat, completions, responses, embeddings, messages, tokenize, models or other."""
    stream: bool
    """Whether the client asked for a stream."""
    e2e_ms: float
    """Milliseconds from the request's arrival to the last byte of the reply."""
    bytes_in: int
    """Bytes of the request's body."""
    bytes_out: int
    """Bytes of the reply's body."""
    client: str = ""
    """Address of the client; behind a load balancer, the balancer's."""
    tenant: str = ""
    """Tenant of the key; absent where no tenants are configured."""
    model: str = ""
    """Model that the request named."""
    revision: str = ""
    """Revision of the replica that replied."""
    replica: str = ""
    """Pod that replied, or that got the last attempt."""
    lane: str = ""
    """Queue of the request: interactive, long or batch."""
    reason: str = ""
    """Why the router refused the request or ended its reply early."""
    left: str = ""
    """Stage that the request was in when its client disconnected."""
    cut: bool = False
    """Whether the reply broke off after it had begun."""
    shadow: str = ""
    """Limit that the request exceeded, where limits are in shadow mode: reported and not enforced."""
    prompt_tokens: int = -1
    """Tokens of the prompt, by the engine's count, as in the next two fields."""
    output_tokens: int = -1
    """Tokens of the reply."""
    cached_tokens: int = -1
    """Tokens of the prompt that were in the KV cache."""
    prompt_tokens_estimated: int = -1
    """The router's estimate of the prompt's tokens, made before the first attempt."""
    queue_ms: float | UnsetType = UNSET
    """Milliseconds in the router's queue, until the first attempt."""
    ttft_ms: float | UnsetType = UNSET
    """Of streams: milliseconds from the request's arrival to the first token."""
    tpot_ms: float | UnsetType = UNSET
    """Of streams: mean milliseconds between tokens after the first."""
    attempts: int = 0
    """Attempts made one after the other, a hedge not counted."""
    hedged: str = ""
    """Result of a second attempt beside a slow first one: won or lost."""
    cache: str = ""
    """Result in the response cache: hit, miss, joined (an equal request was in flight) or passed (not cacheable)."""
    pick: str = ""
    """Which rule chose the replica."""
    blocks: int = 0
    """Prefix blocks of the prompt that were looked up."""
    blocks_held: int = 0
    """Of these, blocks that the replica was believed to have cached."""
    finish_reason: str = ""
    """Why the engine ended the reply, in the engine's words."""
    structured: bool = False
    """Whether the request demanded JSON, a schema or another grammar."""
    trace_id: str = ""
    """Trace of the `traceparent` header, the client's or one that the router made."""
    target: str = ""
    """Of a gateway: deployment or outside API that got the request last; `model` is the route."""
    rule: str = ""
    """Of a gateway: the rule of the route that held."""
    fallback: str = ""
    """Of a gateway: why the request left a target, and which that was; the last one, if it left several."""
    check: str = ""
    """Of a gateway: whether the answer had the form that the request wants: valid, or what is wrong with it."""
    escalated: str = ""
    """Of a gateway: why an answer was held back and another one asked for, and whose that was."""
    cost: float | UnsetType = UNSET
    """What all its attempts cost, in the currency of the prices; absent where nothing of it has a price."""
    copy: str = ""
    """Of a route with a shadow: original, if a copy of the request was sent, or copy, whose reply went to nobody."""
    prompt: str = ""
    """The prompt, only with `accessLog.prompts`; at most 32,768 characters."""
    answer: str = ""
    """The answer, only with `accessLog.prompts`, of requests with a copy and of copies; at most 32,768 characters."""
