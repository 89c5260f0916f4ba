"""Whether a request is accepted at all: an ordered chain of checks, of which the first refusal counts.

The chain holds only checks that the configuration enables. A request over the limit of a tenant in shadow mode is
counted and let through. Capacity is not checked here.

A prompt's length is estimated from its bytes until the engine's tokenizer has counted it. The estimate decides against
the operator's own limit, and `needs_count` says when the two are too close. Against the model's context it decides only
when it is over by more than its possible error; otherwise the engine decides, which counts exactly.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing import permits
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.rates import Permit
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

DOUBT: Final = 0.25
"""Relative error that an estimate may have. Chosen: too small refuses wrongly, too large has more prompts counted."""
UNSAID_OUTPUT: Final = 2**31
"""Output tokens to expect where neither the request nor a limit nor the context gives a number."""

Check = Callable[["Admission", RoutingRequest, float], Refusal | None]


class Admission:
    """The chain for one configuration."""

    __slots__ = ("_base", "_checks", "_expectations", "_names", "_terms", "context", "most_output", "most_prompt")

    def __init__(self, terms: DispatcherConfig, expectations: TokenExpectations) -> None:
        limits, tenants = terms.routing.limits, terms.routing.tenants
        self._terms = terms
        self._expectations = expectations
        self._names = frozenset(terms.model.names)
        self._base = terms.model.base
        self.most_prompt = limits.max_prompt_tokens or 0
        self.most_output = limits.max_output_tokens or 0
        self.context = terms.model.max_context_tokens or 0
        limited = any(one.tokens_per_minute or one.requests_per_minute for one in tenants)
        chain = ((_prompt, self.most_prompt), (_output, self.most_output), (_context, self.context), (_rates, limited))
        self._checks: tuple[Check, ...] = tuple(check for check, asked_for in chain if asked_for)

    def refusal(self, ask: RoutingRequest, now: float) -> Refusal | None:
        """The refusal, if any. The request then holds what was charged to its tenant's rates."""
        for check in self._checks:
            refused = check(self, ask, now)
            if refused is None:
                continue
            if not ask.account.shadow:
                return refused
            ask.account.shadowed[refused.reason] += 1
            ask.shadow = ask.shadow or refused.reason
        return None

    def unserved(self, account: Account, name: str) -> Refusal | None:
        """Why this account may not use this model, if so; an empty name means the base model."""
        names = self._names
        asked = name or self._base
        if names and asked not in names:
            known = ", ".join(self._terms.model.names)
            return Refusal(
                reason=RefusalReason.MODEL_NOT_FOUND,
                message=f"model: {asked}: there is no such model here; ask for one of: {known}.",
                param="model",
            )
        if account.allows(asked):
            return None
        if account.shadow:
            account.shadowed[RefusalReason.MODEL_NOT_ALLOWED] += 1
            return None
        return Refusal(
            reason=RefusalReason.MODEL_NOT_ALLOWED,
            message=f"model: {asked}: tenant {account.name} may not use it; ask for one of: "
            f"{', '.join(sorted(account.tenant.models))}, or have it added to the tenant's models.",
            param="model",
        )

    def needs_count(self, ask: RoutingRequest) -> bool:
        """Whether the estimate is too close to the limit for prompts to decide by it."""
        if not self.most_prompt or ask.counted:
            return False
        return abs(ask.prompt_tokens - self.most_prompt) <= DOUBT * self.most_prompt

    @property
    def unsaid_output(self) -> int:
        """Output tokens allowed to a request that names no number."""
        return self.most_output or self.context or UNSAID_OUTPUT

    def cost(self, ask: RoutingRequest) -> int:
        """Tokens that the request is expected to take, prompt and reply."""
        return ask.prompt_tokens + self._expectations.reply(ask.account.name, ask.output_tokens)


def _prompt(limits: Admission, ask: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001  # one shape for all checks
    if ask.prompt_tokens <= limits.most_prompt:
        return None
    return Refusal(
        reason=RefusalReason.PROMPT_TOO_LONG,
        message=f"The prompt has {_length(ask)}; the limit here is {count(limits.most_prompt, 'token')}: shorten it.",
    )


def _output(limits: Admission, ask: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001
    if not ask.says_output or ask.output_tokens <= limits.most_output:
        return None
    return Refusal(
        reason=RefusalReason.OUTPUT_TOO_LONG,
        message=f"max_tokens: {ask.output_tokens}: the limit here is {count(limits.most_output, 'token')}: "
        "ask for no more, or leave it out and get up to the limit.",
        param="max_tokens",
    )


def _context(limits: Admission, ask: RoutingRequest, now: float) -> Refusal | None:  # noqa: ARG001
    surely = ask.prompt_tokens if ask.counted else int(ask.prompt_tokens * (1 - DOUBT))
    output = ask.output_tokens if ask.says_output else 1
    if surely + output <= limits.context:
        return None
    asked = f", and max_tokens asks for {ask.output_tokens:,} more" if ask.says_output else ""
    return Refusal(
        reason=RefusalReason.CONTEXT_TOO_LONG,
        message=f"The prompt has {_length(ask)}{asked}; the model's context holds {count(limits.context, 'token')}, "
        "prompt and reply together: shorten the prompt" + (" or lower max_tokens." if asked else "."),
    )


def _rates(limits: Admission, ask: RoutingRequest, now: float) -> Refusal | None:
    """Check the rates. A permit from another router is charged already."""
    permit, account = ask.permit, ask.account
    if permit is None:
        ask.cost = ask.cost or limits.cost(ask)
        permit = permits.take(account, ask.cost, now)
        charge(ask, permit)
    if permit.refused is RefusalReason.REQUEST_RATE:
        most = account.tenant.requests_per_minute or 0
        what = f"Tenant {account.name} may send {count(most, 'request')}"
        return _too_fast(permit.refused, what, permit.seconds)
    if permit.refused is RefusalReason.TOKEN_RATE:
        most = account.tenant.tokens_per_minute or 0
        what = (
            f"This request is expected to take {count(ask.cost, 'token')}, and tenant {account.name} may use {most:,}"
        )
        return _too_fast(permit.refused, what, permit.seconds)
    return None


def charge(ask: RoutingRequest, permit: Permit) -> None:
    """Record the permit in the request, so that what is not used can be given back."""
    account = ask.account
    if account.requests is None and account.tokens is None:
        return
    ask.permit = permit
    if permit.refused is None:
        ask.paid_request = account.requests is not None
        ask.reserved_tokens = 0 if account.tokens is None else ask.cost


def _too_fast(reason: RefusalReason, what: str, seconds: float) -> Refusal:
    again = ceil(seconds)
    message = f"{what} a minute, over all routers: send it again in {again} s."
    return Refusal(reason=reason, message=message, retry_after_seconds=seconds)


def give_back_request(ask: RoutingRequest) -> None:
    """Return the request to the tenant's request rate, because no engine got it."""
    if ask.paid_request:
        _give_back(ask, 1, 0)
    ask.paid_request = False


def settle(ask: RoutingRequest, used: int) -> None:
    """Return reserved tokens that were not used, or charge what was used beyond; nothing stays reserved."""
    if used != ask.reserved_tokens:
        _give_back(ask, 0, ask.reserved_tokens - used)
    ask.reserved_tokens = 0


def _give_back(ask: RoutingRequest, requests: int, tokens: int) -> None:
    """Return them to the router that keeps the rates: with the next permit request where that is another router."""
    account = ask.account
    if ask.permit is not None and ask.permit.away:
        account.owed_requests += requests
        account.owed_tokens += tokens
    else:
        permits.give_back(account, requests, tokens)


def _length(ask: RoutingRequest) -> str:
    said = count(ask.prompt_tokens, "token")
    return said if ask.counted else f"about {said}"
