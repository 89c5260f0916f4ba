"""Decides whether to accept a request: an ordered chain of checks, of which the first refusal counts.

The chain holds only checks that the configuration enables. A request over the limit of a tenant in shadow mode is
counted and let through. Capacity is not checked here.

A prompt's length is estimated from its bytes until the engine's tokenizer has counted it. The estimate decides against
the operator's own limit, and `needs_count` reports when the two are too close. Against the model's context it decides
only if it is over by more than its possible error; otherwise the engine, which counts exactly, decides.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing import permits
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.rate_permits import Permit
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

DOUBT: Final = 0.25
"""Relative error that an estimate may have. Chosen: too small refuses wrongly, too large has more prompts counted."""
OVERRATED: Final = 2.0
"""How many times too long an estimate may be: a tenant that sends English and tables of numbers has an average."""
SHOWN_CHARACTERS: Final = 60
"""Of an unknown name, which may be as long as a body."""
UNLIMITED_OUTPUT: Final = 2**31
"""Output tokens to expect if neither the request nor a limit nor the context gives a number."""
IN_FLIGHT_ENDINGS: Final = frozenset({AttemptEnding.DONE, AttemptEnding.CUT})
"""Endings after the reply began."""
UNSEEN_ENDINGS: Final = frozenset({AttemptEnding.CLIENT_LEFT, AttemptEnding.SLOW})
"""Endings after which an engine may have written most of a reply in one piece: the client or the router gave up."""

Check = Callable[["Admission", RoutingRequest, float], Refusal | None]


class Admission:
    """The chain for one configuration."""

    __slots__ = ("_base", "_checks", "_config", "_expectations", "_names", "context", "max_output", "max_prompt")

    def __init__(self, config: DispatcherConfig, expectations: TokenExpectations) -> None:
        limits, tenants = config.routing.limits, config.routing.tenants
        self._config = config
        self._expectations = expectations
        self._names = frozenset(config.model.names)
        self._base = config.model.base
        self.max_prompt = limits.max_prompt_tokens or 0
        self.max_output = limits.max_output_tokens or 0
        self.context = config.model.max_context_tokens or 0
        limited = any(one.tokens_per_minute or one.requests_per_minute for one in tenants)
        chain = ((_prompt, self.max_prompt), (_output, self.max_output), (_context, self.context), (_rates, limited))
        self._checks: tuple[Check, ...] = tuple(check for check, enabled in chain if enabled)

    def refusal(self, request: RoutingRequest, now: float) -> Refusal | None:
        """Return the refusal, if any. The request then holds what was charged to its tenant's rates."""
        for check in self._checks:
            refused = check(self, request, now)
            if refused is None:
                continue
            if not request.account.shadow:
                return refused
            request.count_shadow(refused.reason)
        return None

    def unserved(self, account: Account, name: str) -> Refusal | None:
        """Return why this account may not use this model, if so; an empty name means the base model."""
        names = self._names
        model = name or self._base
        if names and model not in names:
            usable = [one for one in self._config.model.names if account.shadow or account.allows(one)]
            none = f"none that is served is among tenant {account.name}'s models: have one added"
            remedy = f"ask for one of: {', '.join(usable)}" if usable else none
            return Refusal(
                reason=RefusalReason.MODEL_NOT_FOUND,
                message=f"model: {model[:SHOWN_CHARACTERS]}: there is no such model here; {remedy}.",
                param="model",
            )
        if account.allows(model):
            return None
        if account.shadow:
            account.shadowed[RefusalReason.MODEL_NOT_ALLOWED] += 1
            return None
        return Refusal(
            reason=RefusalReason.MODEL_NOT_ALLOWED,
            message=f"model: {model}: tenant {account.name} is not permitted to use it; ask for one of: "
            f"{', '.join(sorted(account.tenant.models))}, or have it added to the tenant's models.",
            param="model",
        )

    def needs_count(self, request: RoutingRequest) -> bool:
        """Return whether the estimate is too close to the prompt limit to decide by it."""
        if not self.max_prompt or request.counted or request.longest_input:
            return False
        return (1 - DOUBT) * self.max_prompt <= request.prompt_tokens <= OVERRATED * self.max_prompt

    def default_output(self, account: Account) -> int:
        """Return the output tokens allowed to a request that names no number."""
        return (0 if account.shadow else self.max_output) or self.context or UNLIMITED_OUTPUT

    def cost(self, request: RoutingRequest) -> int:
        """Return the tokens that the request is expected to take, prompt and reply."""
        reply = self._expectations.reply(request.account.name, request.max_output_tokens, request.answers)
        return request.prompt_tokens + reply


def _prompt(admission: Admission, request: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001  # one signature
    if request.input_tokens <= admission.max_prompt:
        return None
    return Refusal(
        reason=RefusalReason.PROMPT_TOO_LONG,
        message=f"{_length(request)}; the limit here is {count(admission.max_prompt, 'token')}: shorten it.",
    )


def _output(admission: Admission, request: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001
    if not request.names_output or request.answer_tokens <= admission.max_output:
        return None
    return Refusal(
        reason=RefusalReason.OUTPUT_TOO_LONG,
        message=f"max_tokens: {request.answer_tokens}: the limit here is {count(admission.max_output, 'token')}: "
        "ask for at most that, or leave it out to get up to the limit.",
        param="max_tokens",
    )


def _context(admission: Admission, request: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001
    surely = request.input_tokens if request.counted else int(request.input_tokens * (1 - DOUBT))
    output = request.answer_tokens if request.names_output else 1
    if surely + output <= admission.context:
        return None
    more = f", and max_tokens asks for {request.answer_tokens:,} more" if request.names_output else ""
    return Refusal(
        reason=RefusalReason.CONTEXT_TOO_LONG,
        message=f"{_length(request)}{more}; the model's context holds {count(admission.context, 'token')}, "
        "prompt and reply together: shorten the prompt" + (" or lower max_tokens." if more else "."),
    )


def _rates(admission: Admission, request: RoutingRequest, now: float) -> Refusal | None:
    """Check the rates. A permit from another router is charged already."""
    permit, account = request.permit, request.account
    if permit is None:
        request.expected_tokens = request.expected_tokens or admission.cost(request)
        permit = permits.take(account, rated_tokens(request), now)
        charge(request, permit)
    if permit.refused is RefusalReason.REQUEST_RATE:
        most = account.tenant.requests_per_minute or 0
        what = f"Tenant {account.name} may send {count(most, 'request')}"
        return _too_fast(permit.refused, what, permit.seconds)
    if permit.refused is RefusalReason.TOKEN_RATE:
        most = account.tenant.tokens_per_minute or 0
        cost = count(request.expected_tokens, "token")
        what = f"This request is expected to take {cost}, and tenant {account.name} may use {most:,}"
        return _too_fast(permit.refused, what, permit.seconds)
    return None


def rated_tokens(request: RoutingRequest) -> int:
    """Return the tokens that a request takes of its tenant's rate; to count tokens takes none, as no model computes."""
    return 0 if request.only_counts else request.expected_tokens


def charge(request: RoutingRequest, permit: Permit) -> None:
    """Record the permit in the request, so that unused charges can be refunded."""
    account = request.account
    if account.requests is None and account.tokens is None:
        return
    request.permit = permit
    if permit.refused is None:
        request.paid_request = account.requests is not None
        request.reserved_tokens = 0 if account.tokens is None else rated_tokens(request)


def charge_again(request: RoutingRequest, first: RoutingRequest) -> None:
    """Reserve the tokens of another answer to a request that has had one: no longer refused for its rate."""
    request.permit, request.expected_tokens = first.permit, first.expected_tokens
    request.shadow, request.shadowed_by = first.shadow, first.shadowed_by
    if request.permit is not None and request.account.tokens is not None:
        request.reserved_tokens = request.expected_tokens
        _give_back(request, 0, -request.expected_tokens)


def _too_fast(reason: RefusalReason, what: str, seconds: float) -> Refusal:
    again = ceil(seconds)
    message = f"{what} a minute, over all routers: send it again in {again} s."
    return Refusal(reason=reason, message=message, retry_after_seconds=seconds)


def give_back_request(request: RoutingRequest) -> None:
    """Refund the request to the tenant's request rate, because no engine got it."""
    if request.paid_request:
        _give_back(request, 1, 0)
    request.paid_request = False


def refund(request: RoutingRequest) -> None:
    """Refund what its tenant was charged in advance, because it is refused or leaves."""
    if not request.tried:
        give_back_request(request)
    if request.reserved_tokens:
        settle(request, 0)


def settle(request: RoutingRequest, used: int) -> None:
    """Refund unused reserved tokens, or charge what was used beyond; nothing stays reserved."""
    if used != request.reserved_tokens:
        _give_back(request, 0, request.reserved_tokens - used)
    request.reserved_tokens = 0


def uncounted(request: RoutingRequest, ending: AttemptEnding) -> int:
    """Return the tokens of an attempt that nobody counted: all that was reserved, if the engine may have worked for it.

    Of a reply in one piece that nobody waited for any longer, nobody sees whether it did.
    """
    if request.only_counts:
        return 0
    unseen = ending in UNSEEN_ENDINGS and not request.streams
    return request.reserved_tokens if request.answered or unseen or ending in IN_FLIGHT_ENDINGS else 0


def _give_back(request: RoutingRequest, requests: int, tokens: int) -> None:
    """Refund them at the router that keeps the rates; if it is another, with the next permit request."""
    account = request.account
    if request.permit is not None and request.permit.away:
        account.owe(requests, tokens)
    else:
        permits.give_back(account, requests, tokens)


def _length(request: RoutingRequest) -> str:
    subject = "The longest prompt" if request.longest_input else "The prompt"
    return f"{subject} has {'' if request.counted else 'about '}{count(request.input_tokens, 'token')}"
