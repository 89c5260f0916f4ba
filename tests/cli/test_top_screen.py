"""`fairlead top` on a terminal: a table that refreshes itself, why it does not, and a terminal as it was before."""

import asyncio
import io
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.cli import top_rows, top_screen
from fairlead.cli.cluster_client import ClusterClient, ClusterUnavailable
from fairlead.cli.top_rows import TopView
from fairlead.cluster import kinds
from tests.cli.conftest import Run
from tests.cli.pretend_cluster import running
from tests.cli.test_top import ROW, SEEN
from tests.cluster.fake_api import FakeRequest, Fault
from tests.cluster.test_credential_plugin import COUNTED, plugin, printing, user


class Keys(io.TextIOWrapper):
    """A terminal's input whose other end is ours."""

    def __init__(self) -> None:
        self.ours, theirs = os.openpty()
        super().__init__(io.FileIO(theirs, "r"))

    def close(self) -> None:
        """Close both ends."""
        super().close()
        os.close(self.ours)


def test_a_live_table_goes_on_until_q_and_gives_the_terminal_back() -> None:
    keys, out, entries = Keys(), io.StringIO(), []

    async def observe() -> TopView:
        entries.append(1)
        if len(entries) == 2:
            raise ClusterUnavailable("the line is down")
        if len(entries) == 4:
            os.write(keys.ours, b"q")
        return SEEN

    with top_screen.alternate_screen(keys, out) as screen:
        asyncio.run(top_screen.follow(screen, observe, 0.001))
    keys.close()
    shown = out.getvalue()
    assert shown.startswith("\x1b[?1049h")
    assert shown.count("not refreshed since 14:13:20 UTC: the line is down") == 1, "the next refresh succeeded"
    assert "no metrics" not in shown
    assert shown.endswith("\x1b[?25h\x1b[?1049l")


def test_a_long_table_is_cut_to_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("COLUMNS", "80")
    out = io.StringIO()
    top_screen.TopScreen(keys=None, out=out).show(replace(SEEN, rows=(ROW,) * 9))
    assert "and 7 more; -n shows one namespace" in out.getvalue()


def test_why_a_long_table_is_old_stands_above_its_rows_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows below the screen are cut, and the end of the reason names the remedy."""
    monkeypatch.setenv("LINES", "8")
    monkeypatch.setenv("COLUMNS", "60")
    out, why = io.StringIO(), "https://10.0.0.1:6443 does not answer within 10 s; `kubectl get --raw /readyz` tests it"
    top_screen.TopScreen(keys=None, out=out).show(replace(SEEN, rows=(ROW,) * 90, not_refreshed=why))
    lines = out.getvalue().splitlines()
    assert " ".join(lines[1:3]) == f"not refreshed since 14:13:20 UTC: {why}"
    assert "NAMESPACE" in lines[3]


class Screen(io.StringIO):
    """A terminal to write to."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture
def _sigterm_is_ours() -> Iterator[None]:
    """A signal that the command does not handle fails the test and not the run."""

    def unhandled(*_: object) -> None:
        raise AssertionError("SIGTERM would have ended the process and left the terminal as it was")

    before = signal.signal(signal.SIGTERM, unhandled)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_sigterm_is_ours")
def test_a_sigterm_gives_the_terminal_back(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `timeout 60 fairlead top` sends it."""
    out = Screen()
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    load = top_rows.load_view

    async def ended(client: ClusterClient, namespace: str | None, now: float) -> TopView:
        os.kill(os.getpid(), signal.SIGTERM)
        return await load(client, namespace, now)

    monkeypatch.setattr(top_rows, "load_view", ended)
    with running(tmp_path) as (_, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        assert run("top", "--every", "0.1")[0] == 0
    assert out.getvalue().startswith("\x1b[?1049h")
    assert out.getvalue().endswith("\x1b[?25h\x1b[?1049l")


class AnsweredScreen(Screen):
    """A terminal whose person presses q as soon as it shows some words."""

    def __init__(self, words: str, keys: Keys) -> None:
        super().__init__()
        self._words, self._keys, self._drawn = words, keys, 0

    def write(self, text: str) -> int:
        """Draw; after many tables without the words, the person gives up."""
        self._drawn += 1
        if self._words in text or self._drawn == 100:
            os.write(self._keys.ours, b"q")
        return super().write(text)


def test_a_login_that_expires_under_the_table_is_its_reason_and_gets_none_of_its_keys(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = printing('{"token": "t", "expirationTimestamp": "2020-01-01T00:00:00Z"}')
    ends = 'test "$number" = 1 || { cat > "$0.keys"; echo the login expired >&2; exit 7; }'
    plugin(tmp_path, COUNTED, ends, late)
    keys = Keys()
    out = AnsweredScreen("exit code 7", keys)
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setattr("sys.stdin", keys)
    monkeypatch.setenv("COLUMNS", "1000")
    with running(tmp_path) as (cluster, kubeconfig):
        content = json.loads(Path(kubeconfig).read_text())
        content["users"] = [{"name": "me", "user": user()}]
        Path(kubeconfig).write_text(json.dumps(content))
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        cluster.faults += [(lambda _: len(tables()) > 1, Fault(code=401))] * 200

        def tables() -> list[FakeRequest]:
            return [one for one in cluster.requests if one.resource is kinds.INFERENCE_DEPLOYMENT]

        assert run("top", "--every", "0.1")[0] == 0
    keys.close()
    assert "401: ; getting credentials: exec: " in out.getvalue()
    assert "exit code 7: the login expired; end this command, log in, and run it again" in out.getvalue()
    assert (tmp_path / "plugin.sh.keys").read_text() == ""


def test_without_a_keyboard_only_an_interrupt_ends_it() -> None:
    async def observe() -> TopView:
        raise KeyboardInterrupt

    out = io.StringIO()
    with top_screen.alternate_screen(io.TextIOWrapper(io.BytesIO()), out) as screen:
        assert screen.keys is None
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(top_screen.follow(screen, observe, 0.001))
    assert out.getvalue().endswith("\x1b[?1049l")
