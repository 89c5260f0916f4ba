"""The report as text: its parts in order, and that no file name becomes markup."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.cli.main import main
from fairlead.cli.report import page
from tests.cli.report.reported import comparison, row, with_changes


def test_the_verdict_comes_first_and_what_it_rests_on_last() -> None:
    text = page.html(comparison(row("chat"), replace(row("other"), least=None)))

    heads = re.findall(r"<h2>(.*?)</h2>", text)
    assert heads == [
        *("Candidates", "Cost against the least possible", "Replicas and demand", "Latencies", "Decisions"),
        *("Assumptions and errors", "Play it again"),
    ]
    verdict = text.index("✓ chat keeps its objectives for 100.0% of requests at")
    assert verdict < text.index("<h2>")
    assert "USD, the cheapest of 2 that do" in text
    assert "step times: a story&#x27;s" in text
    assert "fairlead simulate fleet.yaml --traffic day.csv" in text


def test_where_none_keeps_its_objectives_the_nearest_is_named_and_nothing_claims_to_be_well() -> None:
    text = page.html(comparison(row("chat", first_s=0.001), replace(row("hpa"), compared=True)))

    assert "✗ No candidate keeps its objectives; chat comes nearest with" in text
    assert "within 0.001 s" in text
    assert "chat keeps" not in text
    assert '<tr class="compared"><th scope="row">hpa</th>' in text


def test_what_keeps_its_objectives_at_too_high_a_price_is_no_answer() -> None:
    dear = replace(row("chat"), budget=0.01)
    text = page.html(comparison(dear, replace(row("hpa"), compared=True)))

    assert "✗ No candidate keeps its objectives within the budget; chat: judged by first token within" in text
    assert f"{dear.usd_an_hour:.2f} USD an hour, over the budget of 0.01" in text
    assert "✓ chat" not in text.partition("<h2>")[0]


def test_without_prices_the_cheapest_has_the_fewest_gpu_hours() -> None:
    whole = row("chat")
    free = replace(whole, runs=tuple(replace(one, cost=None) for one in whole.runs), least=None)
    text = page.html(comparison(free))

    assert f"✓ chat keeps its objectives for 100.0% of requests at {free.gpu_hours.mean:.2f} GPU hours." in text


@pytest.mark.parametrize("budget", [None, 0.01])
def test_gpu_hours_of_a_candidate_without_a_price_are_not_compared_with_the_usd_of_another(
    budget: float | None,
) -> None:
    """Its fewer GPU hours are a smaller number than the USD."""
    priced = replace(row("chat"), budget=budget)
    free = replace(priced, name="free", runs=tuple(replace(one, cost=None) for one in priced.runs))
    (cost,) = (one.cost for one in priced.runs)
    assert cost is not None
    assert free.gpu_hours.mean < cost

    words = page.verdict(comparison(free, priced)).words
    if budget is None:
        assert words.startswith(f"chat keeps its objectives for 100.0% of requests at {cost:.2f} USD (2 do, 1 of them")
        assert "without a price: give --products to compare)" in words
        assert "cheapest" not in words
    else:
        assert "within the budget; chat: " in words


def test_the_assumptions_say_whether_the_routers_queue_was_played() -> None:
    assumed = page.html(comparison(row("chat"))).partition("Assumptions and errors")[2]
    assert "<li>Requests wait in routers only while no replica is ready.</li>" in assumed
    assert "<li>The autoscaler decides every 5 s instead of every second.</li>" in assumed

    assumed = page.html(comparison(row("chat"), queued=True)).partition("Assumptions and errors")[2]
    assert "only while no replica is ready" not in assumed
    assert "every 5 s instead" not in assumed
    assert (
        "<li>Requests wait in the routers&#x27; queue, simulated as that of one router, and the autoscaler" in assumed
    )
    assert "<li>With router=off the autoscaler decides every 5 s; others decide as often as" in assumed


@pytest.mark.parametrize("queue", [(), ("--queue",)])
def test_a_report_with_the_queue_says_what_the_output_says(files: Path, queue: tuple[str, ...]) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m", *queue]
    main([*words, "--html", str(files / "report.html")])
    text = (files / "report.html").read_text()
    assert ("queue is simulated too" in text) == bool(queue)
    assert ("only while no replica is ready" in text) == (not queue)


def test_an_interrupted_comparison_says_who_is_missing() -> None:
    assert "Interrupted: slow was not simulated, or not as often as the others." in page.html(
        comparison(row("chat"), missing=("slow",))
    )
    nothing = page.html(comparison(missing=("chat",)))
    assert "✗ Nothing was simulated to its end." in nothing
    assert re.findall(r"<h2>(.*?)</h2>", nothing) == ["Assumptions and errors", "Play it again"]


def test_every_change_is_listed_with_its_reason_up_to_five_hundred() -> None:
    text = page.html(comparison(with_changes(row("chat"), 3)))
    assert "chat: 3 changes of the number of replicas" in text
    assert text.count("more came") == 3
    assert "TokenDemand" in text

    many = page.html(comparison(with_changes(row("chat"), 501), with_changes(row("calm"), 0)))
    assert many.count("more came") == 500
    assert "The first 500 of 501; -o json has all." in many
    assert "<p>calm: 0 changes of the number of replicas</p>" in many


def test_of_several_runs_the_page_says_which_one_is_drawn() -> None:
    once = row("chat")
    twice = replace(once, runs=once.runs * 2)
    assert page.html(comparison(twice)).count("Of 2 runs, the first one.") == 2


def test_no_name_becomes_markup_and_nothing_may_be_fetched() -> None:
    name = "</script><img src=x onerror=alert(1)>"
    text = page.html(comparison(with_changes(row(name), 1)))

    assert "<img" not in text
    assert text.count("</script>") == 2, "the script's own end, and that of its figures"
    assert "default-src 'none'" in text
    assert re.findall(r"""(?:href|src)=["'](.*?)["']""", text) == ["data:,"]
    held = re.search(r'<script type="application/json" id="series">(.*?)</script>', text)
    assert held is not None
    assert json.loads(held[1])["fleets"][0]["name"] == name


def test_the_command_writes_it_beside_what_it_prints(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "2m"]
    assert main([*words, "--html", str(files / "report.html")]) == 0
    shown = capsys.readouterr()
    assert f"the report is in {files / 'report.html'}" in shown.err
    text = (files / "report.html").read_text()
    assert f"--html {files / 'report.html'}" in text
    assert "fixed: 100.0% SLO met" in text


def test_a_report_that_cannot_be_written_is_refused_before_the_simulation_where_that_can_be_checked(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(files / "fleet"), "--traffic", str(files / "steady.csv"), "--until", "1m", "--html"]
    assert main([*words, "/nowhere/report.html"]) == 2
    assert "--html /nowhere/report.html: there is no such folder; create it first" in capsys.readouterr().err

    assert main([*words, str(files)]) == 2
    assert f"--html {files}: not a file; write the path of one" in capsys.readouterr().err
