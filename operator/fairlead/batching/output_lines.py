"""Lines of the output and of the errors, in OpenAI's format, and what a later run reads of them.

An answer's `id` holds the digest of its request, so that a line that was changed since is found.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from fairlead.batching.batch_requests import ID_PREFIX, BatchRequest
from fairlead.batching.custom_ids import UNKNOWN
from fairlead.documents import typed_json
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.fleet.line_problems import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReply:
    """A reply to one request."""

    status: int
    request_id: str
    body: bytes
    is_json: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenAnswer:
    """An answer that the output holds."""

    custom_id: str
    digest: int


class _Response(msgspec.Struct, gc=False):
    status_code: int
    request_id: str
    body: msgspec.Raw


class _Error(msgspec.Struct, gc=False):
    code: str
    message: str


class _Written(msgspec.Struct, gc=False):
    id: str
    custom_id: str
    response: _Response | None
    error: _Error | None


class _Status(msgspec.Struct, gc=False):
    status_code: Any = None
    body: msgspec.Raw = msgspec.Raw(b"")


class _Read(msgspec.Struct, gc=False):
    custom_id: str
    id: Any = None
    response: _Status | UnsetType | None = UNSET
    error: Any = UNSET


_read: Final = typed_json.reader(_Read)


def replied(request: BatchRequest, reply: BatchReply) -> bytes:
    """Format a line for a reply: an answer, or what a server refused."""
    # Newlines in JSON stand only between its tokens; a text of another kind becomes a JSON string.
    text = reply.body if reply.is_json else msgspec.json.encode(reply.body.decode(errors="replace"))
    body = text.translate(_ONE_LINE)
    response = _Response(status_code=reply.status, request_id=reply.request_id, body=msgspec.Raw(body))
    return _line(_Written(id=request.id, custom_id=request.custom_id, response=response, error=None))


def unanswered(request: BatchRequest, code: str, message: str) -> bytes:
    """Format a line for a request without a reply."""
    error = _Error(code=code, message=message)
    return _line(_Written(id=request.id, custom_id=request.custom_id, response=None, error=error))


def read(line: bytes) -> WrittenAnswer | None:
    """Read a line of an output; None if it holds no answer. Raises `ValueError` for what is no such line."""
    found = _line_read(line)
    return WrittenAnswer(custom_id=found.custom_id, digest=_digest(found.id)) if _success(found) else None


def holds_answer(line: bytes) -> bool:
    """Whether a line is no failure; one of a reply that was not JSON has a text. Raises `ValueError` as `read` does."""
    success = _success(_line_read(line))
    return success is not None and bytes(success.body)[:1] != b'"'


def is_cut_off(line: bytes) -> bool:
    """Whether this is the beginning of a line that this command writes; a power cut may leave zero bytes after it."""
    begun = line.rstrip(b"\0")
    return begun[: len(_BEGIN)] == _BEGIN[: len(begun)]


def _line_read(line: bytes) -> _Read:
    try:
        found = _read(line)
    except UnreadableDocument as problem:
        raise ValueError(f"it is not a line of batch output: {problem}") from None
    if found.response is UNSET and found.error is UNSET:
        name = shown(found.custom_id)
        raise ValueError(f"it is not a line of batch output: {name} has neither `response` nor `error`")
    return found


def _success(found: _Read) -> _Status | None:
    response = found.response if isinstance(found.response, _Status) else _Status()
    status = response.status_code
    return response if isinstance(status, int) and 200 <= status < 300 else None


def _digest(written: object) -> int:
    if isinstance(written, str) and written.startswith(ID_PREFIX):
        try:
            found = int(written.removeprefix(ID_PREFIX), 16)
        except ValueError:
            return UNKNOWN
        return found if 0 < found < UNKNOWN and len(written) == len(ID_PREFIX) + 16 else UNKNOWN
    return UNKNOWN


def _line(written: _Written) -> bytes:
    return msgspec.json.encode(written) + b"\n"


_BEGIN: Final = b'{"id":"%b' % ID_PREFIX.encode()
_ONE_LINE: Final = bytes.maketrans(b"\r\n", b"  ")
