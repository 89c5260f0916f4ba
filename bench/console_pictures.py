"""`python -m bench.console_pictures`: docs/console.md's pictures, by a real Chromium; `house.chromium` installs it.

Shows the made-up deployments of the console's browser tests.
"""

import sys
from typing import Final

from yarl import URL

from house import browser, chromium
from house.tree import ROOT
from tests.conformance.made_up_console import door
from tests.conformance.test_console_in_chromium import ended, send

PICTURES: Final = (
    ("fleet", "?words=chat-0", 1280, 640, "light"),
    ("deployment", "deployments/team/chat-000", 1280, 1080, "light"),
    ("playground", "playground", 1280, 840, "light"),
    ("narrow", "", 390, 844, "dark"),
)


def main() -> int:
    """Take the screenshots."""
    program = chromium.found()
    if program is None:
        print(f"none of {', '.join(chromium.PROGRAMS)} here: python -m house.chromium", file=sys.stderr)
        return 2
    with door("good", hostile=False) as address, browser.page(program) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        for name, view, width, height, scheme in PICTURES:
            page.resize(width, height, scheme)
            page.open(f"{root}{view}")
            if name == "playground":
                send(page)
                ended(page)
            place = ROOT / "docs" / "reference" / f"console-{name}.png"
            place.write_bytes(page.picture())
            print(place.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
