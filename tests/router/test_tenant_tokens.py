"""Tokens at one router, on a manual clock: which are verified again, which are refused, and when keys are read anew."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pytest

from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.router import issuer_reader, tenant_tokens
from fairlead.router.issuer_reader import KeysNotRead
from fairlead.router.key_reading_pace import KeyReadingPace
from fairlead.router.observability.label_values import KeyReadingResult
from fairlead.router.tenant_tokens import TenantTokens
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.tokens import issuer_keys, token_claims
from fairlead.routing.tokens.issuer_keys import IssuerKeys
from fairlead.routing.tokens.token_claims import ProvedTenant
from tests.router.planes import run_story
from tests.routing.tokens.issuing import CLAIMS, NOW, URL, Signer, key_set, signer

ISSUER = TokenIssuer(issuer=URL, audiences=frozenset({"models"}))
PACE = KeyReadingPace(every_seconds=0.4, first_seconds=0.01, least_seconds=0.1)


@dataclass
class Shown:
    """The issuer's answer to a read of its keys, each time after a moment."""

    signers: tuple[Signer, ...] = (signer(),)
    problem: Exception | None = None
    readings: int = 0
    began: list[float] = field(default_factory=list)

    async def read(self, _issuer: TokenIssuer, _ca_file: str | None) -> IssuerKeys:
        self.began.append(asyncio.get_running_loop().time())
        shown, problem = self.signers, self.problem
        await asyncio.sleep(0.01)
        self.readings += 1
        if problem is not None:
            raise problem
        found = issuer_keys.read(key_set(*shown))
        assert found is not None
        return found


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    made = Shown()
    monkeypatch.setattr(issuer_reader, "read_keys", made.read)
    return made


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


class CountedTokens(TenantTokens):
    """Records which tokens it verified, and did not find in its cache."""

    def __init__(self, *given: Any) -> None:  # noqa: ANN401 - as its parent
        super().__init__(*given)
        self.proved: list[bytes] = []

    def _prove(self, token: bytes, now: float) -> ProvedTenant | Refusal:
        self.proved.append(token)
        return super()._prove(token, now)


def tokens_of(clock: Callable[[], float], pace: KeyReadingPace = PACE) -> tuple[CountedTokens, dict[Any, int]]:
    readings = dict.fromkeys(KeyReadingResult, 0)
    made = CountedTokens((ISSUER, None), readings, pace, clock)
    made.apply(ISSUER, {"shop": "shop"})
    return made, readings


def judged(tokens: TenantTokens, token: bytes) -> str | Refusal:
    return tokens.tenant(token, sha256(token).digest())


async def read(shown: Shown, more: int = 1) -> None:
    wanted = shown.readings + more
    while shown.readings < wanted:
        await asyncio.sleep(0.002)
    await asyncio.sleep(0.002)


def unread(answer: str | Refusal) -> float:
    """How long a client must wait before it sends its token again."""
    assert isinstance(answer, Refusal)
    assert answer.reason is RefusalReason.NO_ISSUER_KEYS
    assert answer.retry_after_seconds is not None
    return answer.retry_after_seconds


def test_a_token_identifies_its_tenant_once_keys_are_read_and_an_api_key_is_not_taken_for_a_token(shown: Shown) -> None:
    async def story() -> None:
        tokens, readings = tokens_of(Clock())
        assert unread(judged(tokens, signer().token())) == 1.0
        assert judged(tokens, b"sk-else") == token_claims.NO_KEY
        assert judged(tokens, b"a.b.c") == token_claims.UNPROVED
        await read(shown)
        assert judged(tokens, signer().token()) == "shop"
        assert readings[KeyReadingResult.READ] == 1
        await tokens.close()

    run_story(story())


def test_what_was_proved_is_not_proved_again_for_60_seconds_and_never_after_its_end(shown: Shown) -> None:
    async def story() -> None:
        clock = Clock()
        tokens, _ = tokens_of(clock, KeyReadingPace())
        await read(shown)
        long, short = signer().token(), signer().token(CLAIMS | {"exp": NOW + 10})
        assert [judged(tokens, one) for one in (long, short)] == ["shop", "shop"]
        proved = tokens.proved
        proved.clear()
        clock.now = NOW + 9.9
        assert [judged(tokens, one) for one in (long, short)] == ["shop", "shop"]
        assert proved == []
        clock.now = NOW + 10
        assert judged(tokens, short) == "shop", "within the leeway"
        assert judged(tokens, short) == "shop"
        assert proved == [short, short]
        clock.now = NOW + 40
        assert judged(tokens, short) == Refusal(
            reason=RefusalReason.TOKEN_REFUSED,
            message="The token expired 30 s ago, with 30 s of leeway: get a new one.",
        )
        clock.now = NOW + 60
        assert judged(tokens, long) == "shop"
        assert proved == [short, short, short, long]
        await tokens.close()

    run_story(story())


def test_of_more_tokens_than_are_kept_the_oldest_is_proved_again(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tenant_tokens, "MAX_KEPT", 2)

    async def story() -> None:
        tokens, _ = tokens_of(Clock(), KeyReadingPace())
        await read(shown)
        several = [signer().token(CLAIMS | {"jti": number}) for number in range(5)]
        assert [judged(tokens, one) for one in several] == ["shop"] * 5
        tokens.proved.clear()
        assert [judged(tokens, one) for one in reversed(several[2:])] == ["shop"] * 3
        assert tokens.proved == [several[2]]
        await tokens.close()

    run_story(story())


def test_other_tenants_and_other_keys_count_for_tokens_that_were_proved_before(shown: Shown) -> None:
    async def story() -> None:
        tokens, _ = tokens_of(Clock())
        await read(shown)
        token = signer().token()
        assert judged(tokens, token) == "shop"
        tokens.apply(ISSUER, {"shop": "bank"})
        assert judged(tokens, token) == "bank"
        shown.signers = (signer("ES256", "two"),)
        await read(shown, 2)
        assert unread(judged(tokens, token)) == 1.0
        await read(shown)
        assert judged(tokens, token) == token_claims.UNPROVED
        await tokens.close()

    run_story(story())


def test_an_unknown_key_is_fetched_at_once_and_then_at_most_at_set_intervals(shown: Shown) -> None:
    async def story() -> None:
        tokens, _ = tokens_of(Clock(), KeyReadingPace(every_seconds=60, first_seconds=0.01, least_seconds=0.1))
        await read(shown)
        later = signer("ES256", "two")
        shown.signers = (signer(), later)
        assert unread(judged(tokens, later.token())) == 1.0
        await read(shown)
        assert judged(tokens, later.token()) == "shop"
        for number in range(60):
            stranger = signer().token(head={"kid": f"made up {number}"})
            judged(tokens, stranger)
            await asyncio.sleep(0.005)
        gaps = [after - before for before, after in zip(shown.began, shown.began[1:], strict=False)]
        assert len(gaps) > 1
        assert all(one >= 0.09 for one in gaps), gaps
        assert judged(tokens, signer().token(head={"kid": "made up 0"})) == token_claims.UNPROVED
        await tokens.close()

    run_story(story())


def test_made_up_keys_take_no_memory(shown: Shown) -> None:
    async def story() -> None:
        tokens, _ = tokens_of(Clock(), KeyReadingPace(every_seconds=60, first_seconds=0.01, least_seconds=0.1))
        await read(shown)
        made_up = [signer().token(head={"kid": f"made up {number}"}) for number in range(tenant_tokens.MAX_SOUGHT + 1)]
        for one in made_up:
            judged(tokens, one)
        await read(shown)
        assert {judged(tokens, one) for one in made_up[1:]} == {token_claims.UNPROVED}
        assert unread(judged(tokens, made_up[0])) == 1.0, "the oldest was forgotten, and is sought anew"
        await tokens.close()

    run_story(story())


def test_an_issuer_that_does_not_answer_is_logged_once_and_its_last_keys_stay(
    shown: Shown, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "fairlead")

    async def story() -> None:
        shown.problem = KeysNotRead(KeyReadingResult.UNREACHABLE, "no answer within 5 s")
        tokens, readings = tokens_of(
            Clock(), KeyReadingPace(every_seconds=0.02, first_seconds=0.01, least_seconds=0.01)
        )
        await read(shown, 3)
        assert unread(judged(tokens, signer().token())) == 1.0
        shown.problem = None
        await read(shown, 2)
        assert judged(tokens, signer().token()) == "shop"
        shown.problem = RuntimeError("a bug")
        await read(shown, 3)
        assert judged(tokens, signer().token()) == "shop"
        assert readings[KeyReadingResult.UNREACHABLE] >= 3
        assert readings[KeyReadingResult.UNUSABLE] >= 1
        await tokens.close()

    run_story(story())
    lines = [one.getMessage() for one in caplog.records if "internal error" not in one.getMessage()]
    assert lines == [
        f"issuer {URL}: its keys cannot be read (no answer within 5 s); tokens get 503 until then",
        f"issuer {URL}: 1 keys read",
        f"issuer {URL}: its keys cannot be read (RuntimeError); those read before stay",
    ]


def test_tokens_of_a_router_that_never_began_end_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    run_story(TenantTokens((ISSUER, None), {}, PACE).close())
    assert caplog.messages == []
