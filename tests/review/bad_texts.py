"""Bad files and bad shapes: what is refused before any field is checked."""

from itertools import pairwise
from typing import Any, Final

from fairlead.api.kinds import DEPLOYMENT
from tests.review.table import Layer, Row, deployment, engine, written

_HEAD: Final = "apiVersion: fairlead.dev/v1alpha1\nkind: InferenceDeployment\nmetadata: {name: bad}\n"
_GOOD: Final = "  model: {source: hf://Qwen/Qwen3-0.6B}\n  accelerator: {product: NVIDIA-L4}\n"


def _text(below: str) -> str:
    return f"{_HEAD}spec:\n{_GOOD}{below}"


def _bomb(first: str, link: str) -> str:
    """Nine of the line above, twelve times: 9^12 values from some hundred characters."""
    names = "abcdefghijklm"
    lines = [f"{names[0]}: &{names[0]} {first}"]
    for above, name in pairwise(names):
        lines.append(f"{name}: &{name} " + link.format(", ".join([f"*{above}"] * 9)))
    return "\n".join(lines)


def _deep(levels: int) -> Any:  # noqa: ANN401  # any value may be in a bad spec
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


TEXTS: Final = (
    Row(
        story="a file that is no YAML", given="spec: {a: [", layer=Layer.YAML, at="", wording="is not valid YAML: line"
    ),
    Row(
        story="a tab in front of a field",
        given=_HEAD + "spec:\n\tmodel: a\n",
        layer=Layer.YAML,
        at="",
        wording="line 5",
    ),
    Row(
        story="a billion laughs",
        given=_bomb("[x, x]", "[{}]"),
        layer=Layer.YAML,
        at="",
        wording="aliases written out",
        short="twelve lists, each of nine aliases of the one before",
    ),
    Row(
        story="a billion merges",
        given=_bomb("{k: v}", "{{<<: [{}]}}"),
        layer=Layer.YAML,
        at="",
        wording="aliases written out",
        short="twelve mappings, each merging the one before nine times",
    ),
    Row(
        story="a hundred thousand brackets",
        given="[" * 100_000,
        layer=Layer.YAML,
        at="",
        wording="nested deeper than 100 levels",
        short="100,000 opening brackets",
    ),
    Row(
        story="a list of a million numbers",
        given=_text("  x: [" + "1," * 1_000_000 + "]"),
        layer=Layer.YAML,
        at="",
        wording="holds more than",
        short="a list of 1,000,000 numbers",
    ),
    Row(
        story="a tag that runs code",
        given=_text("  x: !!python/object/apply:os.system [ls]"),
        layer=Layer.YAML,
        at="",
        wording="could not determine a constructor",
    ),
    Row(
        story="a tag that does not fit its value",
        given=_text("  replicas: !!bool maybe"),
        layer=Layer.YAML,
        at="",
        wording="line 7: maybe cannot be read as a boolean",
    ),
    Row(
        story="a field that appears twice",
        given=_text("  replicas: 1\n  replicas: 2"),
        layer=Layer.YAML,
        at="",
        wording="line 8: the field replicas is there twice",
    ),
    Row(
        story="a control character", given=_text("  x: \x01"), layer=Layer.YAML, at="", wording="the control character"
    ),
    Row(story="an empty file", given="# nothing\n", layer=Layer.YAML, at="", wording="is empty"),
    Row(story="a list instead of an object", given="- a\n", layer=Layer.READING, at="kind", wording="write kind:"),
    Row(
        story="a list that holds itself",
        given=_text("  x: &x [*x]"),
        layer=Layer.YAML,
        at="",
        wording="line 7: *x is an alias of what it is in",
    ),
    Row(
        story="a number that never ends",
        given=_text("  replicas: .inf"),
        layer=Layer.BOUNDS,
        at="spec.replicas",
        wording="no field holds a number so far from 0",
    ),
    Row(
        story="a number of thirty digits",
        given=_text("  replicas: 100000000000000000000000000000"),
        layer=Layer.BOUNDS,
        at="spec.replicas",
        wording="no field holds a number so far from 0",
        covers=5,
    ),
    Row(
        story="a number where a name belongs, since kubectl reads 1e3 as one",
        given=_text("  x: 1").replace("0.6B}", "0.6B, servedName: 1e3}").replace("  x: 1", ""),
        layer=Layer.SCHEMA,
        at="spec.model.servedName",
        wording="quote it",
        there="must be of type string",
    ),
    Row(
        story="yes where a name belongs, since kubectl reads it as true",
        given=_text("").replace("0.6B}", "0.6B, servedName: yes}"),
        layer=Layer.SCHEMA,
        at="spec.model.servedName",
        wording="quote it",
        there="must be of type string",
    ),
    Row(
        story="a date where a revision belongs",
        given=_text("").replace("0.6B}", "0.6B, revision: !!timestamp 2026-11-20}"),
        layer=Layer.BOUNDS,
        at="spec.model.revision",
        wording="YAML reads this as a date",
    ),
)
SHAPES: Final = (
    Row(
        story="ten megabytes of text",
        given=deployment(x="y" * 10_000_000),
        layer=Layer.BOUNDS,
        at="spec",
        wording="longer than 1000000 characters",
        short="a field of ten million characters",
    ),
    Row(
        story="a hundred thousand fields",
        given=deployment(**{f"x{number}": 1 for number in range(100_000)}),
        layer=Layer.BOUNDS,
        at="spec",
        wording="more than 20000 values",
        short="100,000 fields",
    ),
    Row(
        story="five thousand levels",
        given=deployment(x=_deep(5000)),
        layer=Layer.BOUNDS,
        at="spec",
        wording="deeper than 32 levels",
        short="an object in an object, 5,000 times",
    ),
    Row(
        story="half a character",
        given=engine(extraArgs=["\ud800"]),
        layer=Layer.BOUNDS,
        at="spec.engine.extraArgs[0]",
        wording="half a character",
        short="a lone surrogate",
    ),
    Row(
        story="a misspelt kind",
        given=deployment() | {"kind": "InferenceDeploymnet"},
        layer=Layer.READING,
        at="kind",
        wording="write kind: InferenceDeployment",
    ),
    Row(
        story="a kind that is an object",
        given=deployment() | {"kind": _deep(5000)},
        layer=Layer.READING,
        at="kind",
        wording="Fairlead knows InferenceDeployment",
        short="an object as kind",
    ),
    Row(
        story="an unknown version",
        given=deployment() | {"apiVersion": "fairlead.dev/v9"},
        layer=Layer.READING,
        at="kind",
        wording="correct apiVersion and kind",
    ),
    Row(
        story="no spec",
        given={key: value for key, value in deployment().items() if key != "spec"},
        layer=Layer.SCHEMA,
        at="spec",
        wording="kubectl explain infd.spec",
        there="Required value",
    ),
    Row(
        story="no name",
        given=deployment() | {"metadata": {"name": ""}},
        layer=Layer.READING,
        at="metadata.name",
        wording="add metadata.name",
    ),
    Row(
        story="a field beside spec",
        given=deployment() | {"replicas": 2},
        layer=Layer.SCHEMA,
        at="replicas",
        wording="did you mean to write it below spec?",
        covers=1,
        there="unknown field",
    ),
    Row(
        story="a name of sixty-four letters",
        given=written(DEPLOYMENT, deployment()["spec"], name="x" * 64),
        layer=Layer.CEL,
        at="metadata.name",
        wording="at most 63",
        covers=21,
    ),
    Row(
        story="a name with a digit first",
        given=written(DEPLOYMENT, deployment()["spec"], name="7b-chat"),
        layer=Layer.CEL,
        at="metadata.name",
        wording="letter first",
        covers=21,
    ),
)
