"""The router's own errors as HTTP: dispatcher refusals, engine failures and invalid client requests.

Each names the field or replica, the reason, and what to do.
"""

import json
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.token_rights import TokenRight
from fairlead.router.observability.label_values import ReplyFailure
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.unreadable_body import BodyFault, UnreadableBody
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

MAX_LISTED: Final = 20
"""Models listed in a message; a gateway may have hundreds."""
MAX_NAME: Final = 120
"""Characters shown of a name that a client chose."""
MAX_NUMBER: Final = 60
STATUS: Final[dict[RefusalReason, int]] = {
    RefusalReason.UNKNOWN_KEY: 401,
    RefusalReason.TOKEN_REFUSED: 401,
    RefusalReason.UNKNOWN_TENANT: 403,
    RefusalReason.MODEL_NOT_ALLOWED: 403,
    RefusalReason.MODEL_NOT_FOUND: 404,
    RefusalReason.PROMPT_TOO_LONG: 400,
    RefusalReason.OUTPUT_TOO_LONG: 400,
    RefusalReason.CONTEXT_TOO_LONG: 400,
    RefusalReason.TOKEN_RATE: 429,
    RefusalReason.REQUEST_RATE: 429,
    RefusalReason.BUDGET: 429,
    RefusalReason.QUEUE_FULL: 429,
}
"""All others are 503: nothing is wrong with the request, and a retry may succeed."""


def of(refusal: Refusal) -> Problem:
    """A refusal by the dispatcher."""
    again = refusal.retry_after_seconds
    return Problem(
        status=STATUS.get(refusal.reason, 503),
        code=refusal.reason.value,
        message=refusal.message,
        param=refusal.param,
        retry_after_seconds=None if again is None else max(1, ceil(again)),
    )


def unknown_path(head: RequestHead) -> Problem:
    """Neither the router nor engines have this path."""
    route = f"{_text(head.method)} {_text(head.path)}"
    message = (
        f"{route}: there is no such route; POST to one below /v1/, such as /v1/chat/completions, or GET /v1/models"
    )
    return Problem(status=404, code="not_found", message=message)


def no_route_at_engine(head: RequestHead) -> Problem:
    """The engine has no such route: a text model has none for audio, an old release none for newer features."""
    route = f"{_text(head.method)} {_text(head.path)}"
    message = f"{route}: the engine at this address has no such route; use one that its model supports, such as chat"
    return Problem(status=404, code="not_found", message=message)


def no_adapter_here(path: bytes, adapter: str) -> Problem:
    """The engine would answer as the base model and claim to be the adapter."""
    message = (
        f"{_text(path)}: this deployment's engine takes no LoRA adapter on this route, and {adapter} is one; "
        "ask for it on /v1/chat/completions, /v1/completions or /v1/messages"
    )
    return Problem(status=400, code="adapter_not_here", message=message, param="model")


def no_salt_here(path: bytes) -> Problem:
    """The engine would let tenants share prefixes, which the configuration rules out."""
    message = (
        f"{_text(path)}: this deployment separates tenants' prefixes, and its engine cannot do so on this route; "
        "use /v1/chat/completions, or ask the operator to switch cacheSalt off"
    )
    return Problem(status=400, code="salt_not_here", message=message)


def no_max_tokens(*, given: bool) -> Problem:
    """Anthropic's API requires `max_tokens`, and has these messages."""
    message = "max_tokens: Input should be a valid integer" if given else "max_tokens: Field required"
    return Problem(status=400, code="invalid_request", message=message, param="max_tokens")


def uncountable(name: str, value: object) -> Problem:
    """A limit or a number of replies that may mean more to an engine than to the router, or less than nothing."""
    given = "an array or object" if isinstance(value, (list, dict)) else json.dumps(value)[:MAX_NUMBER]
    message = (
        f"{name}: {given}: limits, rates and budgets count with this number; "
        "send a whole number of 1 or more, such as 16"
    )
    return Problem(status=400, code="invalid_request", message=message, param=name)


def wrong_method(head: RequestHead, allow: str) -> Problem:
    """The route exists, but only for other methods."""
    route = f"{_text(head.method)} {_text(head.path)}"
    return Problem(status=405, code="method_not_allowed", message=f"{route}: this route takes {allow}", allow=allow)


def no_metrics_key() -> Problem:
    """The file no longer names any key although the port is open to all."""
    message = (
        "the file no longer names metricsKeys, and this port can be reached from other hosts: name one, or restart"
    )
    return Problem(status=401, code="unknown_key", message=message)


def no_router(peer: str) -> Problem:
    """Only routers may request permits."""
    message = f"this page is only for routers of the same deployment, and {peer} is none of them"
    return Problem(status=403, code="no_router", message=message)


def unknown_metrics_key() -> Problem:
    """The key or token is not valid for the metrics port; tenants' keys never are."""
    message = (
        "send a metrics key, or a Kubernetes token whose owner may get this path, as `Authorization: Bearer`; "
        "tenants' keys do not open this page"
    )
    return Problem(status=401, code="unknown_key", message=message)


def too_many_reviews() -> Problem:
    """Token reviews have reached the API server's rate limit."""
    message = "too many unknown tokens are being reviewed; send the request again in a second"
    return Problem(status=503, code="token_review", message=message, retry_after_seconds=1)


def of_review(right: TokenRight, page: str) -> Problem | None:
    """Map the API server's review of a token; None if its owner may read the page."""
    match right:
        case TokenRight.ALLOWED:
            return None
        case TokenRight.UNKNOWN_TOKEN:
            return unknown_metrics_key()
        case TokenRight.DENIED:
            message = (
                f"the token's owner is not permitted to get {page}: grant it the verb get on the nonResourceURL {page}"
            )
            return Problem(status=403, code="no_right", message=message)
        case TokenRight.NO_ANSWER:
            message = "the API server did not say whether the token's owner may read this page; send the request again"
            return Problem(status=503, code="token_review", message=message, retry_after_seconds=1)


def unknown_model(name: str, models: Sequence[str]) -> Problem:
    """The model is unknown; the message lists the known names."""
    others = f"ask for one of: {_listed(models)}" if models else "none is served here now"
    message = f"model: {name[:MAX_NAME]}: there is no such model here; {others}"
    return Problem(status=404, code="model_not_found", message=message, param="model")


def of_other_tenants(name: str, tenant: str, models: Sequence[str]) -> Problem:
    """The model exists, but not for this tenant."""
    message = f"model: {name}: tenant {tenant} is not permitted to use it; ask for one of: {_listed(models)}"
    return Problem(status=403, code=RefusalReason.MODEL_NOT_ALLOWED.value, message=message, param="model")


def no_target(route: str, target: str) -> Problem:
    """The route's target is not joined to this gateway."""
    message = f"model: {route}: {target} answers for it and is not joined to this gateway now; send the request again"
    code = RefusalReason.NO_REPLICA.value
    return Problem(status=503, code=code, message=message, param="model", retry_after_seconds=1)


def no_moment() -> Problem:
    """A usage page's time parameter is invalid."""
    message = "start_time, end_time: write seconds since 1970 in UTC, as `date +%s` prints them, or leave both out"
    return Problem(status=400, code="invalid_request", message=message, param="start_time")


def no_format(given: str, formats: Iterable[str]) -> Problem:
    """A usage page was requested in an unknown format."""
    message = f"format: {given[:MAX_NAME]}: this page has no such format; use {' or '.join(formats)}"
    return Problem(status=400, code="invalid_request", message=message, param="format")


def no_outcome(why: str) -> Problem:
    """A task report cannot be parsed."""
    message = f'the report: {why[:MAX_NAME]}; send {{"task": "...", "success": true}}'
    return Problem(status=400, code="invalid_request", message=message)


def unknown_task(name: str) -> Problem:
    """No request seen by this router named the task."""
    message = (
        f"task: {name}: no request of yours at this router named it in x-fairlead-task lately; "
        "where several routers run, report to the one that answered"
    )
    return Problem(status=404, code="unknown_task", message=message, param="task")


def no_such_target(name: str, targets: Sequence[str]) -> Problem:
    """The page's deployment is not one of this router's."""
    here = f"it has {_listed(targets)}" if any(targets) else "it serves one deployment: leave the parameter out"
    return Problem(status=404, code="not_found", message=f"deployment: {name}: not at this router; {here}")


def no_route_outside(path: bytes) -> Problem:
    """The model's target is an external API, which is sent only chat, completions and embeddings."""
    message = (
        f"{_text(path)}: an API outside this cluster serves this model, and gets no such requests; "
        "use /v1/chat/completions, /v1/completions or /v1/embeddings"
    )
    return Problem(status=400, code="route_not_outside", message=message)


def wrong_outside(address: str, status: int) -> Problem:
    """The external API refused our key or account, or has moved; its message is not for clients."""
    if status < 400:
        code, why = ReplyFailure.UNREACHABLE, "it redirects to another address, where nothing is sent"
    else:
        code, why = ReplyFailure.KEY_REFUSED, "it refuses this gateway's key or account"
    return Problem(status=502, code=code.value, message=f"{address}: {why}; contact the gateway's operator")


def unreadable(body: UnreadableBody) -> Problem:
    """The body cannot be parsed, so it cannot be accounted for, and another parser might read it differently."""
    match body.fault:
        case BodyFault.NO_OBJECT:
            message = f"the request's body: {body.why}; send one JSON object"
            return Problem(status=400, code="invalid_json", message=message)
        case BodyFault.FORM:
            message = f"the request's body: {body.why}; send multipart/form-data in UTF-8, with one field model"
            return Problem(status=400, code="invalid_request", message=message)
        case BodyFault.EXCESS:
            message = f"the request's body: {body.why}: more is not parsed; send fewer, or several requests"
            return Problem(status=413, code="request_too_large", message=message)


def too_slow_a_client(what: str, seconds: float) -> Problem:
    """The request arrives too slowly."""
    message = f"the request's {what} did not arrive completely within {seconds:g} s; send the request again"
    return Problem(status=408, code="request_timeout", message=message)


def too_many_clients(most: int) -> Problem:
    """The connection exceeds the limit."""
    message = (
        f"{count(most, 'connection')} {verb(most, 'is')} open already, which is the limit; connect again in a second"
    )
    return Problem(status=503, code="too_many_connections", message=message, retry_after_seconds=1)


def unreachable(address: str, why: str) -> Problem:
    """The engine's connection was lost before it answered."""
    message = f"replica {address}: {why}, before it answered; send the request again"
    return Problem(status=502, code=ReplyFailure.UNREACHABLE.value, message=message)


def too_slow(address: str, seconds: float) -> Problem:
    """The total time-out expired."""
    message = (
        f"replica {address}: did not finish within {seconds:g} s (timeouts.total); "
        "send the request again or ask for less"
    )
    return Problem(status=504, code=ReplyFailure.TIMEOUT.value, message=message)


def no_first_token(address: str, seconds: float) -> Problem:
    """The time-out of the first token expired; the head of a response may have arrived."""
    message = f"replica {address}: no first token within {seconds:g} s (timeouts.firstToken); send the request again"
    return Problem(status=504, code=ReplyFailure.TIMEOUT.value, message=message)


def hung_engine(address: str, why: str) -> Problem:
    """The endpoint was ejected while serving this request."""
    message = f"replica {address}: {why}; send the request again"
    return Problem(status=504, code=ReplyFailure.HUNG.value, message=message)


def cut(address: str, why: str) -> Problem:
    """The response broke after it began, when a retry is no longer possible."""
    message = f"replica {address}: {why}, in the middle of the answer; send the request again"
    return Problem(status=502, code=ReplyFailure.CUT.value, message=message)


def fault() -> Problem:
    """The request hit a router bug."""
    message = "the router hit an internal error; its log has it under this request's id; send the request again"
    return Problem(status=500, code=ReplyFailure.FAULT.value, message=message)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MAX_LISTED
    return ", ".join(names[:MAX_LISTED]) + (f" and {more} more, which GET /v1/models lists" if more > 0 else "")


def _text(shown: bytes) -> str:
    return shown[:200].decode("latin-1")
