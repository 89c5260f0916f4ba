"""Reading an issuer's keys once: over TLS, from it alone, within bounds; or the way it failed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fairlead.fleet.token_issuer import TokenIssuer
from fairlead.router import issuer_reader
from fairlead.router.issuer_reader import KeysNotRead
from fairlead.router.observability.label_values import KeyReadingResult
from tests.router.issuers import CONFIGURATION, Issuer, issuer
from tests.router.planes import HOST, free_port, run_story
from tests.router.test_tls import certified
from tests.routing.tokens.issuing import signer


def named(there: Issuer) -> tuple[TokenIssuer, str]:
    return TokenIssuer(issuer=there.url, audiences=frozenset({"models"})), str(there.certificate / "tls.crt")


async def failed(issuer_of_tokens: TokenIssuer, ca_file: str | None) -> tuple[KeyReadingResult, str]:
    with pytest.raises(KeysNotRead) as why:
        await issuer_reader.read_keys(issuer_of_tokens, ca_file)
    return why.value.result, str(why.value)


def test_keys_are_found_by_the_issuers_configuration_or_where_the_file_says(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there:
            there.shown = [signer(), signer("RS256", "two")]
            wanted, ca_file = named(there)
            assert [one.id for one in (await issuer_reader.read_keys(wanted, ca_file)).keys] == ["one", "two"]
            there.page = {"issuer": "https://other.example"}
            direct = replace(wanted, keys_url=there.url + "/keys")
            assert [one.id for one in (await issuer_reader.read_keys(direct, ca_file)).keys] == ["one", "two"]

    run_story(story())


PAGES: dict[str, tuple[dict[str, Any], str]] = {
    "of another issuer": ({"issuer": "https://other.example"}, "it is the page of 'https://other.example'"),
    "with keys that anybody on the way could change": (
        {"jwks_uri": "http://login.example/keys"},
        "jwks_uri is 'http://login.example/keys', which is not https",
    ),
    "without keys": ({"jwks_uri": None}, "jwks_uri is 'None', which is not https"),
}


@pytest.mark.parametrize(("page", "why"), PAGES.values(), ids=list(PAGES))
def test_an_invalid_issuer_configuration_is_unusable_and_its_keys_are_not_read(
    page: dict[str, Any], why: str, tmp_path: Path
) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there:
            there.page = page
            expected = KeyReadingResult.UNUSABLE, f"{there.url}{CONFIGURATION}: {why}"
            assert await failed(*named(there)) == expected
            assert there.readings == 0

    run_story(story())


ANSWERS: dict[str, tuple[web.Response, KeyReadingResult, str]] = {
    "an error": (web.Response(status=500), KeyReadingResult.REFUSED, "status 500"),
    "a redirect": (
        web.Response(status=302, headers={"location": "https://evil.example"}),
        KeyReadingResult.REFUSED,
        "status 302",
    ),
    "no JSON": (web.Response(text="<html>"), KeyReadingResult.UNUSABLE, "not a JSON object"),
    "a list": (web.Response(text="[]"), KeyReadingResult.UNUSABLE, "not a JSON object"),
    "a deep nest": (web.Response(text="[" * 200_000), KeyReadingResult.UNUSABLE, "not a JSON object"),
    "too much": (web.Response(body=b" " * 262_145), KeyReadingResult.UNUSABLE, "more than 256 KiB"),
    "no keys": (
        web.Response(text='{"keys": []}'),
        KeyReadingResult.UNUSABLE,
        "it has no public key that may sign tokens",
    ),
}


@pytest.mark.parametrize(("answer", "result", "why"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer_is_not_taken(answer: web.Response, result: KeyReadingResult, why: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there:
            there.answer = answer
            assert await failed(*named(there)) == (result, f"{there.url}/keys: {why}")

    run_story(story())


def test_an_issuer_whose_certificate_is_not_trusted_yields_no_keys(tmp_path: Path) -> None:
    async def story() -> None:
        async with issuer(tmp_path) as there:
            wanted, _ = named(there)
            for ca_file in (None, str(certified(tmp_path / "other", 8) / "tls.crt")):
                result, why = await failed(wanted, ca_file)
                assert (result, "CERTIFICATE_VERIFY_FAILED" in why) == (KeyReadingResult.UNREACHABLE, True)
            result, why = await failed(wanted, str(tmp_path / "none"))
            assert (result, why.startswith("FileNotFoundError: ")) == (KeyReadingResult.UNREACHABLE, True)

    run_story(story())


def test_an_issuer_that_is_not_there_or_says_nothing_costs_a_bounded_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        away = TokenIssuer(issuer=f"https://{HOST}:{free_port()}", audiences=frozenset())
        result, why = await failed(away, None)
        assert (result, why.startswith("ClientConnectorError: ")) == (KeyReadingResult.UNREACHABLE, True)
        monkeypatch.setattr(issuer_reader, "TOTAL_SECONDS", 0.2)
        async with issuer(tmp_path) as there:
            there.opened.clear()
            began = asyncio.get_running_loop().time()
            assert (await failed(*named(there)))[0] is KeyReadingResult.UNREACHABLE
            assert asyncio.get_running_loop().time() - began < 2

    run_story(story())


def test_a_proxy_from_the_environment_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")

    async def story() -> None:
        async with issuer(tmp_path) as there:
            assert (await issuer_reader.read_keys(*named(there))).has("one")

    run_story(story())
