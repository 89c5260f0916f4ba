"""Whether a request may come in at all: an ordered chain of small checks, of which the first that speaks wins.

Only checks that the configuration asks for are in the chain. What is over a limit of somebody whose limits are only
tried is counted and let through. Whether there is room is not asked here.

A prompt's length is estimated from bytes until somebody counted it with the engine's tokenizer. Against the operator's
own limit the estimate decides, and `needs_count` says when it is too near to. Against the context it decides only when
it is over by more than it can be wrong: in doubt the engine, which knows, is asked.
"""

from collections.abc import Callable
from math import ceil
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing import permits
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.permits import Permit
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

DOUBT: Final = 0.25
"""How far an estimate may be off. Chosen: too small refuses wrongly, too large only has more prompts counted."""
UNSAID_OUTPUT: Final = 2**31
"""What a reply may have where neither the request nor a limit nor the context says."""

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
        """Why not, or nothing. What its rates are charged stands in the request afterwards."""
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
        """Why this account may not ask for this model; an empty name is the base model."""
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
        """Whether the estimate is too near the limit for prompts to judge by."""
        if not self.most_prompt or ask.counted:
            return False
        return abs(ask.prompt_tokens - self.most_prompt) <= DOUBT * self.most_prompt

    @property
    def unsaid_output(self) -> int:
        """What a request may get that names no number of tokens."""
        return self.most_output or self.context or UNSAID_OUTPUT

    def cost(self, ask: RoutingRequest) -> int:
        """Tokens it is expected to take, both ways."""
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
    """A permit that another router gave is charged already."""
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
    """From now on it stands in the request what comes back when it is not used."""
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
    """It never went to an engine: it does not count against the tenant's rate."""
    if ask.paid_request:
        _give_back(ask, 1, 0)
    ask.paid_request = False


def settle(ask: RoutingRequest, used: int) -> None:
    """What was reserved against what was used; nothing stays reserved."""
    if used != ask.reserved_tokens:
        _give_back(ask, 0, ask.reserved_tokens - used)
    ask.reserved_tokens = 0


def _give_back(ask: RoutingRequest, requests: int, tokens: int) -> None:
    """To the router that keeps the rates, with the next question to it."""
    account = ask.account
    if ask.permit is not None and ask.permit.away:
        account.owed_requests += requests
        account.owed_tokens += tokens
    else:
        permits.give_back(account, requests, tokens)


def _length(ask: RoutingRequest) -> str:
    said = count(ask.prompt_tokens, "token")
    return said if ask.counted else f"about {said}"
