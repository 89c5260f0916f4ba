"""A page of /metrics as a value: families with their types, samples with their labels.

It parses the text format itself, since the tests check whether the text is well formed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from tests.conformance.endpoint import Endpoint
from tests.waiting import eventually

SAMPLE: Final = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL: Final = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"(?:,|$)')
SUFFIXES: Final = ("_bucket", "_count", "_sum")
EVERYWHERE: Final = frozenset({"model_name", "engine"})
SETTLED_S: Final = 10.0


@dataclass(slots=True, kw_only=True)
class Family:
    """One metric."""

    name: str
    kind: str
    help: str = ""
    samples: list[tuple[str, Mapping[str, str], float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page."""

    families: Mapping[str, Family]

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples with this name and these labels."""
        family = self.families.get(name) or self.families.get(re.sub(r"_(bucket|count|sum)$", "", name))
        samples = family.samples if family else []
        return sum(value for one, texts, value in samples if one == name and labels.items() <= texts.items())

    def labels(self, name: str) -> list[Mapping[str, str]]:
        """The labels of every sample of a family."""
        return [texts for _, texts, _ in self.families[name].samples]


def read(text: str) -> Page:
    """Parse a page; a line that is neither comment nor sample is an error."""
    families: dict[str, Family] = {}
    helps: dict[str, str] = {}
    for line in text.splitlines():
        match line.split(" ", 3):
            case ["#", "HELP", name, *words]:
                helps[name] = " ".join(words)
            case ["#", "TYPE", name, kind]:
                assert name not in families, f"{name} is declared twice"
                families[name] = Family(name=name, kind=kind, help=helps.get(name, ""))
            case _:
                found = SAMPLE.match(line)
                assert found, f"no sample: {line!r}"
                owner = _owner(found["name"], families)
                labels = dict(LABEL.findall(found["labels"] or ""))
                owner.samples.append((found["name"], labels, float(found["value"])))
    return Page(families=families)


def now(endpoint: Endpoint) -> Page:
    """The current page."""
    answer = endpoint.get("/metrics")
    assert answer.status == 200
    return read(answer.text)


def shape(page: Page) -> list[str]:
    """What a dashboard depends on, one line each: names, types, labels, children, buckets."""
    return sorted(line for family in page.families.values() if _comparable(family.name) for line in _lines(family))


def settled(endpoint: Endpoint, holds: Callable[[Page], bool]) -> Page:
    """The page once a condition holds; an engine counts a step a moment after the answer is out."""

    def observe() -> Page | None:
        page = now(endpoint)
        return page if holds(page) else None

    return cast("Page", eventually(observe, "the page that was waited for", SETTLED_S))


def _owner(name: str, families: Mapping[str, Family]) -> Family:
    stems = [name, *(name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix))]
    owner = next((families[stem] for stem in stems if stem in families), None)
    assert owner is not None, f"{name} was not declared"
    return owner


def _comparable(name: str) -> bool:
    """Excludes what the client library reports of its own interpreter."""
    return not name.startswith(("python_", "process_"))


def _lines(family: Family) -> Iterator[str]:
    yield f"{family.name} is a {family.kind}"
    edges = [texts["le"] for name, texts, _ in family.samples if name.endswith("_bucket") and "le" in texts]
    if edges:
        yield f"{family.name} counts up to {' '.join(dict.fromkeys(edges))}"
    for name, texts, _ in family.samples:
        if not name.endswith("_bucket"):
            own = {label: value for label, value in texts.items() if label not in EVERYWHERE}
            common = " ".join(sorted(EVERYWHERE & set(texts)))
            info = family.name.endswith("_info")
            shown = (
                " ".join(sorted(own)) if info else " ".join(f"{label}={value}" for label, value in sorted(own.items()))
            )
            yield f"{name} of {common or 'nothing'}: {shown or 'one'}"
