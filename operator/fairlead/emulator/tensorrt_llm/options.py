"""TensorRT-LLM's options by key: those of the file, then flags, then `--set`; the last one wins.

`llmapi/llm_args.py` refuses keys that it lacks. Keys that the emulation would silently ignore are refused here too.
"""

from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fairlead.documents import yaml_document
from fairlead.documents.document_faults import UnreadableDocument
from fairlead.documents.yaml_loaders import FastLoader
from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.tensorrt_llm import option_values
from fairlead.emulator.tensorrt_llm.option_values import READERS
from fairlead.engines.tensorrt_llm import extra_keys

Options = Mapping[str, Any]
"""Values by dotted key, from the root of the file."""

_LEAVES: Final = frozenset({"cuda_graph_config"})
"""Keys that are one value, although they may have subkeys."""


def read(given: Namespace) -> Options:
    """Read all options; raise `ParserExit` for an unreadable file, for keys that would have no effect, and for values
    that their keys do not take."""
    found = dict(_flat(_file(given.config))) if given.config else {}
    found |= {key: value for key, value in vars(given).items() if key in READERS and value is not None}
    for assignment in given.set:
        path, value = _assigned(assignment)
        found = {key: kept for key, kept in found.items() if not f"{key}.".startswith(f"{path}.")}
        found |= dict(_flat({path: value}))
    strange = sorted(found.keys() - READERS.keys())
    if strange:
        refused = [(key, "Extra inputs are not permitted") for key in strange]
        raise _refused(" (simulated: nothing here acts on them)", refused)
    values = {key: _value(key, value) for key, value in found.items()}
    refused = [(key, str(value)) for key, value in values.items() if isinstance(value, ValueError)]
    refused = refused or list(option_values.problems(values))
    if refused:
        raise _refused("", refused)
    return values


def _value(key: str, value: Any) -> Any:  # noqa: ANN401 - any YAML
    """Return the value as its key reads it, or what is wrong with it."""
    try:
        return value if value is None else READERS[key](value)
    except ValueError as problem:
        return problem


def _refused(note: str, refused: Sequence[tuple[str, str]]) -> ParserExit:
    lines = "\n".join(f"{key}\n  {why}" for key, why in refused)
    errors = "1 validation error" if len(refused) == 1 else f"{len(refused)} validation errors"
    return ParserExit(f"{errors} for TorchLlmArgs{note}\n{lines}")


def _assigned(assignment: str) -> tuple[str, Any]:
    """`commands/_config_overrides.py: parse_config_overrides`; the value replaces all below its path."""
    path, equals, written = assignment.partition("=")
    if not equals:
        raise ParserExit("Error: Invalid value for '--set': Each override must use PATH=YAML_VALUE syntax.")
    value = extra_keys.value_of(written)
    if value is extra_keys.UNREADABLE:
        raise ParserExit("Error: Invalid value for '--set': The override value is not valid YAML.")
    return path, value


def _file(path: str) -> Mapping[str, Any]:
    try:
        document = yaml_document.read(Path(path).read_bytes(), FastLoader)
    except (OSError, UnreadableDocument) as problem:
        raise ParserExit(f"trtllm-serve: --config {path}: {problem} (simulated)") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ParserExit(f"trtllm-serve: --config {path}: must be keys and values (simulated)")
    return document


def _flat(document: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys with their values, except null ones that are not leaves."""
    for key, value in document.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and path not in _LEAVES:
            yield from _flat(value, f"{path}.")
        elif value is not None or path in _LEAVES:
            yield path, value
