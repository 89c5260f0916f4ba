"""Every reason of a condition has its entry: cause, symptom, remedy and, where someone must act, a command."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from fairlead.fleet.conditions import ConditionReason, ConditionType
from house import troubleshooting_page
from house.tree import ROOT
from house.troubleshooting_page import Entry, Mismatch

WORDS = troubleshooting_page.WORDS


def test_the_committed_page_is_the_one_that_its_entries_generate() -> None:
    written = (ROOT / troubleshooting_page.PAGE).read_text(encoding="utf-8")
    assert written == troubleshooting_page.page(), "run `python -m house.troubleshooting_page`"


def test_every_reason_has_a_heading_that_a_link_finds() -> None:
    headings = re.findall(r"^## (.+)$", troubleshooting_page.page(), re.MULTILINE)
    assert headings == [one.value for one in ConditionReason]


def test_an_entry_is_whole_or_says_that_nothing_is_wrong() -> None:
    for name, one in troubleshooting_page.entries().items():
        assert (one.remedy is None) == (one.command is None), name
        if one.remedy is None:
            assert one.cause.startswith("Nothing is wrong."), name


def test_an_entry_names_the_condition_to_check() -> None:
    for name, one in troubleshooting_page.entries().items():
        assert any(f"`{kind}" in one.shows for kind in ConditionType), name


def test_more_time_is_advised_with_what_a_revision_that_served_needs_for_it() -> None:
    """It keeps the time that it was created with; raising the deadline alone would change nothing."""
    some = {name: one.remedy or "" for name, one in troubleshooting_page.entries().items()}
    advised = {name: words for name, words in some.items() if "failed startup probe" in words}
    assert set(advised) == {"CrashLoop", "EngineEnded"}
    for words in advised.values():
        assert "raise `spec.rollout.progressDeadlineSeconds`" in words
        assert "A revision that served needs another annotation in `spec.podMetadata` as well." in words


def test_a_reason_without_an_entry_is_named_and_so_is_an_entry_without_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tmp_path / "words.yaml"
    monkeypatch.setattr(troubleshooting_page, "WORDS", words)
    written = yaml.safe_load(WORDS.read_text())
    written["Forgotten"] = written.pop("NoTokens")
    words.write_text(yaml.safe_dump(written))
    with pytest.raises(Mismatch, match="Forgotten, NoTokens"):
        troubleshooting_page.entries()


def test_the_order_is_that_of_the_enum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = tmp_path / "words.yaml"
    monkeypatch.setattr(troubleshooting_page, "WORDS", words)
    written = yaml.safe_load(WORDS.read_text())
    words.write_text(yaml.safe_dump(dict(reversed(written.items())), sort_keys=False))
    with pytest.raises(Mismatch, match="the order"):
        troubleshooting_page.entries()


def test_commands_are_one_line_that_a_shell_reads_and_name_what_the_page_names() -> None:
    for name, one in troubleshooting_page.entries().items():
        if one.command:
            words = shlex.split(one.command)
            assert "-n" not in words or words[words.index("-n") + 1] in {"demo", "fairlead-system"}, name


def test_links_between_entries_lead_somewhere() -> None:
    text = troubleshooting_page.page()
    anchors = {one.value.lower() for one in ConditionReason}
    assert set(re.findall(r"\]\(#([a-z]+)\)", text)) <= anchors


def test_a_sentence_ends_and_a_command_is_one_of_ours() -> None:
    with pytest.raises(ValueError, match="cause"):
        Entry.model_validate({"cause": "no end", "shows": "`Ready False`."})
    with pytest.raises(ValueError, match="command"):
        Entry.model_validate({"cause": "It has an end.", "shows": "`Ready False`.", "command": "rm -rf /"})


def test_the_messages_that_an_entry_quotes_are_fairleads() -> None:
    messages = (ROOT / "docs/reference/messages.md").read_text(encoding="utf-8")
    types = tuple(ConditionType)
    for name, one in troubleshooting_page.entries().items():
        quoted = [words for words in re.findall(r"`([^`]+)`", one.shows) if not words.startswith(types)]
        pieces = [piece.strip() for words in quoted for piece in words.split("…")]
        assert [piece for piece in pieces if piece.rstrip(":") not in messages] == [], name
