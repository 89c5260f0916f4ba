"""`fairlead batch` for its user: a file in, answers out, a summary, and an exit code for a Job."""

import argparse
import asyncio
import gzip
import io
import json
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fairlead.batcher.batch_endpoint import BatchEndpoint
from fairlead.batcher.output_file import OutputFile
from fairlead.batching import attempt_outcomes
from fairlead.cli import batch, batch_inputs
from fairlead.cli.batch_inputs import BatchInputs
from tests.cli.conftest import Run
from tests.evaluator.pretended_endpoint import PretendedEndpoint


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendedEndpoint]:
    monkeypatch.setattr(attempt_outcomes, "FIRST_WAIT_S", 0.001)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with PretendedEndpoint() as one:
        yield one


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("".join(line(number) for number in range(60)))
    return path


@pytest.fixture
def words(tmp_path: Path, source: Path, endpoint: PretendedEndpoint) -> list[str]:
    return ["batch", str(source), "--to", endpoint.url, "--output", str(tmp_path / "out.jsonl"), "--concurrency", "4"]


def line(number: int, model: str = "chat", **changed: object) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": f"q{number}"}]}
    row = {"custom_id": f"r-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(row | changed) + "\n"


def chosen(arguments: list[str]) -> BatchInputs:
    """The inputs of a run with these arguments."""
    parser = argparse.ArgumentParser()
    batch.arguments(parser)
    return batch_inputs.read(parser.parse_args(arguments))


def answers(folder: Path) -> dict[str, Any]:
    rows = [json.loads(one) for one in (folder / "out.jsonl").read_text().splitlines()]
    assert len({one["custom_id"] for one in rows}) == len(rows)
    return {one["custom_id"]: one["response"]["body"]["choices"][0]["message"]["content"] for one in rows}


def test_a_file_is_answered_and_summed_up_in_a_table(run: Run, words: list[str], tmp_path: Path) -> None:
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert answers(tmp_path) == {f"r-{number}": f"Q{number}" for number in range(60)}
    rows = out.splitlines()
    assert [one.split()[0] for one in rows[:-2]] == [
        *("requests", "answered", "failed", "left", "retries", "prompt", "cached", "output", "duration"),
    ]
    assert {one.rpartition(" ")[0].rstrip() for one in rows[:3]} == {"requests", "answered", "failed"}
    assert len({len(one) for one in rows[:5]}) == 1
    assert rows[-1] == "Complete: all requests have ended"


def test_a_rerun_sends_nothing_that_is_answered(run: Run, words: list[str], endpoint: PretendedEndpoint) -> None:
    assert run(*words)[0] == 0
    code, out, _ = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["answered_before"], found["answered"], found["left"]) == (0, 60, 0, 0)
    assert set(endpoint.seen.values()) == {1}


def test_failures_have_a_file_and_an_exit_code_and_a_rerun_tries_them_again(
    run: Run, words: list[str], endpoint: PretendedEndpoint, tmp_path: Path
) -> None:
    endpoint.refusals = [(400, ""), (429, "0"), (422, "")]
    code, out, _ = run(*words)
    assert code == 1
    assert re.search(r"^failed +2 +\S*out\.errors\.jsonl$", out, re.MULTILINE)
    assert re.search(r"^  400 +1$", out, re.MULTILINE)
    assert re.search(r"^  429 +1$", out, re.MULTILINE)
    failed = [json.loads(one) for one in (tmp_path / "out.errors.jsonl").read_text().splitlines()]
    assert sorted(one["response"]["status_code"] for one in failed) == [400, 422]
    code, out, _ = run(*words, "-o", "json")
    found = json.loads(out)
    assert (code, found["answered_before"], found["answered"], found["errors"]) == (0, 58, 2, None)
    assert len(answers(tmp_path)) == 60
    assert not (tmp_path / "out.errors.jsonl").exists()


def test_a_file_with_problems_is_refused_whole(
    run: Run, words: list[str], source: Path, endpoint: PretendedEndpoint
) -> None:
    with source.open("a") as more:
        more.writelines([line(1), line(61, url="/v1/chat"), *(line(70 + one, method="PUT") for one in range(20))])
    code, out, err = run(*words)
    assert (code, out, endpoint.seen) == (2, "", {})
    rows = err.splitlines()
    assert len(rows) == 12
    begin = f"fairlead batch: {source}: "
    assert rows[0] == f"{begin}line 61: custom_id: r-1: a line above has it too; give each line a name of its own"
    assert rows[1].startswith(f"{begin}line 62: url: /v1/chat: no such request can be in a batch; write /v1/chat/")
    assert rows[-2:] == [
        f"{begin}and 12 more lines with a problem",
        f"{begin}nothing was sent; correct 22 lines first",
    ]


def test_an_input_without_requests_is_refused(run: Run, words: list[str], source: Path) -> None:
    """An export that failed must not end as a batch that succeeded."""
    source.write_text("\n \n")
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err == f"fairlead batch: {source}: it has 0 requests; write one a line, and check what writes this input\n"


def test_a_model_that_is_not_served_is_refused_before_anything_is_sent(
    run: Run, words: list[str], source: Path, endpoint: PretendedEndpoint
) -> None:
    source.write_text(line(1) + line(2, model="chta"))
    code, _, err = run(*words)
    assert (code, endpoint.seen) == (2, {})
    assert "line 2: body.model: chta: the address does not serve it, or not with this key; write chat\n" in err
    endpoint.models = ()  # a server without a list of models decides itself
    assert run(*words)[0] == 0


def test_a_line_that_changed_since_its_answer_is_found(run: Run, words: list[str], source: Path) -> None:
    assert run(*words)[0] == 0
    source.write_text(line(1, model="chat2"))
    code, _, err = run(*words)
    assert code == 2
    assert "line 1: custom_id: r-1: the output has its answer, and the line has changed since; write to" in err


def test_parts_of_a_file_have_errors_of_their_own(words: list[str], tmp_path: Path) -> None:
    outputs = ("a.jsonl", "a.json", "a", "a.aa", "a.ab")
    names = [chosen([*words[1:], "--output", str(tmp_path / one)]).errors.name for one in outputs]
    assert names == [*["a.errors.jsonl"] * 3, "a.aa.errors.jsonl", "a.ab.errors.jsonl"]


def test_a_signal_during_the_check_ends_it(run: Run, words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OutputFile, "read_answers", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_before_anything_is_sent_ends_the_run(
    run: Run, words: list[str], endpoint: PretendedEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def models(_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    monkeypatch.setattr(BatchEndpoint, "models", models)
    assert run(*words) == (128 + signal.SIGINT, "", "fairlead batch: SIGINT: nothing was sent\n")
    assert endpoint.seen == {}


def test_a_signal_leaves_a_state_that_the_next_run_continues(
    run: Run, words: list[str], endpoint: PretendedEndpoint, tmp_path: Path
) -> None:
    def answer(question: str) -> str:
        if question == "q20":
            os.kill(os.getpid(), signal.SIGTERM)
        return question.upper()

    endpoint.answer = answer
    code, out, err = run(*words)
    assert code == 128 + signal.SIGTERM
    assert out.splitlines()[-1] == "Interrupted: run the same command again to send what is left"
    assert not err or err.startswith("fairlead batch: SIGTERM: waiting up to 20 s for ")
    endpoint.answer = str.upper
    assert run(*words)[0] == 0
    assert len(answers(tmp_path)) == 60
    assert set(endpoint.seen.values()) == {1}


def test_at_the_end_of_its_time_a_run_stops(run: Run, words: list[str], endpoint: PretendedEndpoint) -> None:
    endpoint.refusals = [(429, "500")] * 1000
    code, out, _ = run(*words, "--until", "1s")
    assert code == 3
    assert out.splitlines()[-1] == "TimeOver: --until is reached; run the same command again to send what is left"
    assert re.search(r"^left +60$", out, re.MULTILINE)


def test_the_input_may_come_from_a_pipe_or_compressed(
    run: Run, words: list[str], source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(source.read_bytes())))
    assert run(words[0], "-", *words[2:])[0] == 0
    packed = tmp_path / "in.jsonl.gz"
    packed.write_bytes(gzip.compress(source.read_bytes()))
    code, out, _ = run(words[0], str(packed), *words[2:], "-o", "json")
    assert (code, json.loads(out)["answered_before"]) == (0, 60)


def test_the_key_comes_from_a_file_or_a_variable(
    run: Run, words: list[str], endpoint: PretendedEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.key = "secret"
    code, _, err = run(*words)
    assert code == 4
    assert "it answers 401: it wants another key; name its file with --api-key-file" in err
    (tmp_path / "key").write_text("secret\n")
    assert run(*words, "--api-key-file", str(tmp_path / "key"))[0] == 0
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    (tmp_path / "out.jsonl").unlink()
    assert run(*words)[0] == 0


def test_an_address_without_a_listener_is_named_with_what_to_check(run: Run, words: list[str]) -> None:
    code, out, err = run(*words, "--to", "http://127.0.0.1:9")
    assert (code, out) == (4, "")
    assert err == (
        "fairlead batch: --to http://127.0.0.1:9: it does not answer: Connection refused; check the address, and that "
        "a port-forward still runs\n"
    )


@pytest.mark.parametrize(
    ("more", "because"),
    [
        (["--to", "127.0.0.1:8080"], "--to 127.0.0.1:8080: not an address; write http://HOST:PORT or https://HOST"),
        (["--to", "http://[::1"], "--to http://[::1: not an address"),
        (["--to", "http://me:pw@host"], "not an address"),
        (["--concurrency", "0"], "--concurrency 0: write a number from 1 to 4096"),
        (["--until", "later"], "--until later: not a time; write 8h, 06:00 or 2026-12-01T06:00Z"),
        (["--timeout", "5"], "--timeout 5: not a time"),
        (["--time-out", "5"], "--timeout 5: not a time"),
        (["--api-key-file", "{tmp}/none"], "{tmp}/none: No such file or directory"),
        (["--api-key-file", "{tmp}/in.jsonl"], "it holds no key; write the key alone, in one line of ASCII"),
        (["--output", "{tmp}/none/out.jsonl"], "there is no such folder; create it first"),
        (["--output", "/"], "--output /: not a file; write the path of one"),
        (["--output", "/dev/null"], "--output /dev/null: it is not a regular file, and a later run could not read it"),
        (["--errors", "/dev/null"], "--errors /dev/null: it is not a regular file"),
        (["--output", "{tmp}/in.jsonl"], "--output {tmp}/in.jsonl: it is the input, which would be changed"),
        (["--errors", "{tmp}/in.jsonl"], "--errors {tmp}/in.jsonl: it is the input"),
        (["--errors", "{tmp}/out.jsonl"], "--errors {tmp}/out.jsonl: it is --output too; name another file"),
    ],
)
def test_a_wrong_argument_is_refused_with_a_right_one(
    run: Run, words: list[str], tmp_path: Path, more: list[str], because: str
) -> None:
    code, out, err = run(*words, *(one.replace("{tmp}", str(tmp_path)) for one in more))
    assert (code, out) == (2, "")
    assert err.startswith("fairlead batch: ")
    assert because.replace("{tmp}", str(tmp_path)) in err


def test_a_proxy_of_the_environment_is_used_but_not_for_a_port_forward(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    assert chosen([*words[1:], "--to", "http://chat.example"]).address.proxy == "http://proxy:3128"
    assert chosen(words[1:]).address.proxy is None


def test_a_local_time_has_the_offset_of_its_own_date(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a year from now it is another one than today's."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "Europe/Berlin")
        time.tzset()
        now, year = time.strftime("%Y-%m-%dT%H:%M"), time.localtime().tm_year
        for day, hour in ("01-15", "05"), ("07-15", "04"):
            written = next(one for one in (f"{year}-{day}T06:00", f"{year + 1}-{day}T06:00") if one > now)
            assert chosen([*words[1:], "--until", written]).until == datetime.fromisoformat(f"{written[:11]}{hour}:00Z")
    time.tzset()


def test_a_missing_input_is_named(run: Run, words: list[str], tmp_path: Path) -> None:
    code, _, err = run(words[0], str(tmp_path / "none"), *words[2:])
    assert (code, err) == (2, f"fairlead batch: {tmp_path}/none: No such file or directory; correct the path\n")


def test_an_output_that_is_linked_to_the_input_is_the_input(
    run: Run, words: list[str], tmp_path: Path, source: Path
) -> None:
    (tmp_path / "other").hardlink_to(source)
    code, _, err = run(*words, "--output", str(tmp_path / "other"))
    assert (code, "it is the input, which would be changed" in err) == (2, True)
