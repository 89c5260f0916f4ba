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

from fairlead.routing.accounts import Account
from fairlead.routing.ask import Ask
from fairlead.routing.expectations import Expectations
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.terms import Terms

DOUBT: Final = 0.25
"""How far an estimate may be off. Chosen: too small refuses wrongly, too large only has more prompts counted."""
UNSAID_OUTPUT: Final = 2**31
"""What a reply may have where neither the request nor a limit nor the context says."""

Check = Callable[["Admission", Ask, float], Refusal | None]


class Admission:
    """The chain for one configuration."""

    __slots__ = ("_base", "_checks", "_expectations", "_names", "_terms", "context", "most_output", "most_prompt")

    def __init__(self, terms: Terms, expectations: Expectations) -> None:
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

    def refusal(self, ask: Ask, now: float) -> Refusal | None:
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

    def needs_count(self, ask: Ask) -> bool:
        """Whether the estimate is too near the limit for prompts to judge by."""
        if not self.most_prompt or ask.counted:
            return False
        return abs(ask.prompt_tokens - self.most_prompt) <= DOUBT * self.most_prompt

    @property
    def unsaid_output(self) -> int:
        """What a request may get that names no number of tokens."""
        return self.most_output or self.context or UNSAID_OUTPUT

    def cost(self, ask: Ask) -> int:
        """Tokens it is expected to take, both ways."""
        return ask.prompt_tokens + self._expectations.reply(ask.account.name, ask.output_tokens)


def _prompt(limits: Admission, ask: Ask, now: float) -> Refusal | None:  # noqa: ARG001  # one shape for all checks
    if ask.prompt_tokens <= limits.most_prompt:
        return None
    return Refusal(
        reason=RefusalReason.PROMPT_TOO_LONG,
        message=f"The prompt has {_length(ask)} tokens; at most {limits.most_prompt:,} are taken here: shorten it.",
    )


def _output(limits: Admission, ask: Ask, now: float) -> Refusal | None:  # noqa: ARG001
    if not ask.says_output or ask.output_tokens <= limits.most_output:
        return None
    return Refusal(
        reason=RefusalReason.OUTPUT_TOO_LONG,
        message=f"max_tokens: {ask.output_tokens}: at most {limits.most_output} are given here: ask for no more, "
        "or leave it out and get as many.",
        param="max_tokens",
    )


def _context(limits: Admission, ask: Ask, now: float) -> Refusal | None:  # noqa: ARG001
    surely = ask.prompt_tokens if ask.counted else int(ask.prompt_tokens * (1 - DOUBT))
    output = ask.output_tokens if ask.says_output else 1
    if surely + output <= limits.context:
        return None
    asked = f" and {ask.output_tokens:,} tokens of reply are asked for" if ask.says_output else ""
    return Refusal(
        reason=RefusalReason.CONTEXT_TOO_LONG,
        message=f"The prompt has {_length(ask)} tokens{asked}; the model takes "
        f"{limits.context:,} tokens for prompt and reply together: "
        "shorten the prompt" + (" or ask for fewer." if asked else "."),
    )


def _rates(limits: Admission, ask: Ask, now: float) -> Refusal | None:
    """Requests first; what they were charged goes back when the tokens do not suffice."""
    account = ask.account
    if account.requests is not None:
        seconds = account.requests.take(1, now)
        if seconds:
            most = account.tenant.requests_per_minute
            return _too_fast(RefusalReason.REQUEST_RATE, f"Tenant {account.name} may send {most} requests", seconds)
        ask.paid_request = True
    if account.tokens is not None:
        cost = limits.cost(ask)
        seconds = account.tokens.take(cost, now)
        if seconds:
            give_back_request(ask)
            most = account.tenant.tokens_per_minute
            what = f"This request is expected to take {cost:,} tokens, and tenant {account.name} may use {most}"
            return _too_fast(RefusalReason.TOKEN_RATE, what, seconds)
        ask.reserved_tokens = cost
    return None


def _too_fast(reason: RefusalReason, what: str, seconds: float) -> Refusal:
    again = ceil(seconds)
    message = f"{what} a minute, over all routers: come again in {again} s."
    return Refusal(reason=reason, message=message, retry_after_seconds=seconds)


def give_back_request(ask: Ask) -> None:
    """It never went to an engine: it does not count against the tenant's rate."""
    if ask.paid_request and ask.account.requests is not None:
        ask.account.requests.give_back(1)
    ask.paid_request = False


def settle(ask: Ask, used: int) -> None:
    """What was reserved against what was used; nothing stays reserved."""
    if ask.account.tokens is not None and used != ask.reserved_tokens:
        ask.account.tokens.give_back(ask.reserved_tokens - used)
    ask.reserved_tokens = 0


def _length(ask: Ask) -> str:
    return f"{ask.prompt_tokens:,}" if ask.counted else f"about {ask.prompt_tokens:,}"
