"""The claim about commands on pages: a test reads each, and runs it unless a closed list says why it cannot."""

from collections import Counter
from typing import Final

from house import page_commands, page_places
from house.page_places import Obstacle, Trial
from prove import noted, programs
from prove.claims import Claim, Figure

READ: Final = "tests/house/test_page_commands.py"
RUN: Final = {
    Trial.OFFLINE: ("tests/conformance/test_pages_offline.py", "-m", "conformance"),
    Trial.CLUSTER: ("tests/apiserver/test_pages.py", "-m", "apiserver"),
}


def is_run_as_shown() -> Figure:
    """Read all commands, run what can be run, and count both."""
    found = [one for page in page_commands.pages() for one in page_commands.commands(page)]
    places = Counter(page_places.place(one) for one in found)
    read = programs.pytest(READ)
    holds, parts = read.ok and read.tests.all_passed, []
    for trial, words in RUN.items():
        report = noted.pytest(*words)
        run = report.total("commands")
        holds = holds and report.well and run == places[trial]
        parts.append(f"{run} of {places[trial]} run {trial}")
    unrun = sum(places[one] for one in Obstacle)
    reasons = "; ".join(f"{places[one]}: {one}" for one in Obstacle if places[one])
    return Figure(
        holds=holds,
        text=f"{len(found)} commands on {len({one.page for one in found})} pages, {', '.join(parts)}; {unrun} only "
        f"read ({reasons}); reading them: {read.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="seeing.5",
        title="Every command that README and docs/ show in a block is read by a test (options, files, values, kinds, "
        "targets) and, unless a closed list says why it cannot be, run in the order of its page: offline, or at an API "
        "server whose nodes and pods are pretended",
        prove=is_run_as_shown,
        slow=True,
    ),
)
