"""docs/architecture.md: the rooms, and three recorded paths of a number through them.

`python -m prove.architecture_page` renders the page. `make prove ITEM=house.10` records the paths again and compares.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from house.tree import ROOT
from prove import ways
from prove.carried import JSON, NUMBER, TEXT, Way

PAGE: Final = ROOT / "docs" / "architecture.md"
PLAIN: Final = (TEXT, NUMBER, JSON)
"""Forms from Python and Kubernetes, none of ours."""

_HEAD: Final = """\
# Architecture

This page shows in which room to look for something. Rooms are the packages (folders) of `operator/fairlead`; imports
run downwards only, which `make check` enforces. The page is rendered by `python -m prove.architecture_page`, which
follows a number that occurs nowhere else through the product and counts what it passes.

```text
      kubectl apply                                          clients
           |                                                    |
           v                                                    v
   +---------------+   Deployments, Services, router.json   +--------+
   |  controller   |--------------------------------------->| router |
   |  and webhook  |<---------------------------------------|        |
   +---------------+            which engines it sends to   +--------+
     ^          |                                             |    |
     |          | pods with arguments                attempts |    | requests, tokens,
     | status.  v                                             v    | queue
     | scaling +---------------------------------------------------+--+
     |         |            engines: vLLM, or the emulator         |  |
     |         +---------------------------------------------------+  |
     |                          | metrics                             |
   +---------------+            v                                     |
   |  autoscaler   |<-------------------------------------------------+
   +---------------+  a recommendation is all that it writes
```

Only one process writes workloads: the controller. The autoscaler recommends a count; `planning` turns it into steps.
Each process observes, lets a pure room decide, acts, and reports; no decision waits for a metric or a log line.

## Rooms, highest first

| room | what it is for |
|---|---|
"""
_WAYS: Final = """
## Three paths

"Functions" are those that had the number in an argument or a result; "forms" are the types of ours that contained it.
Fewer forms are fewer names to learn: `make prove ITEM=house.10` fails if a sample takes more than {most}.

| path | functions | files | forms |
|---|---|---|---|
"""
_TITLES: Final = {
    "request": ("A request", "the prompt of a request, from the client's bytes to the engine's"),
    "field": ("A field", "`spec.engine.context.maxTokens`, from the stored object to the engine's command line"),
    "sample": ("A sample", "an engine's queue depth, from the bytes of its metrics page to the recommended count"),
}
MAX_OF_A_SAMPLE: Final = 12


def page(gone: Mapping[str, Way]) -> str:
    """Build the whole page."""
    lines = [*_rooms(), _WAYS.format(most=MAX_OF_A_SAMPLE).rstrip("\n")]
    lines += [row(name, way) for name, way in gone.items()]
    for name, way in gone.items():
        title, what = _TITLES[name]
        lines += [f"\n### {title}\n", f"{what[0].upper()}{what[1:]}.\n", f"Forms: {_listed(forms(way))}.\n"]
        lines += ["| room | modules, in the order in which they first held it |", "|---|---|", *_modules(way)]
    return _HEAD + "\n".join(lines) + "\n"


def row(name: str, way: Way) -> str:
    """A row with its figures."""
    return f"| {_TITLES[name][1]} | {len(way.frames)} | {len(way.files)} | {len(forms(way))} |"


def forms(way: Way) -> list[str]:
    """Our own value types that held it."""
    return [one for one in way.forms if one not in PLAIN]


def _rooms() -> Iterator[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if one["name"].startswith("every room has a place"))
    for layer in layers:
        for room in layer.replace(" ", "").split("|"):
            yield f"| [`{room}`](../operator/fairlead/{room}) | {_summary(ROOT / 'operator' / 'fairlead' / room)} |"


def _summary(folder: Path) -> str:
    """The first paragraph of the room's docstring, and its packages."""
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    first = re.sub(r"\s+", " ", text.partition("\n\n")[0])
    inside = sorted(one.parent.name for one in folder.glob("*/__init__.py"))
    return f"{first} Inside: {_listed(inside)}." if inside else first


def _modules(way: Way) -> Iterator[str]:
    by_room: dict[str, list[str]] = {}
    for module in way.files:
        _, room, *rest = module.split(".")
        by_room.setdefault(room, []).append(".".join(rest) or room)
    for room, modules in by_room.items():
        yield f"| `{room}` | {_listed(modules)} |"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{one}`" for one in names)


if __name__ == "__main__":
    PAGE.write_text(page(ways.all_ways()), encoding="utf-8")
