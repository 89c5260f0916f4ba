"""Back-test reports that were published into the cluster: each verdict, with a link."""

from collections.abc import Sequence
from typing import Final

from fairlead.console.document import PageFrame, document
from fairlead.console.elements import element, prose, table
from fairlead.objects.published_report import PublishedReport

HEADS: Final = ("Report", "Simulated", "Verdict")
MOST: Final = 200
"""Most rows: the newest."""
POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser allows a report: its own style and script, and nothing of the console's, since anyone who may write
ConfigMaps may have written it."""
NONE: Final = (
    "No report is published in the namespaces whose ConfigMaps you may read. "
    "`fairlead simulate FILES --traffic TRACE --publish NAME` publishes one."
)


def page(reports: Sequence[PublishedReport], frame: PageFrame) -> str:
    """Build the whole page."""
    if not reports:
        return document("Back-tests", frame, element("p", prose(NONE), class_="note"))
    newest = sorted(reports, key=lambda one: (one.played_at, one.namespace, one.name), reverse=True)[:MOST]
    rows = (
        (
            element(
                "a",
                f"{one.namespace}/{one.name}",
                href=frame.link("reports", one.namespace, one.name),
                target="_blank",
                rel="noopener",
            ),
            one.played_at,
            one.verdict,
        )
        for one in newest
    )
    return document("Back-tests", frame, table(HEADS, rows, text_from=1))
