"""The pod that reads items: a mounted file or a hub's, whole, or a sentence that says what to do."""

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fairlead.cli.main import main
from fairlead.evaluating import handed_lines
from fairlead.evaluator import item_download

ITEMS = b'{"input": "2 + 2?", "target": "4"}\n'
PATH = "/datasets/example/support/resolve/v1/evals/items.jsonl"


class Hub(ThreadingHTTPServer):
    """A hub with one file, which requires the token."""

    token = ""
    failures = 0
    failing = 503

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Page(BaseHTTPRequestHandler):
    server: Hub  # type: ignore[mutable-override]  # no other server has this page

    def do_GET(self) -> None:  # its name is the base class's
        if self.server.failures:
            self.server.failures -= 1
            self.answer(self.server.failing)
        elif self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.answer(401)
        elif self.path == PATH:
            self.answer(200, ITEMS)
        else:
            self.answer(404)

    def answer(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if status == 429:
            self.send_header("Retry-After", "1" if self.server.failures == 1 else "soon")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Suppress the log."""


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        thread.join()
        hub.server_close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as one:
        yield one


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(item_download, "FIRST_WAIT_S", 0.001)
    monkeypatch.delenv("HF_TOKEN", raising=False)


def from_hub(hub: Hub, path: str = "evals/items.jsonl") -> int:
    words = ["--hub", f"{hub.url}/", "--repository", "datasets/example/support", "--revision", "v1", "--path", path]
    return main(["evaluator", "read", *words])


def test_a_mounted_file_is_delivered_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "items.jsonl").write_bytes(ITEMS)
    assert main(["evaluator", "read", "--file", str(tmp_path / "items.jsonl")]) == 0
    assert handed_lines.read(capsys.readouterr().out.splitlines()) == ITEMS


@pytest.mark.parametrize("status", [408, 429, 503])
def test_a_hub_file_is_delivered_whole_although_the_first_attempts_fail(
    status: int, hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_download, "LONGEST_WAIT_S", 0.01)
    hub.failures, hub.failing = 2, status
    assert from_hub(hub) == 0
    assert handed_lines.read(capsys.readouterr().out.splitlines()) == ITEMS


def test_a_hub_that_limits_requests_for_longer_names_what_raises_the_limit(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_download, "LONGEST_WAIT_S", 0.01)
    hub.failures, hub.failing = item_download.TRIES, 429
    assert from_hub(hub) == 1
    message = capsys.readouterr().err
    assert "the hub answers 429; it limits requests by address, and by token where there is one: wait" in message
    assert "or set spec.items.source.tokenSecret, then delete this pod to try again" in message


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("", 0.0),
        ("soon", 0.0),
        ("7", 7.0),
        ("3600", 60.0),
        ("Sat, 28 Nov 2026 12:00:20 GMT", 20.0),
        ("Sat, 28 Nov 2026 13:00:00 GMT", 60.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_a_hub_may_want_a_wait_in_seconds_or_until_a_date(written: str, seconds: float) -> None:
    """A date was not read: the attempts were over before it."""
    assert item_download.least_wait(written, datetime(2026, 11, 28, 12, tzinfo=UTC)) == seconds


def test_a_hub_that_requires_a_token_gets_it_or_the_error_names_the_field_to_set(
    hub: Hub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "secret"
    assert from_hub(hub) == 1
    assert "401: the hub wants a token, or another one; set spec.items.source.tokenSecret" in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "secret\n")
    assert from_hub(hub) == 0, "a line break after the token, as a Secret made from a file has it, is not sent"
    assert "secret" not in capsys.readouterr().out


def test_what_a_hub_lacks_or_cannot_deliver_is_reported(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert from_hub(hub, "other.jsonl") == 1
    assert "404: the hub has no such repository, revision or file" in capsys.readouterr().err
    hub.failures = item_download.TRIES
    assert from_hub(hub) == 1
    assert "the hub answers 503; check that the namespace's pods may reach the hub" in capsys.readouterr().err
    assert main(["evaluator", "read", "--hub", "http://127.0.0.1:1", "--repository", "a/b", "--path", "c"]) == 1
    assert "check that the namespace's pods may reach the hub, then delete this pod" in capsys.readouterr().err


def test_a_file_that_is_too_large_is_not_read(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(item_download, "MAX_BYTES", 10)
    assert from_hub(hub) == 1
    assert "more than 10 bytes; split the file" in capsys.readouterr().err
    (tmp_path / "items.jsonl").write_bytes(ITEMS)
    assert main(["evaluator", "read", "--file", str(tmp_path / "items.jsonl")]) == 1
    assert "more than 10 bytes; split the file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("absent.jsonl", "there is no such file; check the path below spec.items"),
        ("folder", "this is a folder; name a file of it"),
        ("items.jsonl/more", "check the volume"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(
    path: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "items.jsonl").write_bytes(ITEMS)
    assert main(["evaluator", "read", "--file", str(tmp_path / path)]) == 1
    assert words in capsys.readouterr().err


def test_a_runners_copy_has_an_id_on_every_line_and_is_the_file_that_was_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "items.jsonl").write_bytes(ITEMS + b'{"id": 7, "input": "x"}\n')
    digest = hashlib.sha256((tmp_path / "items.jsonl").read_bytes()).hexdigest()
    words = ["evaluator", "copy", "--file", str(tmp_path / "items.jsonl"), "--to", str(tmp_path / "copy.jsonl")]
    assert main([*words, "--digest", digest]) == 0
    first, second = (json.loads(line) for line in (tmp_path / "copy.jsonl").read_text().splitlines())
    assert (len(first["id"]), second["id"]) == (16, 7)
    assert main([*words, "--digest", digest, "--limit", "1"]) == 0
    assert len((tmp_path / "copy.jsonl").read_text().splitlines()) == 1
    assert main([*words, "--digest", "other"]) == 1
    assert "not the file that was read before; delete the pod" in capsys.readouterr().err


def test_the_files_beside_the_items_have_a_digest_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "items.jsonl").write_bytes(ITEMS)
    (tmp_path / "task.yaml").write_text("task: support")
    (tmp_path / "folder").mkdir()
    words = ["evaluator", "read", "--beside", "--file", str(tmp_path / "items.jsonl")]
    digests = []
    for text in ("task: support", "task: other"):
        (tmp_path / "task.yaml").write_text(text)
        assert main(words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert handed_lines.read(lines) == ITEMS
        digests.append(handed_lines.beside(lines))
    assert len(set(digests)) == 2
    assert handed_lines.beside([]) == ""
    monkeypatch.setattr(item_download, "MAX_BYTES", 40)
    assert main(words) == 1
    assert "put the task into a folder of its own" in capsys.readouterr().err


def test_a_folder_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(item_download.ItemsUnread, match=f"let user {os.getuid()} read it"):
        item_download.beside(tmp_path / "absent")
