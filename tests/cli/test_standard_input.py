"""Objects from standard input, as another command of a pipeline prints them."""

import io
import json
import sys

import pytest

from fairlead.cluster import documents
from tests.cli.conftest import Run
from tests.review.table import deployment


def pipe(monkeypatch: pytest.MonkeyPatch, text: str | bytes) -> None:
    """Give what another command of a pipeline prints."""
    content = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_what_kustomize_or_helm_print_is_read_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe(monkeypatch, f"---\n{json.dumps(deployment())}\n---\n{json.dumps(deployment(replicas=-1))}\n")
    code, out, err = run("validate", "-")
    assert (code, err) == (1, "")
    assert "✓ stdin (document 1): InferenceDeployment bad" in out
    assert "✗ stdin (document 2): InferenceDeployment bad" in out

    pipe(monkeypatch, json.dumps(deployment()))
    assert run("render", "-")[1].splitlines()[-2].strip() == "--enable-prefix-caching"


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (b"", "✗ stdin: is empty; write an object, or leave the file out"),
        (b"\xff", "✗ stdin: is not UTF-8 text: invalid start byte at byte 0"),
        (b"#" * (documents.LARGEST_FILE + 1), "✗ stdin: larger than 3 MiB, which no API server accepts"),
    ],
)
def test_standard_input_that_cannot_be_read_is_named(
    given: bytes, answer: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe(monkeypatch, given)
    code, out, _ = run("validate", "-")
    assert (code, out.strip()) == (1, answer)


def test_a_closed_standard_input_is_no_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert run("validate", "-")[1].strip() == "✗ stdin: is closed; redirect a file to it, or name the file"
