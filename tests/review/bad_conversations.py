"""Specs with tools and templates that cannot run, and a flag that no release has."""

from typing import Final

from tests.review.table import Layer, Object, Row, deployment, engine


def _no(story: str, given: Object, at: str, wording: str, covers: int = 0) -> Row:
    return Row(story=story, given=given, layer=Layer.ENGINE, at=at, wording=wording, covers=covers)


CONVERSATIONS: Final = (
    _no("an unknown flag", engine(extraArgs=["--sead=1"]), "spec.engine.extraArgs[0]", "did you mean --seed?", 13),
    _no("an unknown parser", engine(tools={"parser": "hermess"}), "spec.engine.tools.parser", "did you mean hermes?"),
    _no(
        "tools of a model without a parser of its own",
        deployment(model={"source": "hf://mistralai/Mixtral-8x7B-Instruct-v0.1"}, engine={"tools": {}}),
        "spec.engine.tools.parser",
        "write the parser that the model's card names",
    ),
    _no(
        "a flag beside the field that owns it",
        engine(tools={"parser": "hermes"}, extraArgs=["--tool-call-parser=hermes"]),
        "spec.engine.extraArgs[0]",
        "set spec.engine.tools instead",
    ),
)
