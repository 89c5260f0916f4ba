"""docs/reference/refusals.md: Fairlead's messages for bad input, from the table that its tests use.

`python -m prove.refusal_table > docs/reference/refusals.md` renders the page; a test detects when it is stale.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from fairlead.review import admission
from fairlead.review.context import ReviewContext
from tests.review.bad_inputs import ELSEWHERE, ROWS
from tests.review.table import CONTEXT, Finding, Layer, Row, deployment, engine, findings_of, gateway, policy

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "reference" / "refusals.md"

_HEAD: Final = """\
# What is refused, and the message

{count} bad inputs, each with the layer that refuses it first, the field that is named, the rule and what to do. The
same words come from admission, from the object's conditions and from `fairlead validate`, all errors at once. What may
be a secret is never repeated.

This page is rendered from the table the tests run: `python -m prove.refusal_table > docs/reference/refusals.md`.
"""

_LAYERS: Final = {
    Layer.YAML: ("The file", "Before any object is built: `fairlead validate` reads files as kubectl does."),
    Layer.BOUNDS: ("Too large, or not JSON", "Before any field is read, in milliseconds."),
    Layer.READING: ("Which object it is, and when it acts", "What only Fairlead's own reader checks."),
    Layer.SCHEMA: ("Fields, types and ranges", "The API server refuses these too, with the webhook off."),
    Layer.CEL: ("Spellings, and fields that contradict", "The API server refuses these in the same words (CEL)."),
    Layer.ENGINE: ("What would make the engine fail to start", "Checked before anything is started."),
    Layer.SIZING: ("What does not fit", "By the arithmetic of [fit](fit.md); unknown models are never refused."),
    Layer.REFERENCES: (
        "What is named and does not exist",
        "Only found by looking into the cluster: a condition that clears on its own when the object is created.",
    ),
}

_TENANT: Final = {"name": "shop", "keys": [{"name": "k", "key": "k"}], "budget": {"maxCost": "25"}}
_LOOP: Final = {"name": "m", "deployment": "a", "fallback": {"deployments": ["default/a"]}}
_CAUTIONS: Final = (
    (
        "an argument that this release does not know, in your own image",
        engine(image="example.com/own:1", extraArgs=["--frobnicate"]),
    ),
    ("a misspelt product", deployment(accelerator={"product": "NVIDIA-H100-80GB-HBM"})),
    ("a model that is not in the catalogue", deployment(model={"source": "hf://a/b"})),
    ("a tenant's budget", deployment(router={"tenants": [_TENANT]})),
    ("an objective that decides nothing", policy(objectives={"queueTimeP95": "2s"})),
    ("a fallback to the deployment itself", gateway(models=[_LOOP])),
    ("a model that nothing serves", gateway(tenants=[{"name": "shop", "models": ["chat"]}])),
    ("a budget of a gateway's tenant", gateway(tenants=[{"name": "shop", "budget": {"maxCost": "25"}}])),
    ("fifty draft tokens", engine(speculation={"method": "ngram", "tokens": 50})),
    ("a settling time longer than the drain", deployment(drain={"settle": "10m", "timeout": "1m"})),
    (
        "a time for the first token longer than the total",
        deployment(router={"timeouts": {"firstToken": "2m", "total": "90s"}}),
    ),
    ("requests held for a second", deployment(router={"hold": {"maxTime": "1s"}})),
)


def page() -> str:
    """Build the whole page."""
    parts = [_HEAD.format(count=len(ROWS))]
    for layer, (title, about) in _LAYERS.items():
        rows = [row for row in ROWS if row.layer is layer]
        parts.append(f"## {title}\n\n{about}\n\n{_table(_line(row) for row in rows)}")
    parts.append(f"## Accepted, with a warning\n\n{_warnings()}")
    parts.append(f"## Found elsewhere\n\nNo single object shows these usual mistakes.\n\n{_elsewhere()}")
    return "\n".join(parts)


def _line(row: Row) -> tuple[str, ...]:
    finding = next(
        one for one in findings_of(row.given) if one.field == row.at and row.wording in f"{one.because}; {one.remedy}"
    )
    return row.story, _input(row, finding), finding.because, finding.remedy


def _input(row: Row, finding: Finding) -> str:
    """The field and its value, or a description of what is too large to show."""
    if row.short or not finding.field:
        return row.short or _first_line(row)
    return f"`{finding.field}`: `{finding.value}`"


def _first_line(row: Row) -> str:
    """The last line of a file, which has these errors."""
    lines = str(row.given).strip().splitlines()
    return f"`{lines[-1].strip()[:60]!r}`"


def _warnings() -> str:
    context = ReviewContext(catalogue=CONTEXT.catalogue)
    lines = []
    for story, given in _CAUTIONS:
        warnings = admission.review(given, context).warnings
        lines += [(story, f"`{one.field}`: `{one.value}`", one.because, one.remedy) for one in warnings]
    return _table(lines)


def _elsewhere() -> str:
    return "".join(f"- {number}: {why}\n" for number, why in ELSEWHERE.items())


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = (("input", "where", "message", "what to do"), ("---",) * 4, *rows)
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;") if "`" not in text else text.replace("|", "\\|")


def main() -> None:
    """Print the page."""
    print(page(), end="")


if __name__ == "__main__":
    main()
