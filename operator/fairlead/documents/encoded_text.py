"""The text of a document: UTF-8, as RFC 8259 and kubectl want it."""

from fairlead.documents.document_faults import DocumentFault, UnreadableDocument


def text_of(document: str | bytes | bytearray) -> str:
    """Decode bytes, without the mark that some editors write first; a text must be one that can be written again."""
    if isinstance(document, str):
        text = document
        if not text.isascii():
            _check(text)
    else:
        try:
            text = document.decode("utf-8")
        except UnicodeDecodeError as problem:
            because = f"it is not UTF-8 text: {problem.reason} at byte {problem.start}"
            raise UnreadableDocument(DocumentFault.ENCODING, because) from None
    return text.removeprefix("\ufeff")


def _check(text: str) -> None:
    """Refuse what Python makes of an argument's bytes that are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError as problem:
        because = f"it is not UTF-8 text: character {problem.start + 1}"
        raise UnreadableDocument(DocumentFault.ENCODING, because) from None
