"""A credential plugin under a command that has the terminal itself: it gets no keys, and draws over nothing."""

import json
from pathlib import Path

import pytest

from fairlead.cluster import credential_plugin
from fairlead.cluster.credential_plugin import AGAIN_S, CredentialPlugin
from fairlead.cluster.credentials import NoCredentials
from fairlead.cluster.kubeconfig import KubeconfigSource
from tests.cluster.test_credential_plugin import COUNTED, NOW, plugin, printing, runs, user, variables
from tests.cluster.test_kubeconfig import written
from tests.cluster.worlds import run


class Without:
    """A source whose command has the terminal."""

    def __init__(self, folder: Path, **changed: object) -> None:
        self.now = NOW
        path = written(folder / "config", "prod", user(**changed))
        own = CredentialPlugin(lambda: self.now)
        self._source = KubeconfigSource(files=(Path(path),), environ=variables(path), context=None, plugin=own)
        own.leave_terminal()

    async def token(self) -> str:
        """The token, or why there is none."""
        try:
            return str((await self._source()).token)
        except NoCredentials as problem:
            return str(problem)


def test_it_reads_no_keys_though_there_is_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = ('echo "$KUBERNETES_EXEC_INFO" > "$0.info"', "cat > $0.keys", "echo hello >&2")
    plugin(tmp_path, *lines, printing('{"token": "t"}'))
    monkeypatch.setattr("os.isatty", lambda _: True)

    async def story() -> None:
        assert await Without(tmp_path).token() == "t"

    run(story())
    assert json.loads((tmp_path / "plugin.sh.info").read_text())["spec"] == {"interactive": False}
    assert (tmp_path / "plugin.sh.keys").read_text() == ""
    assert capfd.readouterr().err == ""


def test_a_failure_has_its_last_words_and_is_not_repeated_within_a_minute(tmp_path: Path) -> None:
    """A table that refreshes each two seconds would open the page of a login each time."""
    lines = (COUNTED, 'printf "usage: none\\n\\033[31mthe login expired\\n\\n" >&2', 'test "$number" = 2 || exit 7')
    script = plugin(tmp_path, *lines, printing('{"token": "t$number"}'))

    async def story() -> None:
        top = Without(tmp_path)
        first = await top.token()
        assert first.endswith(
            "it ended with exit code 7: [31mthe login expired; end this command, log in, and run it again"
        )
        top.now += AGAIN_S - 1
        assert (await top.token(), runs(script)) == (first, 1)
        top.now += 1
        assert (await top.token(), runs(script)) == ("t2", 2)

    run(story())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("echo open https://login.example.com >&2", ": open https://login.example.com; end this command, log in"),
        (":", "; end this command, log in, and run it again"),
    ],
)
def test_one_that_waits_for_a_person_is_ended_and_what_it_asks_for_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    plugin(tmp_path, line, "exec sleep 600")
    monkeypatch.setattr(credential_plugin, "ALONE_S", 1.0)

    async def story() -> None:
        assert f"plugin.sh: no answer in 1 s{words}" in await Without(tmp_path).token()

    run(story())


def test_one_that_always_wants_the_terminal_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = plugin(tmp_path, COUNTED, printing('{"token": "t"}'))
    monkeypatch.setattr("os.isatty", lambda _: True)

    async def story() -> None:
        found = await Without(tmp_path, interactiveMode="Always").token()
        assert "it wants the terminal, which this command uses itself; end this command" in found

    run(story())
    assert not Path(f"{script}.runs").exists()
