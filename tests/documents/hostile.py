"""Documents that nobody should send, and somebody will: a name for each, its bytes."""

from typing import Final

from fairlead.documents.json_document import MAX_LEVELS

DEEP: Final = b'{"a":' * 100_000
"""Overflows the stack of whatever calls itself for each level, libyaml's C code too."""
HOSTILE: Final[dict[str, bytes]] = {
    "a hundred thousand levels": DEEP + b"1" + b"}" * 100_000,
    "a hundred thousand brackets without end": b"[" * 100_000,
    "one level too many": b"[" * (MAX_LEVELS + 1) + b"]" * (MAX_LEVELS + 1),
    "a whole number of five thousand digits": b'{"a": ' + b"9" * 5000 + b"}",
    "a sexagesimal number of two hundred parts": b"1:" * 200 + b"1.5",
    "a whole number of five thousand hexadecimal digits": b'{"a": 0x' + b"f" * 5000 + b"}",
    "not a number": b'{"a": NaN}',
    "an infinite number": b'{"a": -Infinity}',
    "an exponent without bounds": b'{"a": 1e999}',
    "the first half": b'{"a": [1,',
    "nothing": b"",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "Latin-1": '{"a": "\u00fc"}'.encode("latin-1"),
    "half a character": b'{"a": "\\ud800"}',
    "a control character": b'{"a": "\x01"}',
    "an HTML page": b"<!doctype html>\n<title>502 Bad Gateway</title>",
}
"""None of them is JSON as RFC 8259 has it."""
