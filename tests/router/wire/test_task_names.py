"""A task's name, however its client wrote it in the header."""

import pytest

from fairlead.router.wire import task_names


@pytest.mark.parametrize(
    ("header", "name"),
    [(b"invoice-17", "invoice-17"), ("счёт".encode(), "счёт"), ("Größe".encode("latin-1"), "Größe"), (b"", "")],
)
def test_a_name_is_utf_8_or_else_latin_1(header: bytes, name: str) -> None:
    assert task_names.of({b"x-fairlead-task": header} if header else {}) == name
