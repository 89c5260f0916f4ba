"""The mirror is read from apt's own files, in both of their formats."""

from pathlib import Path

import pytest

from devcluster.image import mirror
from devcluster.image.mirror import Source

OLDER_FORMAT = """\
# deb http://commented.test/debian bookworm main
deb-src http://sources.test/debian bookworm main
deb [arch=amd64 signed-by=/keys/vendor.gpg] https://vendor.test/apt tools main
deb [arch=amd64] http://mirror.test/debian bookworm main contrib # the office's
deb http://mirror.test/debian-security bookworm-security main
"""

NEWER_FORMAT = """\
Types: deb
URIs: http://switched-off.test/debian
Suites: bookworm
Components: main
Enabled: no

Types: deb-src
URIs: http://sources.test/debian
Suites: bookworm
Components: main

# Two lines of suites, and a comment within.
Types: deb deb-src
URIs: http://mirror.test/debian
# the second suite is for updates
Suites: trixie
 trixie-updates
Components: main contrib
Signed-By: /keys/debian.gpg
"""


def test_the_older_format_gives_a_source_for_each_line_of_binaries() -> None:
    assert list(mirror.one_line(OLDER_FORMAT)) == [
        Source(uri="https://vendor.test/apt", suites=("tools",), components=("main",)),
        Source(uri="http://mirror.test/debian", suites=("bookworm",), components=("main", "contrib")),
        Source(uri="http://mirror.test/debian-security", suites=("bookworm-security",), components=("main",)),
    ]


def test_the_newer_format_gives_a_source_for_each_stanza_of_binaries_that_is_on() -> None:
    assert list(mirror.stanzas(NEWER_FORMAT)) == [
        Source(
            uri="http://mirror.test/debian",
            suites=("trixie", "trixie-updates"),
            components=("main", "contrib"),
        ),
    ]


@pytest.mark.parametrize(("name", "text"), [("a.list", OLDER_FORMAT), ("debian.sources", NEWER_FORMAT)])
def test_the_mirror_is_the_first_source_with_debians_main_archive(tmp_path: Path, name: str, text: str) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / name).write_text(text)
    assert mirror.read_mirror(tmp_path) == "http://mirror.test/debian"


@pytest.mark.parametrize(
    "text",
    [
        "deb http://mirror.test/ubuntu noble main\n",
        "deb http://mirror.test/debian-security bookworm-security main\n",
        "deb http://mirror.test/debian bookworm contrib\n",
        "deb cdrom:[Debian_12]/ bookworm main\n",
        "deb mirror+file:/etc/apt/mirrors bookworm main\n",
        "",
    ],
)
def test_without_debians_main_archive_the_choice_is_debootstraps(text: str) -> None:
    assert mirror.mirror(mirror.one_line(text)) is None


def test_a_machine_without_apt_leaves_the_choice_to_debootstrap(tmp_path: Path) -> None:
    assert mirror.read_mirror(tmp_path) is None
