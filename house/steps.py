"""The steps of `make check`: each one's commands, and a line that says what to do when it fails.

The order is longest first: three steps run at a time, and a long one started last would run alone.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check; its commands run in order, until one fails."""

    name: str
    commands: tuple[Command, ...]
    advice: str


def _tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def _module(name: str, *words: str) -> Command:
    return (sys.executable, "-m", name, *words)


COVERAGE_FOLDER: Final = ".build/coverage"
"""Not in the root, so that a concurrent run cannot mix its figures in."""

STEPS: Final = (
    Step(
        name="tests",
        commands=(_module("house.pure"),),
        advice="make the story true again, or change it in the same commit as the behaviour it tells; "
        "a room below its floor needs a story for each line named above. See CONTRIBUTING.md#tests",
    ),
    Step(
        name="types",
        commands=((_tool("mypy"),),),
        advice="type what is untyped; where a library cannot be typed, narrow at its door, "
        "and an ignore names its code and its reason. See CONTRIBUTING.md#rules",
    ),
    Step(
        name="messages",
        commands=(_module("house.messages_page", "--drift"),),
        advice="mend the sentences that are named; docs/reference/messages.md is written from those in "
        "operator/fairlead: run `python -m house.messages_page` and commit the file",
    ),
    Step(
        name="imports",
        commands=((_tool("lint-imports"),),),
        advice="imports run downwards only: move what two rooms share into `fleet`, hand facts down as "
        "arguments, take `now` and chance as arguments in rooms that decide, and give a new folder a place "
        "among the layers in pyproject.toml (there is no utils). See CONTRIBUTING.md#rooms",
    ),
    Step(
        name="lint",
        commands=((_tool("ruff"), "check", "."),),
        advice="each finding above says what to write instead; `make format` does the mechanical ones. "
        "A clock, chance or too many parameters need a better signature, not a `noqa`. "
        "See CONTRIBUTING.md#rules",
    ),
    Step(
        name="sizes",
        commands=(_module("house.sizes"),),
        advice="split by what the parts know, not by line number. See CONTRIBUTING.md#rules",
    ),
    Step(
        name="names",
        commands=(_module("house.names"),),
        advice="call it what a stranger would look for: docs/glossary.md has the words. See CONTRIBUTING.md#rules",
    ),
    Step(
        name="words",
        commands=(_module("house.words"),),
        advice="write the glossary's word for it, or call a value by the noun of its type; where an English sentence "
        "needs the word, set it as code in docs/glossary.md, so that it is wrong in names alone. See docs/glossary.md",
    ),
    Step(
        name="readers",
        commands=(_module("house.readers"),),
        advice="read what others wrote with `fairlead.documents` (json_document, typed_json, yaml_document) and catch "
        "`UnreadableDocument`; a parser by itself fails otherwise on what nests too deeply. See CONTRIBUTING.md#rooms",
    ),
    Step(
        name="engines",
        commands=(_module("house.engine_names"),),
        advice="give the fact to `EngineDescription` (operator/fairlead/engines/engine.py) or its `HttpApi`, and "
        "read it there by kind: another kind is then one folder and one row. See CONTRIBUTING.md#rooms",
    ),
    Step(
        name="circles",
        commands=(_module("house.circles"),),
        advice="files of a circle can only be read together: move what both need below both, pass a value in place of "
        "the object that holds it, or define a small Protocol where it is used. See CONTRIBUTING.md#rules",
    ),
    Step(
        name="writes",
        commands=(_module("house.foreign_writes"),),
        advice="give the class whose field it is a method that says what happens to the request, and call that; "
        "house/foreign_writes.py lists the files that are exempt. See CONTRIBUTING.md#rules",
    ),
    Step(
        name="crds",
        commands=(_module("house.crds", "--drift"),),
        advice="crds/ is written from the models in operator/fairlead/api: run `make crds` and commit the files",
    ),
    Step(
        name="chart",
        commands=(_module("house.chart", "--drift"),),
        advice="the chart's values, definitions and page follow from house/chart_values.py and operator/fairlead/api, "
        "and manifests/ from the chart: run `make chart` and commit the files",
    ),
    Step(
        name="alerts",
        commands=(_module("monitoring", "--drift"),),
        advice="dashboards/ and the chart's copy of it are written from monitoring/: run `python -m monitoring` and "
        "commit the files",
    ),
    Step(
        name="pages",
        commands=(_module("house.navigation"),),
        advice="a page that is not in mkdocs.yml's `nav` cannot be found from the site's menu: give it one line there",
    ),
    Step(
        name="evidence",
        commands=(_module("prove", "--drift"),),
        advice="docs/evidence.md is written from docs/evidence.json and the claims, never by hand. "
        "See CONTRIBUTING.md#claims",
    ),
    Step(
        name="format",
        commands=((_tool("ruff"), "format", "--check", "."),),
        advice="run `make format` and commit what it changed",
    ),
)
