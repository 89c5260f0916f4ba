"""Answers are read again as they were kept, whatever characters a model writes."""

from pathlib import Path

import pytest

from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluator.journal_file import JournalFile


def answered(text: str) -> JournalLine:
    return JournalLine(item="0", digest="0", sample=0, answer=ScoredAnswer(right=True), text=text)


@pytest.mark.parametrize(
    "text",
    ["one\u2028two", "one\u2029two", "one\u0085two", "one\ntwo\r\n", "half a pair: \ud83d", "\u00fcber \U0001f600"],
    ids=["line-separator", "paragraph-separator", "next-line", "line-feed", "surrogate", "others"],
)
def test_an_answer_of_any_characters_is_there_when_the_run_goes_on(tmp_path: Path, text: str) -> None:
    with JournalFile(tmp_path / "journal.jsonl") as journal:
        journal.add(answered(text))
    with JournalFile(tmp_path / "journal.jsonl") as journal:
        assert (journal.answers, journal.kept) == ({("0", 0): answered(text)}, 1)
        journal.add(answered("last"))
    with JournalFile(tmp_path / "journal.jsonl") as journal:
        assert journal.answers == {("0", 0): answered("last")}
