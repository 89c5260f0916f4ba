"""Claims about what a person on call is given: alerts that fire and clear, and an entry for every reason."""

from typing import Final

from fairlead.fleet.conditions import ConditionReason
from house import troubleshooting_page
from monitoring import alerts
from prove import noted, programs
from prove.claims import Claim, Figure

STORIES: Final = ("tests/monitoring/test_alert_stories.py", "tests/conformance/test_dashboards_and_rules.py")
ENTRIES: Final = "tests/house/test_troubleshooting_page.py"
DESCRIBED: Final = "tests/node/serving/test_described.py"
LIVE_FAULTS: Final = 10


def alerts_fire_and_clear() -> Figure:
    """The rules that ship, in promtool."""
    ended = programs.pytest(*STORIES)
    return Figure(
        holds=ended.ok and ended.tests.all_passed,
        text=f"{len(alerts.alerts())} alerts, each seen to fire and seen to be quiet, each with its runbook; "
        f"{ended.tests}",
    )


def every_reason_has_an_entry() -> Figure:
    """The page, the enum and the words written by hand; then ten faults on a real node."""
    ended, live = programs.pytest(ENTRIES), noted.pytest(DESCRIBED)
    written = troubleshooting_page.entries().values()
    commands = sum(one.command is not None for one in written)
    understood, mended = live.total("understood"), live.total("mended")
    complete = ended.ok and ended.tests.all_passed and len(written) == len(ConditionReason)
    return Figure(
        holds=complete and live.well and understood == mended >= LIVE_FAULTS,
        text=f"{len(ConditionReason)} reasons, {len(written)} entries, {commands} of them with a command, the others "
        f"where nothing must be done; {ended.tests}; on a real node {understood} faults led from `kubectl describe` to "
        f"their entry, and {mended} served after its remedy; {live.ended.tests}",
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
        "and command, and no entry is without a reason; ten faults on a real node are understood from "
        "`kubectl describe` alone, and mended by what their entries say",
        prove=every_reason_has_an_entry,
        slow=True,
    ),
)
