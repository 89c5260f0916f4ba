"""Which credentials a pull uses: those that the kubelet would use, as the mounted Secrets have them now."""

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.loader import layer_files, pull_secrets, sources
from fairlead.loader.sources import SourceAccess
from tests.loader.pretended_servers import PretendedRegistry, served
from tests.loader.test_sources import FILES


def mount(folder: Path, *secrets: str) -> Path:
    for number, text in enumerate(secrets):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
        (folder / str(number) / pull_secrets.FILE).write_text(text)
    return folder


def secret(values: Mapping[str, str]) -> str:
    """A Secret with these values by registry."""
    return json.dumps({"auths": {name: {"auth": value} for name, value in values.items()}})


def encoded(user: str) -> str:
    """The value of a user and password."""
    return base64.b64encode(user.encode()).decode()


def test_credentials_that_fit_come_in_the_order_of_the_secrets(tmp_path: Path) -> None:
    folder = mount(
        tmp_path,
        '{"auths": {"https://r.example/v1/": {"auth": "Zmlyc3Q="}, "quiet.example": {}}}',
        secret({"r.example": "c2Vjb25k"}),
        "[",
        "[" * 200_000,
        '["auths"]',
        *[secret({"r.example": "c2Vjb25k"})] * 7,
        secret({"r.example": "ZWxldmVudGg="}),
    )
    assert pull_secrets.basics(folder, "r.example", "acme/sql") == ("Zmlyc3Q=", "c2Vjb25k", "ZWxldmVudGg=")
    assert pull_secrets.basics(folder, "quiet.example", "acme/sql") == ()
    assert pull_secrets.basics(folder, "r.example:5000", "acme/sql") == ()


@pytest.mark.parametrize("written", ["https://index.docker.io/v1/", "index.docker.io", "docker.io"])
@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_the_credentials_that_kubectl_writes_for_it(tmp_path: Path, written: str, host: str) -> None:
    folder = mount(tmp_path, json.dumps({"auths": {written: {"username": "me", "password": "secret"}}}))
    assert pull_secrets.basics(folder, host, "acme/sql-lora") == (encoded("me:secret"),)


@pytest.mark.parametrize(
    ("repository", "values"),
    [
        ("one/sql", ("of-one", "of-all")),
        ("one-more/sql", ("of-one", "of-all")),
        ("two/sql", ("of-two", "of-all")),
        ("two/sql/large", ("of-sql", "of-two", "of-all")),
        ("two-more/sql", ("of-all",)),
    ],
)
def test_each_group_of_a_registry_may_have_credentials_of_its_own(
    tmp_path: Path, repository: str, values: tuple[str, ...]
) -> None:
    """As for the kubelet, a path is a beginning, whether it ends with a part or within one."""
    folder = mount(
        tmp_path,
        secret({"r.example": "of-all", "r.example/one": "of-one"}),
        secret({"https://r.example/two/": "of-two", "r.example/two/sql/large": "of-sql"}),
    )
    assert pull_secrets.basics(folder, "r.example", repository) == values


def test_a_star_stands_for_one_part_of_a_host_and_an_exact_host_comes_before_it(tmp_path: Path) -> None:
    folder = mount(tmp_path, secret({"*.r.example": "any", "eu.r.example": "eu"}))
    hosts = ("us.r.example", "eu.r.example", "r.example", "a.us.r.example")
    found = [pull_secrets.basics(folder, host, "acme/sql") for host in hosts]
    assert found == [("any",), ("eu", "any"), (), ()]


@pytest.mark.parametrize("requires_token", [True, False])
def test_the_first_credentials_that_may_read_an_adapter_are_found_by_trying(
    tmp_path: Path, *, requires_token: bool
) -> None:
    """Two teams' Secrets, or an old and a new one: the kubelet pulls the engine's image with either."""

    async def story() -> None:
        pretended = PretendedRegistry(user="team-b:right", challenges=("Bearer",) if requires_token else ())
        pretended.push("v1", *((text, {layer_files.TITLE: name}) for name, text in FILES.items()))
        async with served(*pretended.routes()) as address, aiohttp.ClientSession() as session:
            pretended.address = address
            source = ModelSource(scheme=SourceScheme.OCI, location=f"{address}/acme/sql:v1")
            wrong = secret({address: encoded("team-a:a")})
            access = SourceAccess(pull_secrets=mount(tmp_path / "secrets", wrong, secret({address: "b2xk"})))
            into = tmp_path / "into"
            into.mkdir()
            refused = await sources.fetch(source, into, access, session)
            assert refused is not None
            assert refused.message.endswith("all 2 credentials of imagePullSecrets that fit were tried: renew one")

            mount(tmp_path / "secrets", wrong, secret({address: encoded("team-b:right")}))
            assert await sources.fetch(source, into, access, session) is None
            assert {one.name: one.read_bytes() for one in into.iterdir()} == FILES

    asyncio.run(story())


def test_a_secret_that_is_renewed_while_the_loader_runs_is_used_from_the_next_pull_on(tmp_path: Path) -> None:
    def renewed(address: str, password: str) -> Path:
        text = json.dumps({"auths": {address: {"username": "me", "password": password}}})
        return mount(tmp_path / "secrets", text)

    async def story() -> None:
        pretended = PretendedRegistry(user="me:of-this-hour")
        pretended.push("v1", *((text, {layer_files.TITLE: name}) for name, text in FILES.items()))
        async with served(*pretended.routes()) as address, aiohttp.ClientSession() as session:
            pretended.address = address
            access = SourceAccess(pull_secrets=renewed(address, "of-the-last-hour"))
            source = ModelSource(scheme=SourceScheme.OCI, location=f"{address}/acme/sql:v1")
            refused = await sources.fetch(source, tmp_path, access, session)
            assert refused is not None
            assert "answered 401: credentials are missing or wrong" in refused.message
            renewed(address, "of-this-hour")
            assert await sources.fetch(source, tmp_path, access, session) is None

    asyncio.run(story())
