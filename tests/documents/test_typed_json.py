"""JSON of a known form is read, or refused: no text makes the reader fail in another way."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.documents import typed_json
from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from tests.documents.hostile import HOSTILE


class Reply(msgspec.Struct):
    """The one member that is wanted."""

    a: float = 0.0


READ = typed_json.reader(Reply)


@given(number=st.floats(allow_nan=False, allow_infinity=False), other=st.text())
def test_a_document_is_always_what_was_written(number: float, other: str) -> None:
    written = msgspec.json.encode({"a": number, "b": other.encode(errors="replace").decode()})
    assert READ(written) == READ(written.decode()) == READ(msgspec.Raw(written)) == Reply(a=number)


@given(document=st.binary() | st.text() | st.binary().map(lambda inner: b'{"a": 1, "b": "' + inner + b'"}'))
def test_no_text_makes_it_fail_otherwise(document: bytes | str) -> None:
    try:
        assert isinstance(READ(document), Reply)
    except UnreadableDocument as problem:
        assert problem.because  # noqa: PT017 - either it is read, or this is said


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused(name: str) -> None:
    with pytest.raises(UnreadableDocument):
        READ(HOSTILE[name])


def test_a_member_that_is_not_wanted_may_not_nest_too_deeply_either() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        READ(b'{"b": ' + HOSTILE["a hundred thousand levels"] + b"}")
    assert (caught.value.fault, str(caught.value)) == (DocumentFault.TOO_DEEP, "it nests too deeply")


def test_a_text_that_no_bytes_can_hold_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="it is not UTF-8 text: surrogates not allowed"):
        READ('{"a": "\ud800"}')
