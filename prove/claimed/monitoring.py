"""Claims about on-call tools: alerts that fire and clear, and an entry for every reason."""

from typing import Final

from fairlead.fleet.conditions import ConditionReason
from house import troubleshooting_page
from monitoring import alerts
from prove import noted, programs
from prove.claims import Claim, Figure

STORIES: Final = ("tests/monitoring/test_alert_scenarios.py", "tests/conformance/test_dashboards_and_rules.py")
ENTRIES: Final = "tests/house/test_troubleshooting_page.py"
DESCRIBED: Final = "tests/node/serving/diagnostics/test_described.py"
LIVE_FAULTS: Final = 10
LIVE_ALERTS: Final = "tests/node/serving/diagnostics/test_alerts.py"
MIN_ALERTS: Final = 8
DEMO: Final = "tests/node/test_demo.py"
SCHEMA: Final = "tests/monitoring/test_grafana_schema.py"


def panels_have_data() -> Figure:
    """Each panel's queries after the demo, and the dashboards against Grafana's own types."""
    read, live = programs.pytest(SCHEMA), noted.pytest(DEMO, "-m", "node")
    panels, queries, empty = (live.total(name) for name in ("panels", "queries", "empty"))
    return Figure(
        holds=read.ok and read.tests.all_passed and live.well and panels > empty == 0,
        text=f"{queries} queries of {panels} panels sent to a real Prometheus after the demo, {empty} without data; "
        f"{live.ended.tests}; dashboards read whole by Grafana's "
        f"foundation SDK: {read.tests}",
    )


def alerts_fire_and_clear() -> Figure:
    """The shipped rules in promtool; then faults of a fleet, observed by a Prometheus."""
    ended, live = programs.pytest(*STORIES), noted.pytest(LIVE_ALERTS, "-m", "node")
    fired = live.total("alerts")
    return Figure(
        holds=ended.ok and ended.tests.all_passed and live.well and fired >= MIN_ALERTS,
        text=f"{len(alerts.alerts())} alerts, each seen to fire and seen to be quiet, each with its runbook; "
        f"{ended.tests}; by faults of a fleet on a real node {fired} fire and clear after the remedy, with waits "
        f"{live.total('factor')} times shorter, the last after {live.total('slowest_seconds')} s; {live.ended.tests}",
    )


def every_reason_has_an_entry() -> Figure:
    """The page, the enum and the hand-written entries; then ten faults on a real node."""
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
        item="seeing.1",
        title="After the demo the queries of every panel have data in a real Prometheus that scrapes as "
        "docs/monitoring.md shows; dashboards hold nothing that Grafana's own types do not know",
        prove=panels_have_data,
        slow=True,
    ),
    Claim(
        item="seeing.2",
        title="Every alert that ships fires and is quiet again in a real Prometheus' promtool, and links to its "
        "runbook; at least eight fire in a real Prometheus by faults of a fleet on a node, and are quiet after the "
        "remedy, with their waits 60 times shorter",
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
