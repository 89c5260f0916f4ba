"""Lines reach a file or a pipe; when they cannot, the loop is not delayed and the counter shows it."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.observability import log_writer, outputs
from fairlead.router.observability.log_writer import AccessLogWriter, DescriptorSink, LogFileSink
from fairlead.router.observability.outputs import ObservabilityOptions
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.snapshot import RouterSnapshot
from tests.router.observability.recorders import T0, Wall, answered, recorder_of, samples

TIMEOUT_S = 10.0
"""Seconds that our thread gets; it needs a thousandth."""


class Gate:
    """A sink that blocks until it is opened, like a pipe that nobody reads."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Event()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.entered.set()
        assert self.opened.wait(TIMEOUT_S)
        self.written.append(data)

    def close(self) -> None:
        self.closed = True


class Full:
    """A disk that is full for the first writes."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.written: list[bytes] = []

    def write(self, data: bytes) -> None:
        if self.times:
            self.times -= 1
            self.written.append(data[:3])
            raise OSError(28, "No space left on device")
        self.written.append(data)

    def close(self) -> None:
        pass


class CountingSink(LogFileSink):
    """A file, and how many lines each write to it had."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.lines: list[int] = []

    def write(self, data: bytes) -> None:
        self.lines.append(data.count(b"\n"))
        super().write(data)


@pytest.fixture
def gate() -> Iterator[Gate]:
    one = Gate()
    yield one
    one.opened.set()


def test_lines_go_out_once_a_second_and_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    sink = CountingSink(path)
    router = recorder_of(lines=AccessLogWriter(sink))
    answered(router, request_id="one")
    router.swept(T0 + 0.9, T0 + 0.9)
    answered(router, request_id="two")
    router.swept(T0 + 1.0, T0 + 1.0)
    answered(router, request_id="three")
    router.close(TIMEOUT_S)
    assert [json.loads(line)["request_id"] for line in path.read_text().splitlines()] == ["one", "two", "three"]
    assert sink.lines == [2, 1]
    assert samples(router)['access_lines_total{result="written"}'] == 3
    assert path.stat().st_mode & 0o777 == 0o640


def test_much_goes_out_at_once(gate: Gate) -> None:
    lines = AccessLogWriter(gate)
    for _ in range(log_writer.HAND_OVER_BYTES // 100 + 1):
        lines.take(b"x" * 99)
    assert gate.entered.wait(TIMEOUT_S)
    gate.opened.set()
    lines.close(TIMEOUT_S)
    assert sum(len(one) for one in gate.written) == 100 * lines.accepted
    assert gate.closed


def test_a_reader_that_stalls_costs_lines_and_no_time(gate: Gate) -> None:
    lines = AccessLogWriter(gate, max_waiting=1000)
    for _ in range(50):
        lines.take(b"x" * 99)
        lines.hand_over()
    assert (lines.accepted, lines.dropped) == (50, 40)
    gate.opened.set()
    lines.close(TIMEOUT_S)
    assert sum(one.count(b"\n") for one in gate.written) == 10
    assert (lines.written, lines.lost) == (10, 40)


def test_a_reader_that_never_comes_back_does_not_hold_the_end(gate: Gate) -> None:
    lines = AccessLogWriter(gate)
    lines.take(b"{}")
    lines.close(0.01)
    assert not gate.closed


def test_after_a_write_that_failed_half_way_the_next_line_begins_on_its_own() -> None:
    disk = Full(times=1)
    lines = AccessLogWriter(disk)
    for number in range(3):
        lines.take(b'{"n":%d}' % number)
        lines.hand_over()
    lines.close(TIMEOUT_S)
    assert b"".join(disk.written) == b'{"n\n{"n":1}\n{"n":2}\n'
    assert (lines.written, lines.lost) == (2, 1)


def test_a_file_that_is_moved_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    kept = LogFileSink(path)
    kept.write(b"one\n")
    path.rename(tmp_path / "access.log.1")
    kept.write(b"two\n")
    (tmp_path / "other").write_text("other\n")
    (tmp_path / "other").replace(path)
    kept.write(b"three\n")
    kept.close()
    assert (tmp_path / "access.log.1").read_text() == "one\n"
    assert path.read_text() == "other\nthree\n"


def test_a_device_stays_what_it_is() -> None:
    nowhere = LogFileSink(Path(os.devnull))
    nowhere.write(b"one\n")
    nowhere.close()
    assert Path(os.devnull).is_char_device()


def test_a_file_that_cannot_be_opened_is_an_error_at_the_start(tmp_path: Path) -> None:
    options = ObservabilityOptions(
        wall=Wall(), bits=lambda wide: wide, access_log=str(tmp_path / "missing" / "access.log")
    )
    with pytest.raises(FileNotFoundError, match=r"missing/access\.log"):
        TelemetryRecorder(outputs.open_outputs(options), RequestTelemetry(), (), T0)


def test_standard_output_is_written_to_and_left_open() -> None:
    there, here = os.pipe()
    stream = DescriptorSink(here)
    stream.write(b"one\n")
    stream.close()
    os.write(here, b"still open\n")
    assert os.read(there, 100) == b"one\nstill open\n"
    os.close(here)
    os.close(there)
    assert isinstance(log_writer.sink("-"), DescriptorSink)


def test_a_pipe_that_takes_little_gets_all_of_it() -> None:
    there, here = os.pipe()
    data = os.urandom(300_000)
    writing = threading.Thread(target=log_writer.write_all, args=(here, data), daemon=True)
    writing.start()
    taken = b""
    while len(taken) < len(data):
        taken += os.read(there, 70_000)
    writing.join(TIMEOUT_S)
    os.close(here)
    os.close(there)
    assert taken == data


def test_without_access_lines_their_counters_are_not_exposed() -> None:
    router = recorder_of()
    answered(router)
    router.swept(T0 + 2, T0 + 2)
    assert b"access_lines_total{" not in router.page(RouterSnapshot())
    router.close(0.0)
