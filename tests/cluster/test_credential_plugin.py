"""A kubeconfig's credential plugin runs as for kubectl: prompts are seen, answers kept, and a failure is an end."""

import asyncio
import base64
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.cluster.connection import TOKEN_LIVES_S, ApiConnection, source_of
from fairlead.cluster.credential_plugin import RENEWED_BEFORE_S, CredentialPlugin
from fairlead.cluster.credentials import Credentials, NoCredentials
from fairlead.cluster.kubeconfig import KubeconfigSource
from tests.cluster.test_kubeconfig import found, written
from tests.cluster.worlds import run

VERSION: Final = "client.authentication.k8s.io/v1"
NOW: Final = 1_790_000_000.0
COUNTED: Final = 'echo run >> "$0.runs"; number=$(wc -l < "$0.runs")'
"""Counts its runs beside itself."""


def printing(status: str) -> str:
    """The script that prints this status, in which shell variables are filled in."""
    document = f'{{"apiVersion": "{VERSION}", "kind": "ExecCredential", "status": {status}}}'
    return "cat <<END\n" + document + "\nEND"


def plugin(folder: Path, *lines: str) -> Path:
    """A plugin in this folder, as a script of these lines."""
    folder.mkdir(exist_ok=True)
    path = folder / "plugin.sh"
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def user(**changed: object) -> dict[str, Any]:
    """A user of a kubeconfig whose plugin lies beside the file."""
    settings: dict[str, object] = {"apiVersion": VERSION, "command": "./plugin.sh", "interactiveMode": "IfAvailable"}
    return {"exec": settings | changed}


def runs(path: Path) -> int:
    """How often it ran."""
    return Path(f"{path}.runs").read_text().count("run")


def variables(path: str) -> dict[str, str]:
    """The environment of a person's shell."""
    return {"KUBECONFIG": path, "PATH": os.environ["PATH"]}


def test_a_plugin_beside_its_users_file_runs_from_any_folder_and_its_prompt_is_seen_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin(tmp_path / "mine", 'echo "open https://login.example.com, code $CODE" >&2', printing('{"token": "$CODE"}'))
    cluster = written(tmp_path / "config", "prod", users=[])
    environment = [{"name": "CODE", "value": "AB12"}]
    mine = written(tmp_path / "mine" / "config", "prod", user(env=environment), clusters=[], contexts=[])
    monkeypatch.chdir(tmp_path)
    credentials = found(**variables(f"{cluster}:{mine}"))
    assert (credentials.scheme, credentials.token) == ("Bearer", "AB12")
    assert capfd.readouterr().err == "open https://login.example.com, code AB12\n"


def test_a_plugin_named_without_a_folder_is_found_on_the_path(tmp_path: Path) -> None:
    plugin(tmp_path / "bin", 'test "$1" = get-token || exit 1', printing('{"token": "t"}'))
    path = written(tmp_path / "config", "prod", user(command="plugin.sh", args=["get-token"]))
    assert found(KUBECONFIG=path, PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}").token == "t"


def test_an_answer_is_kept_until_shortly_before_it_expires(tmp_path: Path) -> None:
    """A connection reads its credentials once a minute; a plugin may want a person, or a second of cloud requests."""
    now = NOW
    expires = datetime.fromtimestamp(NOW + 900, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = f'{{"token": "t$number", "expirationTimestamp": "{expires}"}}'
    script = plugin(tmp_path, COUNTED, printing(status))
    path = written(tmp_path / "config", "prod", user())

    async def story() -> None:
        nonlocal now
        source = KubeconfigSource(
            files=(Path(path),), environ=variables(path), context=None, plugin=CredentialPlugin(lambda: now)
        )
        assert [(await source()).token for _ in range(3)] == ["t1"] * 3
        now = NOW + 900 - RENEWED_BEFORE_S - 1
        assert (await source()).token == "t1"
        now += 1
        assert (await source()).token == "t2"

    run(story())
    assert runs(script) == 2


def test_a_plugin_that_fails_later_leaves_what_it_gave_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    plugin(
        tmp_path,
        COUNTED,
        'test "$number" = 1 || exit 7',
        printing('{"token": "t", "expirationTimestamp": "2020-01-01T00:00:00Z"}'),
    )
    path = written(tmp_path / "config", "prod", user())
    now = 0.0

    async def story() -> None:
        nonlocal now
        source = KubeconfigSource(files=(Path(path),), environ=variables(path), context=None)
        plain = Credentials(server="http://127.0.0.1:1", scheme="Bearer", token=(await source()).token)
        async with ApiConnection(source, plain, lambda: now) as connection:
            now = TOKEN_LIVES_S
            assert (await connection.credentials()).token == "t"

    run(story())
    assert "ended with exit code 7" in caplog.text


def test_a_plugin_is_ended_with_the_command_that_waits_for_it(tmp_path: Path) -> None:
    """By ctrl-c while it waits for a login."""
    plugin(tmp_path, 'echo $$ > "$0.new" && mv "$0.new" "$0.pid" && exec sleep 600')
    path, pid = written(tmp_path / "config", "prod", user()), tmp_path / "plugin.sh.pid"

    left: list[bool] = []

    async def story() -> None:
        reading = asyncio.ensure_future(source_of(variables(path))())
        reading.add_done_callback(lambda _: left.append(Path(f"/proc/{pid.read_text().strip()}").exists()))
        while not pid.exists():
            await asyncio.sleep(0.01)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    run(story())
    assert left == [False]


NOT_THERE: Final = "there is no such program, or it may not be run; "
NO_DOCUMENT: Final = "it printed no ExecCredential as JSON; run it by itself to see what it says"


@pytest.mark.parametrize(
    ("lines", "changed", "words"),
    [
        (("exit 3",), {}, "it ended with exit code 3; see what it printed above, and log in anew"),
        ((), {"command": "./none", "installHint": "see\nexample.com"}, f"{NOT_THERE}see example.com"),
        ((), {"command": "no-such-plugin-anywhere"}, f"{NOT_THERE}install it, or correct users[].user.exec.command"),
        (("echo token",), {}, NO_DOCUMENT),
        (("echo '[]'",), {}, NO_DOCUMENT),
        ((printing('{"token": "t", "expirationTimestamp": "soon"}'),), {}, NO_DOCUMENT),
        ((printing("{}"),), {}, "it printed neither a token nor a certificate with its key; log in anew"),
        ((printing('{"token": "t", "clientKeyData": "k"}'),), {}, "it printed neither a token nor a certificate"),
        (
            (printing('{"token": "t"}'),),
            {"apiVersion": "client.authentication.k8s.io/v1beta1"},
            "it printed apiVersion client.authentication.k8s.io/v1, the kubeconfig asks for client.",
        ),
        (
            (printing('{"token": "t"}'),),
            {"interactiveMode": "Always"},
            "it wants a terminal, and standard input is none",
        ),
    ],
)
def test_a_plugin_that_gives_no_credentials_ends_the_command_and_says_why(
    tmp_path: Path, lines: tuple[str, ...], changed: dict[str, object], words: str
) -> None:
    """Without credentials requests would be an anonymous user's, and refused as such."""
    plugin(tmp_path, *lines)
    with pytest.raises(NoCredentials) as no:
        found(**variables(written(tmp_path / "config", "prod", user(**changed))))
    assert str(no.value).startswith("getting credentials: exec: ")
    assert words in str(no.value)


def test_a_script_that_names_no_interpreter_is_reported(tmp_path: Path) -> None:
    plugin(tmp_path).write_text("\x7f not a program")
    with pytest.raises(NoCredentials, match=r"plugin.sh: it cannot be started: .*; correct the kubeconfig"):
        found(**variables(written(tmp_path / "config", "prod", user())))


@pytest.mark.parametrize("changed", [{"command": ""}, {"apiVersion": "v1"}])
def test_a_plugin_that_is_not_named_in_whole_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(NoCredentials, match=r"^users\[\].user.exec: it needs command, and apiVersion client"):
        found(**variables(written(tmp_path / "config", "prod", user(**changed))))


def test_a_plugin_is_shown_its_cluster_where_it_wants_to_be(tmp_path: Path) -> None:
    plugin(tmp_path, 'echo "$KUBERNETES_EXEC_INFO" > "$0.info"', printing('{"token": "t"}'))
    (tmp_path / "ca.crt").write_text("CA")
    settings = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "fleet"}}
    cluster = {"server": "http://10.0.0.1", "certificate-authority": "ca.crt", "extensions": [settings]}
    shown = []
    for wants in (True, False):
        clusters = [{"name": "prod", "cluster": cluster}]
        path = written(tmp_path / "config", "prod", user(provideClusterInfo=wants), clusters=clusters)
        found(**variables(path))
        shown.append(json.loads((tmp_path / "plugin.sh.info").read_text()))
    about = {"server": "http://10.0.0.1", "certificate-authority-data": base64.b64encode(b"CA").decode()}
    head = {"apiVersion": VERSION, "kind": "ExecCredential"}
    assert shown == [
        head | {"spec": {"interactive": False, "cluster": about | {"config": {"audience": "fleet"}}}},
        head | {"spec": {"interactive": False}},
    ]


@pytest.mark.parametrize("mode", ["IfAvailable", "Always", "Never"])
def test_a_plugin_reads_keys_where_there_is_a_terminal_unless_it_never_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    plugin(tmp_path, 'echo "$KUBERNETES_EXEC_INFO" > "$0.info"', printing('{"token": "t"}'))
    monkeypatch.setattr("os.isatty", lambda _: True)
    found(**variables(written(tmp_path / "config", "prod", user(interactiveMode=mode))))
    spec = json.loads((tmp_path / "plugin.sh.info").read_text())["spec"]
    assert spec == {"interactive": mode != "Never"}


def test_a_certificate_of_a_plugin_is_presented_to_the_server(tmp_path: Path) -> None:
    plugin(tmp_path, printing('{"clientCertificateData": "CERT", "clientKeyData": "KEY"}'))
    credentials = found(**variables(written(tmp_path / "config", "prod", user())))
    assert credentials.token is None
    assert Path(credentials.certificate_path or "").read_text() == "CERT"
    assert Path(credentials.private_key_path or "").read_text() == "KEY"


@pytest.mark.parametrize(
    "own",
    [
        {"token": "own"},
        {"client-certificate": "own.crt", "client-key": "own.key"},
        {"client-certificate-data": "b3du", "client-key-data": "b3du"},
    ],
    ids=["a token", "the files of a certificate", "a certificate"],
)
def test_a_user_who_has_credentials_of_its_own_needs_no_plugin(tmp_path: Path, own: dict[str, str]) -> None:
    for name in ("own.crt", "own.key"):
        (tmp_path / name).write_text("own")
    credentials = found(**variables(written(tmp_path / "config", "prod", own | user(command="no-such-plugin"))))
    if "token" in own:
        assert credentials.token == "own"
    else:
        assert Path(credentials.certificate_path or "").read_text() == "own"
