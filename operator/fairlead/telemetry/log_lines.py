"""Formats log records as lines: JSON for machines, plain text for a terminal, with the same keys.

A record identifies its object by `extra`: namespace, name, uid, generation, reconcile, reason.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TextIO

KEYS: Final = ("namespace", "name_of_object", "uid", "generation", "reconcile", "reason")
"""The keys that `extra` may hold; `name` belongs to the logger, so an object's name is `name_of_object`."""

SPELT: Final = {"name_of_object": "name"}


class LogFormat(StrEnum):
    """The format of a line."""

    JSON = "json"
    TEXT = "text"


class JsonFormatter(logging.Formatter):
    """One JSON object per line; control and text direction characters are escaped, so that a record stays one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record."""
        line: dict[str, object] = {
            "time": moment(record.created),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "logger": record.name,
        }
        line |= object_fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class TextFormatter(logging.Formatter):
    """For people: time, level, message, and the object concerned."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record, with its traceback below."""
        about = " ".join(f"{key}={escaped(str(value))}" for key, value in object_fields(record).items())
        words = escaped(record.getMessage())
        line = f"{moment(record.created)} {record.levelname:<7} {words}{'  ' + about if about else ''}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def escaped(text: str) -> str:
    """Escape unprintable characters: they come from users' objects and could move a terminal's cursor or change the
    text direction."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def object_fields(record: logging.LogRecord) -> dict[str, object]:
    """Return the object that the record is about, as keys in a fixed order."""
    given = {SPELT.get(key, key): getattr(record, key, None) for key in KEYS}
    return {key: value for key, value in given.items() if value not in (None, "")}


def moment(seconds: float) -> str:
    """Format a time in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def setup(form: LogFormat, level: str = "INFO", stream: TextIO = sys.stderr) -> None:
    """Send every record to one stream, in one format; Kopf's line for each of its handler calls is switched off."""
    sink = logging.StreamHandler(stream)
    sink.setFormatter(JsonFormatter() if form is LogFormat.JSON else TextFormatter())
    root = logging.getLogger()
    for old in tuple(root.handlers):
        root.removeHandler(old)
    root.addHandler(sink)
    root.setLevel(level)
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
