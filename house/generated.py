"""`python -m house.generated [WORD …]`: regenerate all files that are generated from code, two at a time.

`git diff` then shows what a change means to users: their fields, their messages, the objects they get.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

from house.check import AT_ONCE, surroundings
from house.tree import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """One generating module."""

    module: str
    words: tuple[str, ...] = ()
    into: str = ""
    """The file for its output; empty: it writes its files itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The result of one module."""

    by: Generated
    seconds: float
    trouble: str = ""


ALL: Final = (
    Generated(module="prove.field_table", into="docs/reference/fields.md"),
    Generated(module="house.messages_page"),
    Generated(module="prove.architecture_page"),
    Generated(module="prove", words=("--page",)),
    Generated(module="prove.refusal_table", into="docs/reference/refusals.md"),
    Generated(module="house.crds"),
    Generated(module="house.chart"),
    Generated(module="tests.objects.goldens"),
    Generated(module="house.api_page"),
    Generated(module="house.status_pages"),
    Generated(module="house.router_metrics_page"),
    Generated(module="house.autoscaler_metrics_page"),
    Generated(module="house.bad_requests_page"),
    Generated(module="house.gpu_page"),
    Generated(module="house.capacity_page"),
    Generated(module="house.troubleshooting_page"),
    Generated(module="monitoring"),
    Generated(module="prove.engine_table", into="docs/reference/engines.md"),
    Generated(module="campaign.page"),
)
"""Longest first, as in `make check`. No module reads another one's files."""


def main(argv: Sequence[str] | None = None) -> int:
    """Write all, or those whose module name contains one of these words; return 0 if each succeeded."""
    words = list(sys.argv[1:] if argv is None else argv)
    chosen = [one for one in ALL if not words or any(word in one.module for word in words)]
    if not chosen:
        print(f"generated: no module is named {' or '.join(words)}: {_names(ALL)}", file=sys.stderr)
        return 2
    failed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in as_completed([pool.submit(write, one) for one in chosen]):
            written = ended.result()
            print(f"{'✗' if written.trouble else '✓'} {written.by.module:<30} {written.seconds:5.1f} s", flush=True)
            failed += [written] if written.trouble else []
    for one in failed:
        print(f"\n--- {one.by.module} ---\n{one.trouble}", file=sys.stderr)
    return 1 if failed else 0


def write(one: Generated) -> Written:
    """Run one module; a page is only replaced by a complete one."""
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-m", one.module, *one.words],
        cwd=ROOT,
        env=os.environ | surroundings(ROOT),
        check=False,
        capture_output=True,
        text=True,
    )
    if ended.returncode == 0 and one.into:
        (ROOT / one.into).write_text(ended.stdout, encoding="utf-8")
    output = ended.stderr if one.into else ended.stdout + ended.stderr
    trouble = "" if ended.returncode == 0 else (output.strip() or f"ended with code {ended.returncode}")
    return Written(by=one, seconds=time.monotonic() - started, trouble=trouble)


def _names(these: Sequence[Generated]) -> str:
    return ", ".join(one.module for one in these)


if __name__ == "__main__":
    sys.exit(main())
