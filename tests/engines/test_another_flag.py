"""Another flag of vLLM as a typed field touches three files: what is written, its value, and the row of its flag."""

from pathlib import Path
from typing import Final

from tests.engines import copied

FIELD: Final = """\
    stream_interval: Annotated[int, Field(ge=1, le=1024)] | None = Field(
        default=None, description="Tokens in one event of a stream. Default 1."
    )
"""
ROW: Final = """\
    _count("spec.engine.batching.streamInterval", "--stream-interval", lambda engine: engine.stream_interval),
"""
CHANGES: Final = {
    "api/engine.py": (("is the router's.\",\n    )\n", FIELD),),
    "fleet/desired_state.py": (
        ("    max_queued_requests: int | None = None\n", "    stream_interval: int | None = None\n"),
    ),
    "engines/vllm/field_flags.py": (("FIELDS: Final = (\n", ROW),),
}


def test_a_flag_is_read_written_owned_and_checked_by_its_row(tmp_path: Path) -> None:
    copied.product(tmp_path, CHANGES)

    assert len(CHANGES) == 3
    assert copied.told(tmp_path, "flag_story.py") == {
        "schema": True,
        "written": ["--stream-interval", "4"],
        "repeated": [["spec.engine.extraArgs[0]", "spec.engine.batching.streamInterval owns this flag"]],
        "below one": [["spec.engine.batching.streamInterval", "must be at least 1"]],
    }
