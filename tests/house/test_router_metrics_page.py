from house import router_metrics_page
from house.tree import ROOT


def test_the_committed_page_is_the_one_the_code_makes() -> None:
    committed = (ROOT / router_metrics_page.PAGE).read_text(encoding="utf-8")
    assert committed == router_metrics_page.page(), "run `python -m house.router_metrics_page`"
