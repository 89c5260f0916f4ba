"""Claims about what a person on call is given: alerts that fire and clear, and an entry for every reason."""

from typing import Final

from fairlead.fleet.conditions import ConditionReason
from house import troubleshooting_page
from monitoring import alerts
from prove import programs
from prove.claims import Claim, Figure

STORIES: Final = ("tests/monitoring/test_alert_stories.py", "tests/conformance/test_dashboards_and_rules.py")
ENTRIES: Final = "tests/house/test_troubleshooting_page.py"


def alerts_fire_and_clear() -> Figure:
    """The rules that ship, in promtool."""
    ended = programs.pytest(*STORIES)
    return Figure(
        holds=ended.ok and ended.tests.all_passed,
        text=f"{len(alerts.alerts())} alerts, each seen to fire and seen to be quiet, each with its runbook; "
        f"{ended.tests}",
    )


def every_reason_has_an_entry() -> Figure:
    """The page, the enum and the words written by hand."""
    ended = programs.pytest(ENTRIES)
    written = troubleshooting_page.entries().values()
    commands = sum(one.command is not None for one in written)
    return Figure(
        holds=ended.ok and ended.tests.all_passed and len(written) == len(ConditionReason),
        text=f"{len(ConditionReason)} reasons, {len(written)} entries, {commands} of them with a command, the others "
        f"where nothing must be done; {ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="seeing.2",
        title="Every alert that ships fires and is quiet again in a real Prometheus' promtool, and links to its "
        "runbook; live faults are not tried yet",
        prove=alerts_fire_and_clear,
        slow=True,
    ),
    Claim(
        item="seeing.4",
        title="Every reason of a condition has an entry in docs/troubleshooting.md with cause, how it shows, remedy "
        "and command, and no entry is without a reason; live faults are not tried yet",
        prove=every_reason_has_an_entry,
    ),
)
