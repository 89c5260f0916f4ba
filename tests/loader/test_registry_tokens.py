"""A registry with a token server: tokens that end during a pull, several challenges, a server that is busy."""

from pathlib import Path

import pytest

from fairlead.adapting.adapter_files import CONFIG, WEIGHTS
from fairlead.fleet.adapters import AdapterProblem
from tests.loader.pretended_servers import PretendedRegistry
from tests.loader.test_sources import FILES, TITLE, content, pulled, secret


def pull_private(pretended: PretendedRegistry, tmp_path: Path) -> AdapterProblem | None:
    """Pull, as a user with a pull secret, an adapter whose large file comes first."""
    pretended.user = "me:secret"
    pretended.push("v1", *((FILES[name], {TITLE: name}) for name in (WEIGHTS, CONFIG)))
    secret(tmp_path / "secrets" / "0", "here")
    return pulled(pretended, tmp_path / "into", secrets=tmp_path / "secrets")


def test_a_token_that_ends_while_a_large_file_is_read_is_replaced_for_the_next_file(tmp_path: Path) -> None:
    pretended = PretendedRegistry(short_tokens=True)
    assert pull_private(pretended, tmp_path) is None
    assert content(tmp_path / "into") == FILES
    assert pretended.tokens == 2, "the first file is not read again"


def test_a_registry_that_accepts_names_and_passwords_too_still_gets_a_token(tmp_path: Path) -> None:
    pretended = PretendedRegistry(challenges=("Basic", "bearer"))
    assert pull_private(pretended, tmp_path) is None
    assert content(tmp_path / "into") == FILES


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (503, "no token: answered 503: it is tried again"),
        (429, "no token: answered 429: it is tried again"),
        (403, "no token: answered 403: these credentials are not permitted to read it"),
    ],
)
def test_a_token_server_that_refuses_is_not_reported_as_wrong_credentials(
    tmp_path: Path, status: int, words: str
) -> None:
    pretended = PretendedRegistry(token_status=status)
    problem = pull_private(pretended, tmp_path)
    assert problem is not None
    assert problem.message.endswith(words)
