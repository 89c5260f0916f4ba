"""`python -m house.conformance [real | ours | URL]`: runs one conformance suite against a chosen server.

The default is real vLLM on CPU; its venv and the tiny model are created if missing. Every passing run leaves its
summary in .build; `--record` keeps it, `--keep` keeps the last ones without another run. `--page` writes
docs/reference/conformance.md from the records, and `--drift` checks that the page matches the records and the table of
differences.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import fairlead
from devcluster.cache import Cache
from house import real_vllm, tiny_model
from house.check import surroundings
from house.tree import ROOT
from tests.conformance.differences import MEANT

FOLDER: Final = "tests/conformance"
CHOICE: Final = "FAIRLEAD_CONFORMANCE"
"""`ours` (the default), `real`, or the URL of any server: read by the suite's fixtures."""
REAL, OURS = "real", "ours"
SIDES: Final = (REAL, OURS)
"""Servers that we start as every case needs them, so that no case may be skipped."""
PAGE: Final = ROOT / "docs" / "reference" / "conformance.md"
RECORDS: Final = PAGE.with_suffix(".json")
LAST: Final = ROOT / ".build" / "conformance.json"
ADVICE: Final = "run `python -m house.conformance --page` and commit the page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The result of one run of the suite."""

    server: str
    version: str
    date: str
    cases: int
    passed: int
    left_out: int
    seconds: float
    stories: Mapping[str, int]
    """Cases by file."""

    @property
    def holds(self) -> bool:
        """Whether something passed, and nothing failed."""
        return self.passed > 0 and self.passed + self.left_out == self.cases

    def __str__(self) -> str:
        """Format `real vLLM 0.32.0: 300 of 300 cases passed, 0 left out, in 123 s`."""
        return (
            f"{self.server} {self.version}: {self.passed} of {self.cases} cases passed, "
            f"{self.left_out} left out, in {self.seconds:.0f} s"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Return 0 if every case passed (or the page is right), 1 if not."""
    options = _parser().parse_args(argv)
    if options.drift:
        wrong = drift(PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "", read(RECORDS))
        print(wrong or "conformance: the page is as recorded")
        return 1 if wrong else 0
    if options.keep:
        write(RECORDS, read(RECORDS) | read(LAST))
    elif not options.page:
        summary = run(options.server)
        print(summary)
        if not summary.holds or (summary.left_out and options.server in SIDES):
            return 1
        if options.server in SIDES:
            write(LAST, read(LAST) | {options.server: summary})
        if options.record:
            write(RECORDS, read(RECORDS) | read(LAST))
    if options.page or options.record or options.keep:
        PAGE.write_text(render(read(RECORDS)), encoding="utf-8")
    return 0


def run(server: str) -> Summary:
    """Run the whole suite against one server; pytest's output is passed through."""
    if server == REAL:
        real_vllm.python(Cache.chosen())
        tiny_model.model(Cache.chosen())
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        words = ("pytest", "-q", "-p", "no:cacheprovider", FOLDER, f"--junit-xml={report}")
        started = time.monotonic()
        environment = os.environ | surroundings(ROOT) | {CHOICE: server}
        subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=environment, check=False)
        seconds = time.monotonic() - started
        text = report.read_text(encoding="utf-8") if report.is_file() else "<testsuites/>"
    return summarize(server, text, seconds, datetime.now(UTC).date().isoformat())


def summarize(server: str, report: str, seconds: float, date: str) -> Summary:
    """Summarize pytest's report; an error outside a case counts as a failed case."""
    cases = list(ET.fromstring(report).iter("testcase"))  # noqa: S314  pytest wrote it a moment ago
    left_out = [case for case in cases if case.find("skipped") is not None]
    broken = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    stories = Counter(case.get("classname", "").rpartition(".")[2].removeprefix("test_") for case in cases)
    return Summary(
        server={REAL: "real vLLM", OURS: "fairlead engine"}.get(server, server),
        version={REAL: f"{real_vllm.VERSION} on CPU", OURS: fairlead.__version__}.get(server, ""),
        date=date,
        cases=len(cases),
        passed=len(cases) - len(left_out) - len(broken),
        left_out=len(left_out),
        seconds=round(seconds, 1),
        stories=dict(sorted(stories.items())),
    )


def read(path: Path) -> dict[str, Summary]:
    """Read the records, by side."""
    document = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {side: Summary(**summary) for side, summary in document.items()}


def write(path: Path, records: Mapping[str, Summary]) -> None:
    """Write the records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {side: asdict(summary) for side, summary in sorted(records.items())}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def drift(written: str, records: Mapping[str, Summary]) -> str:
    """What is wrong with the page, if anything."""
    return "" if written == render(records) else f"docs/reference/conformance.md is not as recorded: {ADVICE}"


def render(records: Mapping[str, Summary]) -> str:
    """Render the page."""
    sides = [records[side] for side in SIDES if side in records]
    stories = sorted({story for summary in sides for story in summary.stories})
    return "\n".join(
        [
            *HEAD,
            "| server | version | date | cases | passed | left out | seconds |",
            "|---|---|---|---|---|---|---|",
            *(_row(summary) for summary in sides),
            "",
            "## What is tested",
            "",
            f"| cases in `{FOLDER}/` | {' | '.join(summary.server for summary in sides)} |",
            f"|---|{'---|' * len(sides)}",
            *(f"| {story} | {_counts(story, sides)} |" for story in stories),
            "",
            "## Intended differences",
            "",
            f"From `{FOLDER}/differences.py`: a case that expects two answers names its difference, and no check is",
            "skipped silently on either side.",
            "",
            "| | real vLLM | `fairlead engine` | because |",
            "|---|---|---|---|",
            *(f"| {name} | {one.real} | {one.ours} | {one.because} |" for name, one in MEANT.items()),
            "",
            *LIMITS,
        ]
    )


HEAD: Final = (
    "# Conformance",
    "",
    "Written by `python -m house.conformance --page`; changes here are lost.",
    "",
    "One suite sends requests to a vLLM 0.32 endpoint over HTTP and ZMQ and checks statuses, bodies, streams,",
    "metrics, events, signals and exit codes. `make test` runs it against `fairlead engine`; `make conformance` runs",
    "it against real vLLM on CPU, which serves a random Llama of two layers made on the spot (`house/tiny_model.py`).",
    "The emulator is held to the original: every case is first of all something that real vLLM does. Where SGLang",
    "behaves the same, the same cases also run against `fairlead engine` as SGLang; where it does not, the cases are",
    "in `test_sglang`, from its source and a run of the real server. This suite was not run on real SGLang. The same",
    "holds for TensorRT-LLM, whose own cases are in `test_tensorrt`, from its source alone: we never ran it.",
    "`python -m house.conformance http://HOST:PORT` checks a server of yours, started without flags that matter here,",
    "under the name `tiny` with a context of 1024 tokens; cases that must start, signal or kill it are left out, and",
    "the summary counts them.",
    "",
)
LIMITS: Final = (
    "## What this cannot show",
    "",
    "Real vLLM ran without a GPU: sleep that frees memory, asynchronous scheduling, speculation and several ranks are",
    "not compared here. Which tokens a model draws is not part of the contract: the suite checks only their number.",
    "",
)


def _row(one: Summary) -> str:
    figures = (one.server, one.version, one.date, one.cases, one.passed, one.left_out, f"{one.seconds:.0f}")
    return f"| {' | '.join(str(figure) for figure in figures)} |"


def _counts(story: str, sides: Sequence[Summary]) -> str:
    return " | ".join(str(summary.stories.get(story, 0)) for summary in sides)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m house.conformance", description="Held to the original.")
    parser.add_argument("server", nargs="?", default=REAL, help="real (the default), ours, or a URL")
    parser.add_argument("--record", action="store_true", help="keep the summary and write the page anew")
    parser.add_argument("--keep", action="store_true", help="keep the last green runs and write the page anew")
    parser.add_argument("--page", action="store_true", help="only write the page from what was recorded")
    parser.add_argument("--drift", action="store_true", help="only say whether the page is right")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
