"""An OpenAI batch file as traffic: all at once, which lasts until the last answer, or spread over a window."""

import json
from pathlib import Path

import pytest

from fairlead.cli.main import main


@pytest.fixture
def batch(files: Path) -> Path:
    """Four hundred requests, a quarter of them without a limit for the reply."""
    path = files / "batch.jsonl"
    with path.open("w") as lines:
        for number in range(400):
            body = {"messages": [{"role": "user", "content": f"{number} " + "word " * 600}]}
            limit = {"max_tokens": 300} if number % 4 else {}
            row = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body | limit}
            lines.write(json.dumps(row) + "\n")
    return path


def played(files: Path, batch: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["simulate", str(files / "fleet"), "--traffic", str(batch), *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_what_comes_at_once_is_played_and_paid_for_until_its_last_answer(
    files: Path, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = played(files, batch, capsys, "--ttft-p95", "1h", "--tpot-p95", "10s", "-o", "json")
    found = json.loads(out)
    assert code == 0
    assert found["traffic"].endswith(
        "; all at once; tokens by four bytes each, replies as long as they may be (100 without a limit: 256)"
    )
    for one in found["candidates"]:
        (run,) = one["runs"]
        report = run["report"]
        assert (report["arrived"], report["answered"]) == (400, 400)
        assert report["e2e"]["most"] == pytest.approx(report["seconds"])
        assert report["gpu_hours"] >= report["seconds"] / 3600


def test_what_comes_at_once_waits_in_no_router_since_the_runner_of_a_batch_holds_it_back(
    files: Path, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A routers' queue that may hold eight refuses the rest for good, and the runner would send it again."""
    text = (files / "fleet" / "candidates.yaml").read_text()
    limited = text.replace("  replicas: 2", "  replicas: 2\n  router: {limits: {maxQueued: 8}}")
    assert limited != text
    (files / "fleet" / "candidates.yaml").write_text(limited)
    words = ("--ttft-p95", "1h", "--tpot-p95", "10s")
    code, out, err = played(files, batch, capsys, *words, "--queue", "-o", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["traffic"].endswith(
        "; without the routers' queue, which refuses requests that a batch runner would hold back"
    )
    assert [one["runs"][0]["report"]["answered"] for one in found["candidates"]] == [400, 400]
    assert [one["leastGpuHours"] for one in found["candidates"]] == [None, None], "it has no regret"

    assert played(files, batch, capsys, *words)[1].splitlines()[0] == (
        "batch.jsonl: 400 requests, 753 prompt and 289 output tokens each; all at once; tokens by four bytes each, "
        "replies as long as they may be (100 without a limit: 256)"
    )


def test_a_window_spreads_it_evenly(files: Path, batch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = played(files, batch, capsys, "--window", "20m", "--html", str(files / "report.html"))
    assert code == 0
    assert out.startswith("batch.jsonl: 400 requests in 19.9 min, 0.33 a second on average")
    assert "; evenly over 20 min; " in out
    assert (files / "report.html").exists()


@pytest.mark.parametrize("word", ["--html", "--sample"])
def test_an_option_that_needs_arrivals_over_time_requires_a_window(
    files: Path, batch: Path, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = str(files / "report.html") if word == "--html" else "2"
    code, _, err = played(files, batch, capsys, word, value)
    assert code == 2
    assert f"{word}: all requests of batch.jsonl come at once" in err
    assert "--window 1h" in err


def test_a_policy_is_not_searched_on_one_moment(files: Path, batch: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = (files / "fleet" / "candidates.yaml").read_text().split("---")
    (files / "scaled.yaml").write_text("---".join(one for one in documents if "name: fixed" not in one))
    assert main(["tune", str(files / "scaled.yaml"), "--traffic", str(batch)]) == 2
    assert "all requests of this batch come at once" in capsys.readouterr().err


def test_a_line_that_is_no_request_of_a_batch_is_named(
    files: Path, batch: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with batch.open("a") as lines:
        lines.write('{"custom_id": "late", "method": "POST", "url": "/v1/embeddings", "body": {}}\n')
    code, _, err = played(files, batch, capsys)
    assert code == 2
    assert "batch.jsonl: line 401: url is /v1/embeddings, and one of " in err
