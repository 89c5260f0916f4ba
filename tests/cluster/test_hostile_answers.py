"""What no program should write comes from a router, an API server, a model's endpoint or a plugin, and is named."""

from pathlib import Path

import pytest

from fairlead.cluster import access_reviews, account_tokens, openai_endpoints, router_client
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.connection import ApiConnection, source_of
from fairlead.cluster.credentials import NoCredentials
from fairlead.fleet.token_rights import TokenRight
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.test_connection import kubeconfig
from tests.cluster.test_credential_plugin import plugin, user, variables
from tests.cluster.test_kubeconfig import found, written
from tests.cluster.test_token_reviews import answering
from tests.cluster.worlds import run
from tests.documents.hostile import HOSTILE

TEXTS = {name: document.decode(errors="replace") for name, document in HOSTILE.items()}
SHAPES = ("[]", "null", "7", '"x"', '{"status": []}', '{"status": {"allowed": [true]}}', '{"endpoints": 7, "rows": {}}')
"""Valid JSON of another form."""


@pytest.mark.parametrize("text", [*TEXTS.values(), *SHAPES], ids=[*TEXTS, *SHAPES])
def test_of_a_routers_report_that_cannot_be_read_there_is_none(text: str) -> None:
    assert router_client.parsed(text) is None
    assert router_client.parsed_samples(text) is None
    assert router_client.parsed_gateway(text) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_list_of_models_that_cannot_be_read_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="the list of models is not JSON: "):
        openai_endpoints.model_names(HOSTILE[name])


@pytest.mark.parametrize("text", [*TEXTS.values(), *SHAPES], ids=[*TEXTS, *SHAPES])
def test_only_a_well_formed_review_allows_a_token(tmp_path: Path, text: str) -> None:
    async def story() -> None:
        async with answering(201, text, []) as server:
            environ = {"KUBECONFIG": kubeconfig(tmp_path, server, {"token": "our-own"})}
            right = await access_reviews.may_get("theirs", "/metrics", environ)
            assert right in {TokenRight.DENIED, TokenRight.NO_ANSWER}

    run(story())


@pytest.mark.parametrize("text", [*TEXTS.values(), *SHAPES], ids=[*TEXTS, *SHAPES])
def test_an_answer_without_a_token_is_an_error_of_the_api_server(text: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with FakeApi().served() as fake:
            environ = {"KUBECONFIG": kubeconfig(tmp_path, fake.address, {"token": "t"})}
            source = source_of(environ, Path("/nonexistent"))
            async with ApiConnection(source, await source()) as connection:
                fake.faults.append((lambda _: True, Fault(code=201, body=text)))
                with pytest.raises(ApiError, match="serviceaccounts"):
                    await account_tokens.issue(connection, "team", "reader")

    run(story())


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_plugin_prints_is_an_answer_or_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "printed").write_bytes(HOSTILE[name])
    plugin(tmp_path, f"cat {tmp_path / 'printed'}")
    path = written(tmp_path / "config", "prod", user())
    with pytest.raises(NoCredentials, match="it printed no ExecCredential as JSON"):
        found(**variables(path))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_kubeconfig_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(HOSTILE[name])
    with pytest.raises(NoCredentials, match=f"KUBECONFIG: {path}: .*; correct the file"):
        found(KUBECONFIG=str(path))
