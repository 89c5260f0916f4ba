"""An engine's start log: phases that add up, the memory of graphs and of sleep, and why a start failed."""

import pytest

from fairlead.engines import start_log as start_logs
from fairlead.engines.sglang import start_log as of_sglang
from fairlead.engines.start_log import LogLine
from fairlead.engines.vllm import start_log

GPU = (
    LogLine(11.0, "(EngineCore pid=7) INFO 11-22 04:20:41 [core.py:133] Initializing a V1 LLM engine (v0.32.0) with"),
    LogLine(20.0, "INFO [gpu_model_runner.py:5040] Starting to load model org/model..."),
    LogLine(31.5, "INFO [gpu_model_runner.py:5150] Model loading took 14.99 GiB memory and 11.500000 seconds"),
    LogLine(48.0, "INFO [gpu_model_runner.py:6582] Graph capturing finished in 4 secs, took 0.75 GiB"),
    LogLine(
        62.5,
        "INFO [core.py:402] init engine (profile, create kv cache, warmup model) took 31.00 s (compilation: 20.00 s)",
    ),
    LogLine(63.5, "INFO:     Application startup complete."),
)
CPU = (
    LogLine(18.0, "INFO [cpu_model_runner.py:68] Starting to load model /models/tiny..."),
    LogLine(25.0, "INFO [core.py:402] init engine (profile, create kv cache, warmup model) took 2.50 s"),
)


def test_phases_add_up_to_the_whole_start() -> None:
    start = start_log.of_start(GPU, 63.75)
    assert start.phases == {
        "import": 20.0,
        "load": 11.5,
        "compile": 20.0,
        "graphs": 4.0,
        "warmUp": 7.0,
        "serve": 1.25,
    }
    assert sum(start.phases.values()) == 63.75
    assert start.graphs_gib == 0.75


def test_a_processor_neither_compiles_nor_captures() -> None:
    start = start_log.of_start(CPU, 26.0)
    assert start.phases == {"import": 18.0, "load": 4.5, "compile": 0.0, "graphs": 0.0, "warmUp": 2.5, "serve": 1.0}
    assert start.graphs_gib is None


H100 = (
    LogLine(50.4, "(EngineCore pid=1413) INFO 11-26 12:49:09 [model_runner.py:392] Loading model from scratch..."),
    LogLine(80.4, "INFO 11-26 12:49:39 [model_runner.py:1127] Graph capturing finished in 4 secs, took 0.33 GiB"),
    LogLine(108.4, "INFO 11-26 12:50:07 [model_runner.py:1127] Graph capturing finished in 5 secs, took 0.20 GiB"),
    LogLine(
        109.4,
        "(EngineCore pid=1413) INFO 11-26 12:50:08 [core.py:395] init engine (profile, create kv cache, warmup model) "
        "took 57.26 s (compilation: 21.76 s)",
    ),
)
"""Lines of a real start on an H100, 2026-11-26, without the figures of other lines."""
NO_ROOM = (
    LogLine(31.0, "ValueError: Free memory on device cuda:0 (4.69/79.18 GiB) on startup is less than desired"),
    LogLine(
        31.2, "(APIServer pid=9) INFO [utils.py:628] [shutdown] Process manager: send sigterm to process EngineCore"
    ),
    LogLine(31.9, "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"),
)


def test_the_newer_model_runner_captures_graphs_twice_and_keeps_the_second() -> None:
    start = start_log.of_start(H100, 110.6)
    rounded = {name: round(seconds, 2) for name, seconds in start.phases.items()}
    assert rounded == {"import": 50.4, "load": 1.74, "compile": 21.76, "graphs": 9.0, "warmUp": 26.5, "serve": 1.2}
    assert start.graphs_gib == 0.20


def test_an_error_that_points_above_gives_way_to_the_one_above() -> None:
    assert start_logs.error(NO_ROOM).startswith("ValueError: Free memory on device cuda:0 (4.69/79.18 GiB)")
    assert start_logs.error(NO_ROOM[1:]).startswith("RuntimeError: Engine core initialization failed.")


@pytest.mark.parametrize("lines", [(), CPU[:1], CPU[1:]])
def test_a_log_without_these_lines_yields_no_phases(lines: tuple[LogLine, ...]) -> None:
    assert start_log.of_start(lines, 3.0).phases == {}


SGLANG = (
    LogLine(9.0, "[2026-11-26 05:00:01 TP0] Load weight begin. avail mem=78.80 GB"),
    LogLine(9.1, "[2026-11-26 05:00:01 TP1] Load weight begin. avail mem=78.80 GB"),
    LogLine(
        14.0, "[2026-11-26 05:00:06 TP0] Load weight end. elapsed=4.99 s, type=LlamaForCausalLM, mem usage=15.0 GB."
    ),
    LogLine(
        20.0, "[2026-11-26 05:00:12 TP0] Capture target decode CUDA graph end. elapsed=5.50 s, mem usage=0.75 GB, "
    ),
    LogLine(
        20.1, "[2026-11-26 05:00:12 TP1] Capture target decode CUDA graph end. elapsed=5.60 s, mem usage=0.75 GB, "
    ),
    LogLine(
        21.0, "[2026-11-26 05:00:13 TP0] Capture target prefill CUDA graph end. elapsed=0.50 s, mem usage=0.25 GB, "
    ),
    LogLine(23.0, "[2026-11-26 05:00:15] INFO:     Uvicorn running on http://127.0.0.1:30000 (Press CTRL+C to quit)"),
    LogLine(25.0, "[2026-11-26 05:00:17] The server is fired up and ready to roll!"),
)


def test_phases_of_sglang_are_those_of_its_first_rank() -> None:
    start = of_sglang.of_start(SGLANG, 25.5)
    assert start.phases == {"import": 9.0, "load": 5.0, "graphs": 6.0, "warmUp": 3.0, "serve": 2.5}
    assert sum(start.phases.values()) == 25.5
    assert start.graphs_gib == 1.0


@pytest.mark.parametrize("kept", [SGLANG[:2], SGLANG[2:], SGLANG[:6]])
def test_a_log_of_sglang_that_lacks_a_line_yields_no_phases(kept: tuple[LogLine, ...]) -> None:
    assert of_sglang.of_start(kept, 25.5).phases == {}
    assert of_sglang.of_start(SGLANG[:3], 25.5).graphs_gib is None


def test_the_last_sleep_counts() -> None:
    lines = [
        LogLine(1.0, "INFO Sleep mode freed 60.00 GiB memory, 2.00 GiB memory is still in use."),
        LogLine(2.0, "INFO Sleep mode freed 61.50 GiB memory, 1.25 GiB memory is still in use."),
    ]
    assert start_log.of_sleep(lines) == (61.5, 1.25)
    assert start_log.of_sleep(GPU) is None


WHY = (
    (
        ("Traceback (most recent call last):", "ValueError: No available memory for the cache blocks.", ""),
        "ValueError: No",
    ),
    (("vllm: error: unrecognized arguments: --odd",), "error: unrecognized arguments: --odd"),
    (
        (
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for VllmConfig",
            "  Value error, torch.float32 is not supported for quantization method fp8. [type=value_error, input=...]",
            "    where to read more",
        ),
        "Value error, torch.float32 is not supported for quantization method fp8.",
    ),
    (("INFO loading", "Killed", " "), "Killed"),
    ((), "no log output"),
)


@pytest.mark.parametrize(("texts", "why"), WHY)
def test_why_a_start_failed(texts: tuple[str, ...], why: str) -> None:
    assert start_logs.error([LogLine(0.0, text) for text in texts]).startswith(why)
    assert "[type=" not in start_logs.error([LogLine(0.0, text) for text in texts])
