"""A back-test report as a ConfigMap: it reads back as written, and foreign edits do no harm."""

import base64
import gzip
from typing import Any

import pytest

from fairlead.objects import published_report
from fairlead.objects.published_report import KEY, PublishedReport, ReportTooLarge

ABOUT = PublishedReport(namespace="team", name="friday", verdict="fixed keeps them", played_at="2026-11-23 10:00 UTC")


def made(html: str = "<h1>Grüße</h1>") -> dict[str, Any]:
    manifest = published_report.manifest(ABOUT, html)
    assert isinstance(manifest, dict)
    return manifest


def packed(content: bytes) -> dict[str, Any]:
    return made() | {"binaryData": {KEY: base64.b64encode(content).decode()}}


def test_what_is_written_is_read_again_and_has_the_same_bytes_each_time() -> None:
    assert published_report.heading(made()) == ABOUT
    assert published_report.is_report(made())
    assert published_report.html(made()) == "<h1>Grüße</h1>"
    assert made() == made()


def test_a_report_that_fits_into_no_object_is_a_value_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_report, "LARGEST", 20)
    found = published_report.manifest(ABOUT, "<h1>much</h1>")
    assert isinstance(found, ReportTooLarge)
    assert found.size > 20


def test_another_config_map_is_no_report_and_may_lack_everything() -> None:
    bare = {"metadata": {"namespace": "team", "name": "x"}}
    assert not published_report.is_report(bare)
    assert published_report.html(bare) is None
    assert published_report.heading(bare) == PublishedReport(namespace="team", name="x", verdict="", played_at="")


@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"\xff\xfe", mtime=0), gzip.compress(b"cut off before its end", mtime=0)[:-9], b""],
)
def test_what_cannot_be_unpacked_is_no_page(content: bytes) -> None:
    assert published_report.html(packed(content)) is None


def test_what_is_no_base64_is_no_page() -> None:
    assert published_report.html(made() | {"binaryData": {KEY: "$$$"}}) is None


def test_a_bomb_is_not_unpacked_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_report, "MAX_TEXT", 1000)
    assert published_report.html(packed(gzip.compress(b" " * 1001, mtime=0))) is None
    assert published_report.html(packed(gzip.compress(b" " * 999, mtime=0))) == " " * 999
