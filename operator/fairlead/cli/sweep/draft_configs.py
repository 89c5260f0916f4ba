"""The configurations that `--draft-config-json` gives: whose draft each is, and whether it fits the model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.swept_kinds import KINDS
from fairlead.cluster import package_data
from fairlead.documents import json_document
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.fleet.plurals import count
from fairlead.fleet.sweeps import EngineVariant
from fairlead.sizing import checkpoint
from fairlead.sizing.families import MissingFact

OPTION: Final = "--draft-config-json"
_HEAD: Final = "Eagle3"


def read(paths: Sequence[str], serve_arguments: ServeArguments, vocabulary: int) -> Mapping[EngineVariant, str]:
    """Read the files; one whose architecture is an EAGLE-3 head's is one, any other a draft model."""
    found: dict[EngineVariant, str] = {}
    if paths and not KINDS[serve_arguments.kind].drafting(EngineVariant.DRAFT, "draft"):
        raise SweepArgumentError(f"{OPTION}: drafts of {serve_arguments.kind} are not measured; leave it out")
    for path in paths:
        text = package_data.read_text(Path(path))
        _check(text, serve_arguments.model, vocabulary)
        architectures = str(json_document.read(text, as_python=True).get("architectures"))
        variant = EngineVariant.EAGLE3 if _HEAD in architectures else EngineVariant.DRAFT
        if variant in found:
            raise SweepArgumentError(
                f"{OPTION} {path}: a second {variant}; give one of each kind, and the other in a file of its own"
            )
        found[variant] = text
    return found


def _check(text: str, model: str, vocabulary: int) -> None:
    """Check that the draft's vocabulary is as large as the model's."""
    shape = checkpoint.read("draft", text)
    if isinstance(shape, MissingFact):
        raise SweepArgumentError(f"{OPTION}: {shape.what}; give the draft model's own config.json")
    if shape.vocab != vocabulary:
        raise SweepArgumentError(
            f"{OPTION}: its vocabulary has {count(shape.vocab, 'token')}, that of {model} {vocabulary:,}; "
            "a draft is a small model of the same family"
        )
