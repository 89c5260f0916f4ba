"""Reads JSON of a known form: the members that a type names, and no others. Faster than a whole document."""

from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from fairlead.documents.document_faults import DocumentFault, UnreadableDocument

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class TypedReader(Protocol[T_co]):
    """Reads one document."""

    def __call__(self, document: bytes | str | msgspec.Raw, /) -> T_co:
        """Return the value, or raise `UnreadableDocument`."""


def reader(form: type[T]) -> TypedReader[T]:
    """Make the reader of a type; what nests too deeply in a member that it does not name cannot be read either."""
    decode: Callable[[bytes | str | msgspec.Raw], T] = msgspec.json.Decoder(form).decode

    def read(document: bytes | str | msgspec.Raw, /) -> T:
        try:
            return decode(document)
        except RecursionError:
            because = "it nests too deeply"
            raise UnreadableDocument(DocumentFault.TOO_DEEP, because) from None
        except (UnicodeDecodeError, UnicodeEncodeError) as problem:
            raise UnreadableDocument(DocumentFault.ENCODING, f"it is not UTF-8 text: {problem.reason}") from None
        except msgspec.MsgspecError as problem:
            raise UnreadableDocument(DocumentFault.SYNTAX, str(problem)) from None

    return read
