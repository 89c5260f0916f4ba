"""The table of published reports: newest first, each linked to its page, and what to do where there is none."""

from fairlead.console import reports_page
from fairlead.objects.published_report import PublishedReport
from tests.console.objects import FRAME
from tests.console.reading import read


def report(name: str, played_at: str, verdict: str = "fixed keeps its objectives") -> PublishedReport:
    return PublishedReport(namespace="team", name=name, verdict=verdict, played_at=played_at)


def test_the_newest_report_comes_first_and_links_to_its_page() -> None:
    found = [report("old", "2026-11-01 10:00 UTC"), report("new", "2026-11-23 10:00 UTC", "<b>none keeps it</b>")]
    page = read(reports_page.page(found, FRAME))
    links = [value for value in page.values("href") if value.startswith("./reports/")]
    assert links == ["./reports/team/new", "./reports/team/old"]
    assert "team/new 2026-11-23 10:00 UTC <b>none keeps it</b>" in page.text
    assert page.values("rel").count("noopener") == 2


def test_a_name_cannot_lead_out_of_the_console_and_rows_are_bounded() -> None:
    many = [report(f"r{number:03}", "2026-11-23 10:00 UTC") for number in range(reports_page.MOST + 5)]
    page = read(reports_page.page([*many, report("../../secret", "2026-12-01")], FRAME))
    links = [value for value in page.values("href") if value.startswith("./reports/")]
    assert (len(links), links[0]) == (reports_page.MOST, "./reports/team/..%2F..%2Fsecret")


def test_without_a_report_the_page_says_how_one_is_published() -> None:
    text = read(reports_page.page([], FRAME)).text
    assert "fairlead simulate FILES --traffic TRACE --publish NAME publishes one" in text
