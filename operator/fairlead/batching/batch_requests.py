"""A line of a batch file as the request that it is, or as the problem that it has.

Bodies are sent as they were written: only `model` and `stream` are read of them.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec

from fairlead.documents import typed_json
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.fleet.line_problems import LineProblem
from fairlead.fleet.near_names import near_names

URLS: Final = (
    *("/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings"),
    *("/v1/messages", "/v1/score", "/v1/rerank"),
)
ID_PREFIX: Final = "batch_req_"
LONGEST_LINE: Final = 64 * 2**20
"""Bytes of a line; routers take bodies of 16 MiB unless `limits.maxRequestSize` says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """One request of the file."""

    line: int
    custom_id: str
    url: str
    model: str
    body: bytes

    @property
    def digest(self) -> int:
        """63 bits of what the line requests, never zero: a line with another digest was changed."""
        found = blake2b(digest_size=8)
        for part in (self.custom_id.encode(), self.url.encode(), self.body):
            found.update(b"%d:%b" % (len(part), part))
        return int.from_bytes(found.digest()) >> 1 or 1

    @property
    def id(self) -> str:
        """The id of its line in the output, which is the same in each run until the line is changed."""
        return f"{ID_PREFIX}{self.digest:016x}"


class _Line(msgspec.Struct, gc=False):
    custom_id: Any = None
    method: Any = None
    url: Any = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Body(msgspec.Struct, gc=False):
    model: Any = None
    stream: Any = None


_line: Final = typed_json.reader(_Line)
_body: Final = typed_json.reader(_Body)


def read(text: bytes, line: int) -> BatchRequest | LineProblem:
    """Read one line; the first problem is returned."""

    def problem(field: str, value: object, because: str, remedy: str) -> LineProblem:
        return LineProblem(line=line, field=field, value=value, because=because, remedy=remedy)

    try:
        found = _line(text)
    except UnreadableDocument as error:
        because = f"it is not a JSON object: {error}"
        return problem("the line", text[:80].decode(errors="replace"), because, "write one request a line")
    try:
        body = _body(found.body)
    except UnreadableDocument as error:
        value = bytes(found.body)[:80].decode(errors="replace")
        return problem("body", value, f"it is not a JSON object: {error}", "write the request's body")
    if wrong := _wrong(found, body):
        return problem(*wrong)
    return BatchRequest(line=line, custom_id=found.custom_id, url=found.url, model=body.model, body=bytes(found.body))


def _wrong(found: _Line, body: _Body) -> tuple[str, object, str, str] | None:
    """Return field, value, reason and remedy of the first field that cannot be used."""
    if not _is_text(found.custom_id):
        return "custom_id", found.custom_id, "it must be text", "give each line a name of its own"
    if found.method != "POST":
        return "method", found.method, "requests of a batch are POST", "write POST"
    if found.url not in URLS:
        near = near_names(found.url, URLS) if _is_text(found.url) else ()
        return "url", found.url, "no such request can be in a batch", f"write {' or '.join(near or URLS)}"
    if not _is_text(body.model):
        return "body.model", body.model, "it must be text", "name the model that is to answer"
    if body.stream not in (None, False):
        return "body.stream", body.stream, "a line of the output holds a whole answer, no stream", "leave it out"
    return None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
