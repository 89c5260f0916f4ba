"""`fairlead calibrate`: from a recorded timeline or a running engine to a file that `fairlead engine` accepts."""

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fairlead.cli import calibrate_inputs
from fairlead.cli.main import main
from fairlead.cluster import package_data
from fairlead.engines.vllm.memory import CURRENT
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.timing import calibration_file, rate_shares
from fairlead.simulator.timing.provenance import Provenance, ProvenanceLevel
from fairlead.simulator.timing.rate_shares import RateShares
from fairlead.sizing.sizing_input import SizingInput

MODEL, PRODUCT = "meta-llama/Llama-3.1-8B-Instruct", "NVIDIA-H100-80GB-HBM3"
COMMAND = ("--", "vllm", "serve", MODEL, "--max-num-batched-tokens", "2048", "--num-gpu-blocks-override", "4000")
LIMITS = EngineSettings(blocks=4000, batch_tokens=2048, max_sequences=64)


def engine(reached: RateShares) -> EngineCore:
    """An engine that reaches these shares."""
    catalogue = package_data.load_catalogue()
    sizing = SizingInput(
        release=CURRENT, shape=catalogue.shapes[MODEL], accelerator=catalogue.accelerators[PRODUCT], context=8192
    )
    times = rate_shares.step_times_with_shares(
        sizing, reached, Provenance(level=ProvenanceLevel.RECORDED, source="this test")
    )
    return EngineCore(LIMITS, times, random.Random(1))  # noqa: S311  # no secret


def crowd(core: EngineCore, count: int, now: float) -> None:
    """This many requests at once."""
    for serial in range(count):
        core.add(EngineRequest(serial=serial, prompt_tokens=1200, output_tokens=600, arrived=now))


def timeline(core: EngineCore, seconds: int) -> str:
    """What a recorder writes of a crowd that arrives at once."""
    rows = ["t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct"]
    crowd(core, 40, 0.0)
    before = (0, 0)
    for second in range(1, seconds + 1):
        core.advance(second - 1.0, float(second), stopping=False)
        done = (core.counts.computed_tokens - core.counts.generation_tokens, core.counts.generation_tokens)
        read, made = max(0, done[0] - before[0]), done[1] - before[1]
        rows.append(f"{second}.0,{read},{made},{core.running},{core.waiting},{100 * core.usage}")
        before = done
    return "\n".join(rows)


@contextmanager
def serving(core: EngineCore) -> Iterator[str]:
    """Serve its metrics on a real socket, in real time, under crowds that come and go."""
    started, entries, lock = time.monotonic(), [0], threading.Lock()  # noqa: TID251  # it plays a real engine

    def page() -> str:
        now = time.monotonic() - started  # noqa: TID251  # it plays a real engine
        core.advance(now, now, stopping=False)
        if now > entries[0] * 1.2:
            crowd(core, 12, now)
            entries[0] += 1
        counts = core.counts
        firsts = counts.prompt_tokens // 1200
        figures = {
            "vllm:num_requests_running": core.running,
            "vllm:num_requests_waiting": core.waiting,
            "vllm:kv_cache_usage_perc": core.usage,
            "vllm:generation_tokens_total": counts.generation_tokens,
            "vllm:iteration_tokens_total_count": counts.steps,
            "vllm:iteration_tokens_total_sum": counts.computed_tokens + firsts,
            "vllm:time_to_first_token_seconds_count": firsts,
            "vllm:time_to_first_token_seconds_sum": 0,
        }
        capacity = 'vllm:cache_config_info{kv_cache_size_tokens="64000",block_size="16"} 1\n'
        return "".join(f"{name} {value}\n" for name, value in figures.items()) + capacity

    class Pages(BaseHTTPRequestHandler):
        """Answers every path."""

        def do_GET(self) -> None:
            """Send the current page."""
            with lock:
                body = page().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Suppress the log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_recorded_timeline_becomes_a_file_for_the_engine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded, out = tmp_path / "run" / "timeseries.csv", tmp_path / "found.json"
    recorded.parent.mkdir()
    recorded.write_text(timeline(engine(RateShares(0.7, 0.2)), 30), encoding="utf-8")
    words = ["calibrate", "--recorded", str(recorded), "--product", PRODUCT, "--out", str(out), *COMMAND]
    assert main(words) == 0
    assert capsys.readouterr().out.startswith("step times: recorded (")
    calibration = calibration_file.read(out.read_text(encoding="utf-8"))
    assert (calibration.model, calibration.product, calibration.source) == (MODEL, PRODUCT, "the recorded run run")
    assert calibration.shares.bandwidth == pytest.approx(0.7, rel=0.1)
    assert calibration.shares.arithmetic == pytest.approx(0.2, rel=0.15)


def test_a_recording_with_a_bad_row_is_refused_with_the_file_the_line_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = tmp_path / "timeseries.csv"
    recorded.write_text("prompt_throughput,gen_throughput,running,waiting,kv_cache_pct\n1,2,3,4,5\n1,2,,4,5\n", "utf-8")
    assert main(["calibrate", "--recorded", str(recorded), "--product", PRODUCT, *COMMAND]) == 2
    assert capsys.readouterr().err == (
        f"fairlead calibrate: --recorded {recorded}: line 3: running is blank, and must be a number; "
        "correct the row or leave it out\n"
    )


def test_a_running_engine_is_watched(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(engine(RateShares(0.7, 0.5))) as url:
        words = ["calibrate", "--url", url, "--seconds", "4", "--every", "0.05", "--product", PRODUCT, "-o", "json"]
        assert main([*words, *COMMAND]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["stretches"] > 10
    assert rate_shares.LOWEST < document["bandwidth"] < rate_shares.HIGHEST
    assert document["source"] == "a running engine's metrics, 4 s"


def test_an_engine_without_requests_cannot_be_calibrated(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = engine(RateShares(0.7, 0.5))
    quiet.settings = EngineSettings(blocks=4000)
    with serving(quiet) as url:
        words = ["calibrate", "--url", url, "--seconds", "1", "--every", "1", "--product", PRODUCT, *COMMAND]
        assert main(words) == 1
    assert "both are needed: watch for longer" in capsys.readouterr().err


BAD = (
    (("--url", "http://127.0.0.1:9"), "--url: no engine's metrics at http://127.0.0.1:9/metrics; give the address"),
    (("--recorded", "nowhere.csv"), "nowhere.csv"),
)


@pytest.mark.parametrize(("source", "message"), BAD)
def test_what_does_not_answer_is_named(
    source: tuple[str, str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", *source, "--seconds", "1", "--product", PRODUCT, *COMMAND]) == 2
    assert message in capsys.readouterr().err


WORDS = (
    (("--product", "H100"), COMMAND, "--product H100: not in the catalogue; near: NVIDIA-H100"),
    (("--product", PRODUCT), ("--", "vllm", "serve", "Llama-3.1-8B"), "model Llama-3.1-8B: not in the catalogue; near"),
    (("--product", PRODUCT), ("--", "vllm"), "must be `vllm serve MODEL ...`; write it after `--`"),
    (("--product", PRODUCT, "--gpus", "2"), COMMAND, "--gpus 2: the command spreads over 1; write --gpus 1"),
    (("--product", PRODUCT), ("--", "vllm", "serve", MODEL), "add --num-gpu-blocks-override N to its command"),
)


@pytest.mark.parametrize(("product", "command", "message"), WORDS)
def test_invalid_arguments_are_answered_with_valid_ones(
    product: tuple[str, ...], command: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", "--recorded", "run.csv", *product, *command]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--url", "http://127.0.0.1:9", "--every", "nan"), "--every nan: a number between 0.05 and 60"),
        (("--url", "http://127.0.0.1:9", "--every", "0"), "--every 0.0: a number between 0.05 and 60"),
        (("--url", "http://127.0.0.1:9", "--seconds", "inf"), "--seconds inf: a number between 1 and 86400"),
        (("--url", "http://127.0.0.1:9", "--seconds", "-5"), "--seconds -5.0: a number between 1 and 86400"),
        (("--url", ""), "--url : not an HTTP address; write one, such as http://10.0.0.7:8000"),
        (("--recorded", ""), "--recorded: no file; write the path of timeseries.csv"),
        (("--recorded", "x.csv", "--out", "/nowhere/x"), "--out /nowhere/x: there is no such folder; create it first"),
        (("--recorded", "x.csv", "--out", "."), "--out .: not a file; write the path of one"),
        (("--recorded", "x.csv", "--variants", "a"), "--variants: only --sweep uses it; add --sweep, or leave it out"),
    ],
)
def test_what_would_fail_after_the_measurement_is_refused_before_it(
    options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", *options, "--product", PRODUCT, *COMMAND]) == 2
    assert capsys.readouterr().err == f"fairlead calibrate: {message}\n"


def test_a_result_that_cannot_be_written_is_printed_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "timeseries.csv").write_text(timeline(engine(RateShares(0.7, 0.2)), 30), encoding="utf-8")
    words = ["calibrate", "--recorded", str(tmp_path / "timeseries.csv"), "--product", PRODUCT, "--out", "/dev/full"]
    assert main([*words, *COMMAND]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("step times: recorded (")
    assert "--out /dev/full: No space left on device" in err


def test_a_share_of_bandwidth_at_the_limit_of_what_is_tried_is_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = timeline(engine(RateShares(0.7, 0.2)), 30)
    (tmp_path / "timeseries.csv").write_text(text, encoding="utf-8")
    words = ["calibrate", "--recorded", str(tmp_path / "timeseries.csv"), "--product", "NVIDIA-L4"]
    assert main([*words, *COMMAND]) == 1
    assert "no share of bandwidth from 2% to 200% explains the times" in capsys.readouterr().err


def test_a_share_of_arithmetic_at_the_limit_of_what_is_tried_is_a_warning() -> None:
    assert calibrate_inputs.doubtful(RateShares(0.7, 0.2)) == ""
    assert calibrate_inputs.undetermined(RateShares(0.7, 2.0)) == ""
    assert "no share of arithmetic from 2% to 200%" in calibrate_inputs.doubtful(RateShares(0.7, 2.0))
