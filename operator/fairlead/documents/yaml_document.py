"""Reads one YAML document that others wrote.

PyYAML fails in its own ways: a hundred thousand brackets overflow the stack of libyaml and end the process, aliases
make a billion values of a few lines. So a text is measured before it is parsed.
"""

from typing import Any, Final

import yaml

from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from fairlead.documents.encoded_text import text_of
from fairlead.documents.yaml_loaders import DuplicateField, FastLoader, HugeNumber, UnfitValue, UniqueKeyLoader

MAX_VALUES: Final = 50_000
"""Values in one document, with aliases expanded; objects of ours have some hundred."""
MAX_LEVELS: Final = 100
_FAULTS: Final = {
    DuplicateField: DocumentFault.DUPLICATE_KEY,
    HugeNumber: DocumentFault.HUGE_NUMBER,
    UnfitValue: DocumentFault.UNFIT_VALUE,
}


def read(document: str | bytes, loader: type[Any] = UniqueKeyLoader) -> Any:  # noqa: ANN401 - any YAML
    """Parse YAML with one of `yaml_loaders` or raise `UnreadableDocument`."""
    text = text_of(document)
    try:
        _check_size(text)
        return yaml.load(text, Loader=loader)  # noqa: S506 - safe loaders all
    except UnreadableDocument:
        raise
    except yaml.MarkedYAMLError as problem:
        raise _marked(text, problem) from None
    except yaml.reader.ReaderError as problem:
        code = problem.character if isinstance(problem.character, int) else ord(problem.character)
        because = f"it holds the control character U+{code:04X}"
        raise UnreadableDocument(DocumentFault.CONTROL_CHARACTER, because) from None


def _check_size(text: str) -> None:
    """Count values with aliases expanded, and levels."""
    total, sizes, within = 0, dict[str | None, int](), list[tuple[str | None, int]]()
    for event in yaml.parse(text, Loader=FastLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = within.pop()
            sizes |= {anchor: total - before} if anchor else {}
        elif isinstance(event, yaml.NodeEvent):
            total += sizes.get(event.anchor, 1) if isinstance(event, yaml.AliasEvent) else 1
            if isinstance(event, yaml.CollectionStartEvent):
                within.append((event.anchor, total))
            elif isinstance(event, yaml.AliasEvent) and any(event.anchor == anchor for anchor, _ in within):
                raise _contains_itself(event)
        if total > MAX_VALUES:
            because = f"it holds more than {MAX_VALUES} values, aliases written out"
            raise UnreadableDocument(DocumentFault.TOO_LARGE, because)
        if len(within) > MAX_LEVELS:
            because = f"it is nested deeper than {MAX_LEVELS} levels"
            raise UnreadableDocument(DocumentFault.TOO_DEEP, because)


def _contains_itself(event: yaml.AliasEvent) -> UnreadableDocument:
    mark = event.start_mark
    because = f"*{event.anchor} is an alias of what it is in"
    return UnreadableDocument(DocumentFault.CONTAINS_ITSELF, because, None if mark is None else mark.line + 1)


def _marked(text: str, problem: yaml.MarkedYAMLError) -> UnreadableDocument:
    """The end of a text counts as a line of its own, which nobody can correct."""
    mark, last = problem.problem_mark, text.rstrip().count("\n")
    line = None if mark is None else min(mark.line, last) + 1
    fault = next((fault for form, fault in _FAULTS.items() if isinstance(problem, form)), DocumentFault.SYNTAX)
    return UnreadableDocument(fault, " ".join(str(problem.problem).split())[:200], line)
