"""The command `fairlead engine`: its arguments, its help, and the process it becomes."""

import http.client
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.cli import main
from fairlead.emulator.emulation_knobs import KNOBS, PREFIX, EngineFault
from fairlead.emulator.process import ProcessEnvironment
from tests.emulator.living import free_port


def test_a_machine_without_a_termination_log_gets_none(tmp_path: Path) -> None:
    lines: list[str] = []
    environment = ProcessEnvironment(clock=lambda: 0.0, log=lines.append, termination_log=tmp_path / "absent")

    environment.last_words("gone")

    assert (lines, list(tmp_path.iterdir())) == (["gone"], [])


def test_the_help_names_every_knob_and_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["engine", "--help"])
    text = " ".join(capsys.readouterr().out.replace("-\n", "-").split())

    assert all(fault in text.replace("- ", "-") for fault in EngineFault)
    assert all(f"{PREFIX}{knob}:" in text for knob in KNOBS)


def test_the_command_reports_what_is_wrong_with_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["engine", "--product", "NVIDIA-L4", "--", "trtllm", "m"]) == 2
    words = "the engine's command: trtllm m: must be `vllm serve MODEL ...` or `sglang serve MODEL ...`"
    assert capsys.readouterr().err.startswith(f"fairlead engine: {words}")


@pytest.mark.parametrize("port", ["99999", "-1"])
@pytest.mark.parametrize("words", [("vllm", "serve", "m"), ("sglang", "serve", "m"), ("trtllm-serve", "m")])
def test_a_number_that_is_no_port_is_refused_with_the_other_arguments(
    words: tuple[str, ...], port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["engine", "--product", "NVIDIA-L4", "--", *words, f"--port={port}"]) == 2
    assert capsys.readouterr().err == (
        f"fairlead engine: --port {port}: a port is a number from 0 to 65535; write one\n"
    )


@pytest.mark.trial(15)
def test_a_flag_unknown_to_vllm_ends_the_start_with_vllms_message_and_exit_code() -> None:
    words = ["-m", "fairlead", "engine", "--product", "NVIDIA-L4", "--", "vllm", "serve", "m", "--sead", "2"]
    ran = subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path), "FAIRLEAD_ENGINE_START_SECONDS": "0"},
    )
    assert (ran.returncode, ran.stderr) == (2, "vllm: error: unrecognized arguments: --sead 2\n")


@pytest.mark.parametrize(("fault", "code"), [("", 0), ("gated", 1), ("no-model", 1), ("out-of-memory", 0)])
def test_a_check_finds_what_needs_no_gpu_and_serves_nothing(
    fault: str, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}FAULT", fault)
    assert main.main(["engine", "--check", "--product", "NVIDIA-L4", "--", "vllm", "serve", "m"]) == code
    assert (capsys.readouterr().err.startswith("INFO the configuration holds")) is (code == 0)


def test_a_file_that_is_no_calibration_is_refused_with_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "times.json").write_text("{}", encoding="utf-8")

    assert main.main(["engine", "--step-times", str(tmp_path / "times.json"), "--", "vllm", "serve", "m"]) == 2
    assert "write one with `fairlead calibrate --out FILE`" in capsys.readouterr().err


def test_the_command_itself_serves_until_sigterm() -> None:
    port = str(free_port())
    words = ["-m", "fairlead", "engine", "--product", "NVIDIA-L4", "--gpus", "1", "--"]
    vllm = ["vllm", "serve", "m", "--host", "127.0.0.1", "--port", port, "--seed", "7"]
    with subprocess.Popen(
        [sys.executable, *words, *vllm],
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path), "FAIRLEAD_ENGINE_START_SECONDS": "0"},
    ) as engine:
        assert engine.stderr is not None
        assert any("startup complete" in line for line in engine.stderr)
        engine.send_signal(signal.SIGTERM)
        assert engine.wait(5) == 0


def test_a_crash_takes_the_whole_process_with_it() -> None:
    port = str(free_port())
    words = ["-m", "fairlead", "engine", "--", "vllm", "serve", "m", "--host", "127.0.0.1", "--port", port]
    knobs = {"START_SECONDS": "0", "FAULT": "crash", "FAULT_TOKENS": "1", "TPOT_MS": "1"}
    with subprocess.Popen(
        [sys.executable, *words],
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)} | {PREFIX + knob: value for knob, value in knobs.items()},
    ) as engine:
        assert engine.stderr is not None
        assert any("startup complete" in line for line in engine.stderr)
        connection = http.client.HTTPConnection("127.0.0.1", int(port))
        connection.request("POST", "/v1/completions", '{"prompt": "x"}', {"Content-Type": "application/json"})
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            connection.getresponse()
        connection.close()
        assert engine.wait(5) == -signal.SIGKILL
