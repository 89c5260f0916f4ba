"""A kubeconfig names the same cluster, and the same user there, as for kubectl."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from aiohttp import web

from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.connection import ApiConnection, source_of
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.cluster.kinds import CONFIG_MAP
from tests.cluster.fake_api import FakeApi
from tests.cluster.worlds import run

IN_A_POD: Final = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
NEVER: Final = 4_000_000_000
"""Seconds of the year 2096."""


def written(path: Path, name: str, user: dict[str, Any] | None = None, **changed: object) -> str:
    """A kubeconfig with one cluster, user and context of this name."""
    config = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-home"}}],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example.com"}}],
        "users": [{"name": name, "user": user or {"token": f"token-of-{name}"}}],
    }
    path.write_text(json.dumps(config | changed))
    return str(path)


def found(**environ: str) -> Credentials:
    """The credentials that these variables lead to."""
    return asyncio.run(_found(environ))


async def _found(environ: dict[str, str]) -> Credentials:
    return await source_of(environ, Path("/nonexistent"))()


def test_the_first_of_several_files_that_has_a_current_context_decides(tmp_path: Path) -> None:
    staging, prod = written(tmp_path / "a", "staging"), written(tmp_path / "b", "prod")
    unset = written(tmp_path / "c", "unset", None, **{"current-context": ""})
    for files in ((staging, prod), (unset, staging, prod), (str(tmp_path / "none"), staging, prod, unset)):
        assert found(KUBECONFIG=":".join(files)) == Credentials(
            server="https://staging.example.com",
            scheme="Bearer",
            token="token-of-staging",
            default_namespace="staging-home",
        )


def test_in_a_pod_a_kubeconfig_comes_before_the_pods_own_account(tmp_path: Path) -> None:
    """As for kubectl in a CI runner that has a kubeconfig of the cluster to deploy to."""
    assert found(**IN_A_POD, KUBECONFIG=written(tmp_path / "a", "prod")).server == "https://prod.example.com"
    (tmp_path / "broken").write_text("{")
    with pytest.raises(NoCredentials, match=r"KUBECONFIG: .*broken: .*; correct the file"):
        found(**IN_A_POD, KUBECONFIG=str(tmp_path / "broken"))


@pytest.mark.parametrize("content", [None, "", "current-context: ''\nclusters: []\n"])
def test_in_a_pod_a_kubeconfig_that_names_no_cluster_leaves_the_pods_own_account(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "config").write_text(content)
    with pytest.raises(NoCredentials, match="automountServiceAccountToken"):
        found(**IN_A_POD, KUBECONFIG=str(tmp_path / "config"))


def test_the_file_in_the_home_folder_is_used_in_a_pod_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    written(tmp_path / ".kube" / "config", "prod")
    assert found(**IN_A_POD).server == "https://prod.example.com"


def test_a_home_folder_that_cannot_be_looked_into_leaves_the_pods_own_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of another user in a custom image; root may look into any, but not at a name of 300 letters."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    for home in (closed, tmp_path / ("x" * 300)):
        monkeypatch.setenv("HOME", str(home))
        with pytest.raises(NoCredentials, match="automountServiceAccountToken"):
            found(**IN_A_POD)
        with pytest.raises(NoCredentials, match="there is no such file; name one"):
            found()


def test_a_users_certificate_lies_beside_the_file_that_names_the_user(tmp_path: Path) -> None:
    """And not beside that of the cluster, which an administrator hands out."""
    for folder in ("clusters", "mine"):
        (tmp_path / folder).mkdir()
    cluster = written(tmp_path / "clusters" / "config", "prod", users=[])
    user = {"client-certificate": "me.crt", "client-key": "keys/me.key"}
    mine = written(tmp_path / "mine" / "config", "prod", user, clusters=[], contexts=[])
    (tmp_path / "mine" / "keys").mkdir()
    for name in ("me.crt", "keys/me.key"):
        (tmp_path / "mine" / name).touch()
    credentials = found(KUBECONFIG=f"{cluster}:{mine}")
    assert (credentials.certificate_path, credentials.private_key_path) == (
        str(tmp_path / "mine" / "me.crt"),
        str(tmp_path / "mine" / "keys" / "me.key"),
    )


def test_an_empty_file_in_the_list_is_left_out_and_one_alone_is_named(tmp_path: Path) -> None:
    empty, prod = tmp_path / "empty", written(tmp_path / "a", "prod")
    for content in ("", "# of a tool\n"):
        empty.write_text(content)
        for files in (f"{empty}:{prod}", f"{prod}:{empty}"):
            assert found(KUBECONFIG=files).server == "https://prod.example.com"
        with pytest.raises(NoCredentials, match="empty: empty, or not of the form of a kubeconfig; correct the file"):
            found(KUBECONFIG=str(empty))


@pytest.mark.parametrize("content", ["!!int '+'", "!!bool perhaps", "!!timestamp soon"])
def test_a_file_with_a_tag_that_does_not_fit_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "odd").write_text(content)
    with pytest.raises(NoCredentials, match=r"^KUBECONFIG: .*/odd: .*; correct the file$"):
        found(KUBECONFIG=str(tmp_path / "odd"))


def test_a_context_without_a_user_sends_no_credentials(tmp_path: Path) -> None:
    """Of a cluster that knows its users by the network or the proxy that they come from."""
    contexts = [{"name": "prod", "context": {"cluster": "prod"}}]
    for users in ([], [{"name": "other", "user": {"token": "others"}}]):
        path = written(tmp_path / "a", "prod", contexts=contexts, users=users)
        assert found(KUBECONFIG=path) == Credentials(server="https://prod.example.com")


def test_a_proxy_that_speaks_socks_is_refused_by_the_field_that_names_it(tmp_path: Path) -> None:
    around = {"KUBECONFIG": written(tmp_path / "a", "prod"), "HTTPS_PROXY": "socks5://me:secret@proxy.corp:1080"}
    with pytest.raises(NoCredentials) as no:
        found(**around)
    assert str(no.value) == (
        "HTTPS_PROXY: socks5: Fairlead reaches a cluster through http:// and https:// proxies only; name one, or list "
        "the server in NO_PROXY to connect directly"
    )
    assert found(**around, NO_PROXY="example.com").proxy_url is None
    cluster = {"server": "https://prod.example.com", "proxy-url": "socks5://proxy.corp:1080"}
    written(tmp_path / "a", "prod", clusters=[{"name": "prod", "cluster": cluster}])
    with pytest.raises(NoCredentials, match=r"^proxy-url: socks5: .*; name one, or remove it to connect directly"):
        found(**around)


def test_a_proxy_that_cannot_be_read_is_named_by_its_field_without_its_password(tmp_path: Path) -> None:
    """The file may be right: the variable is another one's."""
    around = {"KUBECONFIG": written(tmp_path / "a", "prod"), "HTTPS_PROXY": "http://me:secret@[proxy:1080"}
    with pytest.raises(NoCredentials) as no:
        found(**around)
    assert str(no.value) == (
        "HTTPS_PROXY: it cannot be read as a URL; write http://HOST:PORT, or list the server in NO_PROXY to connect "
        "directly"
    )


def test_a_server_behind_a_proxy_is_reached_through_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "prod")
    around = {"KUBECONFIG": path, "HTTPS_PROXY": "http://proxy.corp:3128"}
    assert found(**around).proxy_url == "http://proxy.corp:3128"
    assert found(**around, NO_PROXY=".example.com").proxy_url is None
    cluster = {"server": "https://prod.example.com", "proxy-url": "http://its-own:3128"}
    written(tmp_path / "a", "prod", clusters=[{"name": "prod", "cluster": cluster}])
    assert found(**around).proxy_url == "http://its-own:3128"


def test_a_user_that_acts_as_another_one_sends_no_request_as_itself(tmp_path: Path) -> None:
    user = {
        "token": "admin",
        "as": "viewer",
        "as-uid": "7",
        "as-groups": ["readers", "guests"],
        "as-user-extra": {"example.com/team": ["a", "b"]},
    }
    seen: list[tuple[str, str]] = []

    class HeaderLog(FakeApi):
        """Notes who sends a request."""

        async def _carry_out(self, request: web.Request, *rest: Any) -> web.StreamResponse:  # noqa: ANN401  # the fake's own
            seen.extend(one for one in request.headers.items() if one[0].startswith(("Imperson", "Authoriz")))
            return await super()._carry_out(request, *rest)

    async def story() -> None:
        async with HeaderLog().served() as fake:
            cluster = {"name": "here", "cluster": {"server": fake.address}}
            environ = {"KUBECONFIG": written(tmp_path / "a", "here", user, clusters=[cluster])}
            source = source_of(environ)
            async with ApiConnection(source, await source()) as connection:
                await ApiServer(connection).listing(CONFIG_MAP)

    run(story())
    assert seen == [
        ("Authorization", "Bearer admin"),
        ("Impersonate-User", "viewer"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "readers"),
        ("Impersonate-Group", "guests"),
        ("Impersonate-Extra-example.com%2Fteam", "a"),
        ("Impersonate-Extra-example.com%2Fteam", "b"),
    ]


class Issuer:
    """An OpenID issuer that takes each refresh token once."""

    def __init__(self) -> None:
        self.address = ""
        self.refresh_token = "first"
        self.refused = 0
        self.meanwhile: Callable[[], object] = lambda: None
        """What happens while it renews a token."""

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Issuer"]:
        """Serve for as long as the block runs."""
        app = web.Application()
        app.add_routes([web.get("/.well-known/openid-configuration", self._describe), web.post("/token", self._renew)])
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _describe(self, _: web.Request) -> web.Response:
        return web.json_response({"token_endpoint": f"{self.address}/token"})

    async def _renew(self, request: web.Request) -> web.Response:
        if (await request.post())["refresh_token"] != self.refresh_token:
            self.refused += 1
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.refresh_token += "+"
        self.meanwhile()
        return web.json_response({"id_token": id_token(expires=NEVER), "refresh_token": self.refresh_token})

    def user(self) -> dict[str, Any]:
        """A user of a kubeconfig who logged in here long ago."""
        client = {"client-id": "k", "client-secret": "s", "idp-issuer-url": self.address}
        tokens = {"id-token": id_token(expires=1), "refresh-token": self.refresh_token}
        return {"auth-provider": {"name": "oidc", "config": client | tokens}}


def id_token(*, expires: int) -> str:
    """A token as far as its expiry."""
    parts: tuple[dict[str, Any], ...] = ({"alg": "none"}, {"exp": expires}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the official client's own session
def test_a_renewed_token_is_kept_in_its_file_since_an_issuer_may_renew_it_once_only(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    written(other, "other")
    before = other.read_text()

    async def story() -> None:
        async with Issuer().served() as issuer:
            source = source_of({"KUBECONFIG": f"{written(path, 'prod', issuer.user())}:{other}"})
            first = await source()
            assert (await source(), issuer.refused, issuer.refresh_token) == (first, 0, "first+")

    run(story())
    kept = yaml.safe_load(path.read_text())
    assert (kept["current-context"], kept["contexts"][0]["name"]) == ("prod", "prod")
    tokens = kept["users"][0]["user"]["auth-provider"]["config"]
    assert (tokens["id-token"], tokens["refresh-token"]) == (id_token(expires=NEVER), "first+")
    assert other.read_text() == before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the official client's own session
def test_a_renewed_token_that_cannot_be_kept_is_used_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a"

    def replaced() -> None:
        path.unlink()
        path.mkdir()

    async def story() -> None:
        async with Issuer().served() as issuer:
            source = source_of({"KUBECONFIG": written(path, "prod", issuer.user())})
            issuer.meanwhile = replaced
            assert (await source()).token

    run(story())
    (line,) = [one.message for one in caplog.records if one.name == "fairlead.cluster.kubeconfig"]
    assert line.startswith(f"{path}: the renewed token cannot be stored ([Errno 21] Is a directory")
