"""The claim about the console: real Chromium, a real API server, and pages with hostile names."""

from typing import Final

from prove import noted, programs
from prove.claims import Claim, Figure

PAGES: Final = (
    "tests/console",
    "tests/process/test_console_server.py",
    "tests/process/test_console_reports.py",
    "tests/cli/test_console.py",
    "tests/cli/test_playground_proxy.py",
    "tests/cli/test_report_publication.py",
)
BROWSER: Final = "tests/conformance/test_console_in_chromium.py"
DEMO: Final = "tests/node/test_demo.py"
API_SERVER: Final = "tests/apiserver/test_console.py"


def shows_to_whom_kubernetes_lets_read() -> Figure:
    """Pages, then the browser, then the API server."""
    pages = programs.pytest(*PAGES)
    seen = programs.pytest(BROWSER, "-m", "conformance")
    decided = programs.pytest(API_SERVER, "-m", "apiserver")
    live = noted.pytest(DEMO)
    tried = all(one.ok and one.tests.all_passed for one in (pages, seen, decided))
    return Figure(
        holds=tried and live.well and live.total("console_views") > 0,
        text=f"pages: {pages.tests}; eleven views in Chromium at 1280 and 390 px, light and dark, with 500 "
        f"deployments in under 1 s, and a playground before a real router: {seen.tests}; 200, 401 and 403 by a real "
        f"API server, also through its proxy, where a model answers the playground: {decided.tests}; "
        f"{live.total('console_views')} pages of the demo's fleet, both widths, and its playground: {live.ended.tests}",
    )


CLAIMS: Final = (
    Claim(
        item="seeing.3",
        title="The console in real Chromium: every view at 1280 and 390 px, no console error, no external request, "
        "hostile names escaped, 500 deployments in under 1 s, 401 and 403 by Kubernetes; and on the demo's fleet as it "
        "runs, with a request of the playground",
        prove=shows_to_whom_kubernetes_lets_read,
        slow=True,
    ),
)
