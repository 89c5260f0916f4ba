"""Invalid tokens at a whole router: what strangers see, and what clients of the issuer see."""

import asyncio
import hmac
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.router.issuers import Issuer, issuer, keys_read, message, secured, sent
from tests.router.planes import run_story
from tests.routing.tokens.issuing import encoded, part, signer, unsigned


def forged(there: Issuer, algorithm: str) -> str:
    """A token signed with the public key, as if that were a shared secret."""
    public = there.shown[0].private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    start = part({"alg": algorithm, "kid": "one"}) + b"." + part(there.claims())
    return (start + b"." + encoded(hmac.digest(pem, start, sha256))).decode()


def test_whatever_is_wrong_up_to_the_signature_is_reported_in_the_same_message(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            claims = there.claims()
            other = signer("ES256", "other")
            tokens = {
                "nobody signs": unsigned({"alg": "none", "kid": "one"}, claims).decode(),
                "the public key as a secret": forged(there, "HS256"),
                "that, and the right algorithm": forged(there, "ES256"),
                "another key": other.token(claims, {"kid": "one"}).decode(),
                "too long": there.token(groups="x" * 9000),
                "cut": there.token()[:-4],
                "no signature": there.token().rpartition(".")[0] + ".",
                "another algorithm of our key": unsigned({"alg": "RS256", "kid": "one"}, claims).decode(),
            }
            words = {}
            for name, token in tokens.items():
                assert (name, *(await sent(router, token))[:2]) == (name, 401, "token_refused")
                words[name] = await message(router, token)
            assert len(set(words.values())) == 1, words
            path = there.shown[0].token(claims, {"kid": "../../etc/passwd"}).decode()
            while (answer := await sent(router, path))[0] == 503:
                await asyncio.sleep(0.01)
            assert answer[:2] == (401, "token_refused")
            # A slow machine may take so long that the issuer's keys are read once more.
            while (sentence := await message(router, path)) not in words.values():
                assert "has not been read" in sentence
                await asyncio.sleep(0.01)

    run_story(story())


@pytest.mark.parametrize(
    ("claims", "status", "code", "words"),
    [
        ({"aud": "others"}, 401, "token_refused", "The token's aud is 'others': get a token for 'models'."),
        ({"iss": "https://other.example"}, 401, "token_refused", "The token's iss is 'https://other.example'"),
        ({"exp": None}, 401, "token_refused", "The token has no exp"),
        ({"nbf": 4_000_000_000}, 401, "token_refused", "The token is not valid for another "),
        ({"sub": "nobody"}, 403, "unknown_tenant", "The token's 'sub' is 'nobody', and no tenant here has that"),
        ({"sub": ["x", "y"]}, 403, "unknown_tenant", "The token's 'sub' is 'x', and no tenant here has that"),
    ],
    ids=["audience", "issuer", "no end", "not yet", "no tenant", "none of a list"],
)
def test_a_correctly_signed_token_that_grants_nothing_is_refused_with_the_reason(
    claims: dict[str, Any], status: int, code: str, words: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there, secured(tmp_path, there) as router:
            await keys_read(router, there)
            token = there.shown[0].token(there.claims() | claims).decode()
            assert (await sent(router, token))[:2] == (status, code)
            assert (await message(router, token)).startswith(words)

    run_story(story())
