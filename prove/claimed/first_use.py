"""The claim about a new user's first hours: all of README's commands, and a migration by its page."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

DEMO: Final = "tests/node/test_demo.py"
MIGRATION: Final = "tests/node/serving/test_migrating.py"


def leads_all_the_way() -> Figure:
    """The demo as started by users, then a Deployment of an engine under traffic."""
    shown, moved = (noted.pytest(path, "-m", "node") for path in (DEMO, MIGRATION))
    return Figure(
        holds=shown.well and moved.well and moved.unharmed,
        text=f"`make demo` to its last line: {shown.ended.tests}; from a plain Deployment of an engine by its page, "
        f"in {moved.total('migration_seconds')} s: {moved.traffic}; {moved.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="seeing.6",
        title="As a new user: README's `make demo` from nothing to its last line, and a plain Deployment of an engine "
        "moved by docs/migrating.md's own blocks while clients talk to it, none of which notices; what people stumbled "
        "over is in docs/reference/first-use.md",
        prove=leads_all_the_way,
        slow=True,
    ),
)
