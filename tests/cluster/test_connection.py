"""Identity and server, from a service account or a kubeconfig, and never older than a minute."""

import asyncio
import base64
import json
import ssl
from pathlib import Path

import kopf
import pytest

from fairlead.cluster.api_server import ApiServer, Unreachable
from fairlead.cluster.connection import TOKEN_LIVES_S, ApiConnection, connect, source_of
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.cluster.kinds import CONFIG_MAP
from fairlead.controller.webhook.kopf_host import KopfLogin
from tests.cluster.fake_api import FakeApi, Fault
from tests.cluster.worlds import run


def account(folder: Path, token: str) -> Path:
    """The folder that the kubelet mounts."""
    (folder / "token").write_text(f"{token}\n")
    (folder / "ca.crt").write_text("")
    (folder / "namespace").write_text("fairlead")
    return folder


def kubeconfig(folder: Path, server: str, user: dict[str, str]) -> str:
    """A kubeconfig as kubectl writes it."""
    path = folder / "config"
    context = {"cluster": "c", "user": "u", "namespace": "serving"}
    config = {
        "current-context": "x",
        "contexts": [{"name": "x", "context": context}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(config))
    return str(path)


@pytest.mark.parametrize(("host", "server"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd::1", "https://[fd::1]:443")])
def test_inside_a_cluster_the_service_account_speaks(tmp_path: Path, host: str, server: str) -> None:
    async def story() -> None:
        found = await source_of({"KUBERNETES_SERVICE_HOST": host}, account(tmp_path, "first"))()
        assert found == Credentials(
            server=server,
            ca_path=str(tmp_path / "ca.crt"),
            scheme="Bearer",
            token="first",
            default_namespace="fairlead",
        )
        assert kopf.ConnectionInfo(**found.for_kopf()).as_http_headers() == found.headers

    run(story())


def test_without_a_token_it_says_what_the_pod_needs(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(NoCredentials, match=r"token cannot be read .*automountServiceAccountToken: true"):
            await source_of({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, tmp_path)()

    run(story())


def test_a_token_is_read_anew_each_minute_and_the_old_one_kept_while_it_cannot_be(tmp_path: Path) -> None:
    async def story() -> None:
        now = 0.0
        source = source_of({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, account(tmp_path, "first"))
        first = await source()
        plain = Credentials(server="http://127.0.0.1:1", scheme=first.scheme, token=first.token)
        async with ApiConnection(source, plain, lambda: now) as connection:
            account(tmp_path, "second")
            assert (await connection.credentials()).token == "first"
            now = TOKEN_LIVES_S
            assert (await connection.credentials()).token == "second"
            (tmp_path / "token").unlink()
            now = 2 * TOKEN_LIVES_S
            assert (await connection.credentials()).token == "second"

    run(story())


def test_a_server_that_does_not_believe_us_makes_us_read_the_token_anew() -> None:
    async def story() -> None:
        fake, tokens = FakeApi(), iter(["second", "third"])
        async with fake.served():

            async def source() -> Credentials:
                return Credentials(server=fake.address, scheme="Bearer", token=next(tokens))

            async with ApiConnection(
                source, Credentials(server=fake.address, scheme="Bearer", token="old")
            ) as connection:
                fake.fail(Fault(code=401), "list")
                with pytest.raises(Unreachable, match="401"):
                    await ApiServer(connection).listing(CONFIG_MAP)
                await ApiServer(connection).listing(CONFIG_MAP)
                assert (await connection.credentials()).token == "second"

    run(story())


@pytest.mark.parametrize(
    ("user", "headers"),
    [
        ({"token": "secret"}, {"Authorization": "Bearer secret"}),
        ({"username": "a", "password": "b"}, {"Authorization": f"Basic {base64.b64encode(b'a:b').decode()}"}),
        ({}, {}),
    ],
    ids=["a token", "a password", "nothing"],
)
def test_a_kubeconfig_is_read_by_the_official_client(
    tmp_path: Path, user: dict[str, str], headers: dict[str, str]
) -> None:
    async def story() -> None:
        async with FakeApi().served() as fake:
            connection = await connect({"KUBECONFIG": kubeconfig(tmp_path, fake.address, user)})
            async with connection:
                found = await connection.credentials()
                assert (found.server, dict(found.headers), found.default_namespace) == (
                    fake.address,
                    headers,
                    "serving",
                )
                assert (await ApiServer(connection).listing(CONFIG_MAP)).items == []

    run(story())


def test_a_kubeconfig_that_is_missing_or_names_nothing_is_reported(tmp_path: Path) -> None:
    async def story() -> None:
        with pytest.raises(NoCredentials, match=r"KUBECONFIG: .*nowhere: there is no such file"):
            source_of({"KUBECONFIG": str(tmp_path / "nowhere")})
        for text in ("current-context: x\ncontexts: []\n", "", "[]", "{", "current-context: x\ncontexts: 3\n"):
            (tmp_path / "bad").write_text(text)
            with pytest.raises(NoCredentials, match=r"KUBECONFIG: .*correct the file"):
                await connect({"KUBECONFIG": str(tmp_path / "bad")})
        (tmp_path / "bad").write_text("")
        with pytest.raises(NoCredentials, match=r"bad: empty, or not of the form of a kubeconfig; correct the file"):
            await connect({"KUBECONFIG": str(tmp_path / "bad")})

    run(story())


def test_an_authority_that_is_no_certificate_is_reported_with_the_field_that_names_it(tmp_path: Path) -> None:
    """A kubeconfig that was copied in part ended every command with a traceback."""
    path = Path(kubeconfig(tmp_path, "https://10.0.0.1:6443", {"token": "secret"}))
    document = json.loads(path.read_text())
    for half in (b"-----BEGIN CERTIFICATE-----\nMIIB", b"not a certificate"):
        document["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(half).decode()
        path.write_text(json.dumps(document))
        words = r"^the certificate authority of https://10.0.0.1:6443 cannot be used \(.*correct certificate-authority"
        with pytest.raises(NoCredentials, match=words):
            asyncio.run(connect({"KUBECONFIG": str(path)}))


def test_a_cluster_whose_certificates_identify_no_keys_is_trusted_as_kubectl_trusts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python refuses them from 3.13 on; its default is set here for any Python."""
    default = ssl.create_default_context

    def strict(cafile: str | None, cadata: None = None) -> ssl.SSLContext:
        context = default(cafile=cafile, cadata=cadata)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    found = Credentials(server="https://10.0.0.1")
    for context in (found.trust(), KopfLogin(**found.for_kopf()).as_ssl_context()):
        assert (context.verify_mode, context.verify_flags & ssl.VERIFY_X509_STRICT) == (ssl.CERT_REQUIRED, 0)


def test_credentials_that_come_without_a_token_do_not_replace_those_with_one() -> None:
    """Without one we would be an anonymous user without rights."""

    async def story() -> None:
        credentials = Credentials(server="http://127.0.0.1:1", scheme="Bearer", token="known")

        async def forgetful() -> Credentials:
            return Credentials(server="http://127.0.0.1:1")

        async with ApiConnection(forgetful, credentials) as connection:
            connection.doubt()
            assert await connection.credentials() == credentials

    run(story())
