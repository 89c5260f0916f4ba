"""A log line is one line, names its object, and shows no character that would fool a reader."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from fairlead.telemetry import log_lines
from fairlead.telemetry.log_lines import JsonFormatter, LogFormat, TextFormatter

ABOUT = {
    "namespace": "serving",
    "name_of_object": "chat",
    "uid": "u1",
    "generation": 3,
    "reconcile": "r7",
    "reason": "",
}
MESSAGE = "scaled %s\nto\u202e 3"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, restored afterwards."""
    logger, quiet = logging.getLogger(), [logging.getLogger(name) for name in ("kopf.objects", "aiohttp.access")]
    before, levels = logger.handlers[:], [one.level for one in (logger, *quiet)]
    yield logger
    logger.handlers[:] = before
    for one, level in zip((logger, *quiet), levels, strict=True):
        one.setLevel(level)


def record(**extra: object) -> logging.LogRecord:
    """The record of a logger's call."""
    made = logging.getLogger("fairlead.x").makeRecord("fairlead.x", 20, "f", 1, MESSAGE, ("chat",), None, extra=extra)
    made.created = 1763640000.5
    return made


def failed() -> logging.LogRecord:
    """A record with a trace."""
    made = record()
    try:
        int("broken")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_json_line_holds_all_that_is_known() -> None:
    line = JsonFormatter().format(record(**ABOUT))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2025-11-20T12:00:00.500Z",
        "level": "info",
        "message": "scaled chat\nto\u202e 3",
        "logger": "fairlead.x",
        "namespace": "serving",
        "name": "chat",
        "uid": "u1",
        "generation": 3,
        "reconcile": "r7",
    }
    assert "ValueError: invalid" in json.loads(JsonFormatter().format(failed()))["exception"]


def test_a_text_line_says_the_same_to_people() -> None:
    line = TextFormatter().format(record(namespace="serving", name_of_object="chat"))
    assert line == r"2025-11-20T12:00:00.500Z INFO    scaled chat\nto\u202e 3  namespace=serving name=chat"
    assert TextFormatter().format(failed()).endswith("'broken'")


@pytest.mark.parametrize("form", LogFormat)
def test_after_setup_every_record_goes_one_way_and_kopf_is_quiet(root: logging.Logger, form: LogFormat) -> None:
    stream = io.StringIO()
    log_lines.setup(form, "INFO", stream)
    log_lines.setup(form, "INFO", stream)
    logging.getLogger("fairlead.x").info("told")
    logging.getLogger("kopf.objects").info("succeeded")
    assert (stream.getvalue().count("told"), "succeeded" in stream.getvalue()) == (1, False)
    assert len(root.handlers) == 1
