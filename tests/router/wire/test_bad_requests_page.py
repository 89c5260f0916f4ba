"""The page of the documentation matches the reader."""

from house import bad_requests_page
from house.tree import ROOT


def test_the_page_of_bad_requests_is_written_anew_with_the_table() -> None:
    written = (ROOT / bad_requests_page.PAGE).read_text(encoding="utf-8")
    assert written == bad_requests_page.page(), "run `python -m house.bad_requests_page`"
