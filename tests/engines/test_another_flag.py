"""What the recipe of a vLLM flag provides: the field is read, its flag written, owned and checked, all by its row."""

from pathlib import Path

from tests.engines import copied
from tests.house.recipes import FLAG


def test_a_flag_is_read_written_owned_and_checked_by_its_row(tmp_path: Path) -> None:
    copied.product(tmp_path, [edit for edit in FLAG.edits if edit.path in FLAG.files])

    assert copied.outcome_of(tmp_path, "flag_story.py") == {
        "schema": True,
        "written": ["--max-log-len", "4"],
        "repeated": [["spec.engine.extraArgs[0]", "spec.engine.batching.maxLogLength owns this flag"]],
        "below one": [["spec.engine.batching.maxLogLength", "must be at least 1"]],
    }
