"""The model that a form asks for, as for a transcription: engines obey the field, so tenants' models apply to it, too.

Forms are read as engines' servers read them (starlette, with any release of python-multipart), and a form that one of
those might read differently is refused. Only the parts' heads and the model are looked at.
"""

import re
from typing import Final

from fairlead.router.wire.request_bodies import FileBody

FORM: Final = b"multipart/form-data"
CHARSETS: Final = frozenset({b"", b"utf-8", b"utf8", b"us-ascii", b"ascii"})
"""In others the name of a field might be another one."""
MAX_PARTS: Final = 100
"""Servers read 1,000 and more; a transcription has about ten."""
MAX_NAME_BYTES: Final = 1024
MAX_HEAD_BYTES: Final = 4096
"""Of a part; servers refuse a longer line of one."""
PLAIN: Final = re.compile(rb'(?i:content-disposition): form-data; name="([\w.\[\]-]+)"')
"""A part without a file name, as most clients write it."""
LINE: Final = re.compile(rb"([\w-]+):([^\r\n]*)")
_PARAMETER: Final = rb"""[ \t]*;[ \t]*([\w*-]+)=("(?:[^"\\\r\n]|\\"|\\(?!["\\]))*"|[^\x00-\x20\x7f-\xff;,"\\<>]+)"""
"""With a plain value, or one in quotes in which a backslash is that or escapes a quote: other spellings are read in
several ways."""
PARAMETER: Final = re.compile(_PARAMETER)
HEADER: Final = re.compile(rb"([\w/-]+)((?:%b)*)(?:[ \t]*;)?" % _PARAMETER)
DECODED: Final = b"*"
"""In the name of a parameter that earlier releases decode and later ones ignore; clients write only the
name of a file in this way, beside the plain one."""
FILE_NAME: Final = b"filename*"


def read(content_type: bytes, body: bytes) -> FileBody | str:
    """Return the form with its model, or why it cannot be read. Any other content type is a file."""
    if FORM not in content_type.lower():
        return FileBody()
    given = _parameters(content_type, FORM)
    if given is None:
        return "the form has a Content-Type that parsers read in several ways"
    if given.get(b"charset", b"").lower() not in CHARSETS:
        return "the form is in another encoding than UTF-8"
    line = b"--" + given.get(b"boundary", b"")
    start = len(body) - len(body.lstrip(b"\r\n"))
    if line == b"--" or not body.startswith(line + b"\r\n", start):
        return "the form does not begin with its boundary"
    return _model(body, b"\r\n" + line, start + len(line) + 2)


def with_model(body: bytes, form: FileBody, name: bytes) -> bytes:
    """Return the form with another model; unchanged if it names none."""
    start, end = form.model_at
    return b"".join((body[:start], name, body[end:])) if end else body


def _model(body: bytes, line: bytes, start: int) -> FileBody | str:
    """Look through the parts, of which the first starts here; `line` begins the line after each."""
    found: FileBody | None = None
    for _ in range(MAX_PARTS):
        head = body.find(b"\r\n\r\n", start, start + MAX_HEAD_BYTES)
        end = body.find(line, head + 2)
        name = _name(body[start:head]) if 0 <= head < end - 2 else b""
        if not name:
            return "the form has a part without an end, or without one name"
        if name == b"model":
            if found is not None:
                return "the form has two models"
            model = body[head + 4 : min(end, head + 4 + MAX_NAME_BYTES)]
            found = FileBody(model=model.decode(errors="replace") or None, model_at=(head + 4, end))
        start = end + len(line) + 2
        if body.startswith(b"--", start - 2):
            if body[start:].strip():
                return "the form goes on after its end"
            return found or FileBody()
        if not body.startswith(b"\r\n", start - 2):
            return "the form has more than its boundary in a line with it"
    return f"the form has over {MAX_PARTS} parts"


def _name(head: bytes) -> bytes:
    """Return the name of the field that a part's head describes; empty if it has none, or several."""
    if plain := PLAIN.fullmatch(head):
        return plain[1]
    lines = [LINE.fullmatch(line) for line in head.split(b"\r\n")]
    dispositions = [line[2] for line in lines if line is not None and line[1].lower() == b"content-disposition"]
    if None in lines or len(dispositions) != 1:
        return b""
    return (_parameters(dispositions[0], b"form-data") or {}).get(b"name", b"")


def _parameters(value: bytes, first: bytes) -> dict[bytes, bytes] | None:
    """Return a header's parameters after its first word; None if servers may read others."""
    whole = HEADER.fullmatch(value.strip(b" \t"))
    if whole is None or whole[1].lower() != first:
        return None
    given = [(name.lower(), text) for name, text in PARAMETER.findall(whole[2])]
    names = {name for name, _ in given}
    if len(names) < len(given) or any(DECODED in name for name in names - {FILE_NAME}):
        return None
    return {name: text[1:-1].replace(b'\\"', b'"') if text.startswith(b'"') else text for name, text in given}
