"""Which credentials a pull uses: those that the kubelet would use, as the mounted Secrets have them now."""

import asyncio
import base64
import json
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.loader import pull_secrets, registry, sources
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


def test_credentials_are_those_of_the_first_secret_that_names_a_host(tmp_path: Path) -> None:
    folder = mount(
        tmp_path,
        '{"auths": {"https://r.example/v1/": {"auth": "Zmlyc3Q="}, "quiet.example": {}}}',
        secret({"r.example": "c2Vjb25k"}),
        "[",
        '["auths"]',
    )
    assert pull_secrets.basic(folder, "r.example", "acme/sql") == "Zmlyc3Q="
    assert pull_secrets.basic(folder, "quiet.example", "acme/sql") is None
    assert pull_secrets.basic(folder, "r.example:5000", "acme/sql") is None


@pytest.mark.parametrize("written", ["https://index.docker.io/v1/", "index.docker.io", "docker.io"])
@pytest.mark.parametrize("host", ["docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_the_credentials_that_kubectl_writes_for_it(tmp_path: Path, written: str, host: str) -> None:
    folder = mount(tmp_path, json.dumps({"auths": {written: {"username": "me", "password": "secret"}}}))
    found = pull_secrets.basic(folder, host, "acme/sql-lora")
    assert found == base64.b64encode(b"me:secret").decode()


@pytest.mark.parametrize(
    ("repository", "value"),
    [("one/sql", "of-one"), ("two/sql", "of-two"), ("two/sql/large", "of-sql"), ("one-more/sql", "of-all")],
)
def test_each_group_of_a_registry_may_have_credentials_of_its_own(tmp_path: Path, repository: str, value: str) -> None:
    folder = mount(
        tmp_path,
        secret({"r.example": "of-all", "r.example/one": "of-one"}),
        secret({"https://r.example/two/": "of-two", "r.example/two/sql/large": "of-sql"}),
    )
    assert pull_secrets.basic(folder, "r.example", repository) == value


def test_a_star_stands_for_one_part_of_a_host_and_an_exact_host_comes_before_it(tmp_path: Path) -> None:
    folder = mount(tmp_path, secret({"*.r.example": "any", "eu.r.example": "eu"}))
    hosts = ("us.r.example", "eu.r.example", "r.example", "a.us.r.example")
    found = [pull_secrets.basic(folder, host, "acme/sql") for host in hosts]
    assert found == ["any", "eu", None, None]


def test_a_secret_that_is_renewed_while_the_loader_runs_is_used_from_the_next_pull_on(tmp_path: Path) -> None:
    def renewed(address: str, password: str) -> Path:
        text = json.dumps({"auths": {address: {"username": "me", "password": password}}})
        return mount(tmp_path / "secrets", text)

    async def story() -> None:
        pretended = PretendedRegistry(user="me:of-this-hour")
        pretended.push("v1", *((text, {registry.TITLE: name}) for name, text in FILES.items()))
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
