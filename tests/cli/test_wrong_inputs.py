"""Inputs that a careless person gives: refused by name, with a remedy, before anything is sent, printed or written."""

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from fairlead.cli import file_errors
from tests.cli.conftest import File, Run
from tests.review.table import deployment

ITEM: Final = '{"input": "1+1", "target": "2"}\n'
SIDES: Final = ("--baseline", "http://127.0.0.1:9", "--candidate", "http://127.0.0.1:9")
ENGINE: Final = ("engine", "--product", "NVIDIA-L4", "--check")
SERVE: Final = ("--", "vllm", "serve", "Qwen/Qwen3-0.6B")


Refuse = Callable[..., str]
"""Runs a command that its parser refuses, and returns the message."""


@pytest.fixture
def refused(run: Run, capsys: pytest.CaptureFixture[str]) -> Refuse:
    """Run a command that ends with code 2 before it begins."""

    def ran(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            run(*words)
        assert ended.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err

    return ran


@pytest.fixture
def items(tmp_path: Path) -> str:
    """One item of an evaluation."""
    (tmp_path / "items.jsonl").write_text(ITEM)
    return str(tmp_path / "items.jsonl")


@pytest.mark.parametrize("command", ["validate", "render", "simulate", "advise", "tune"])
def test_an_empty_name_is_no_folder(
    refused: Refuse, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chat.yaml").write_text(json.dumps(deployment()))
    assert "no file is named; write its path" in refused(command, "")


def test_a_key_that_was_named_and_is_not_set_is_missed(
    run: Run, items: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = run("evaluate", items, *SIDES, "--baseline-key-env", "OTHER_KEY")
    assert code == 2
    assert "--baseline-key-env OTHER_KEY: this variable is not set; export it, or leave --baseline-key-env out" in err
    judged = ("--scorer", "judge", "--judge", "http://127.0.0.1:9", "--judge-key-env", "JUDGE_KEY")
    assert "--judge-key-env JUDGE_KEY: this variable is not set" in run("evaluate", items, *SIDES, *judged)[2]
    assert not (tmp_path / "fairlead-evaluation").exists()


@pytest.mark.parametrize("words", [("--samples", "3"), ("--baseline", "http://x"), ("--anyway",)])
def test_a_plan_of_items_refuses_what_only_a_run_uses(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run("evaluate", "plan", *words)
    assert (code, out) == (2, "")
    assert f"{' '.join(words)}: `fairlead evaluate plan` does not use it; leave it out" in err


def test_a_run_refuses_what_only_a_plan_of_items_uses(run: Run, items: str) -> None:
    code, _, err = run("evaluate", items, *SIDES, "--difference", "5")
    assert code == 2
    assert "--difference 5: only `fairlead evaluate plan` uses it; leave it out" in err


@pytest.mark.parametrize("image", ["", "b ad:!!", "-x"])
def test_an_image_that_no_registry_has_is_not_rendered(refused: Refuse, file: File, image: str) -> None:
    words = refused("render", file(deployment()), "-o", "yaml", f"--image={image}")
    assert "no image can have this name; write REPOSITORY:TAG" in words


@pytest.mark.parametrize("words", [("--image", "mine:1"), ("--assigned-users",)])
def test_options_of_objects_are_not_passed_over_where_commands_are_printed(
    run: Run, file: File, words: tuple[str, ...]
) -> None:
    code, out, err = run("render", file(deployment()), *words)
    assert (code, out) == (2, "")
    assert err == f"fairlead render: {' '.join(words)}: only -o yaml uses it; add -o yaml, or leave it out\n"


@pytest.mark.parametrize(("text", "why"), [('{"a":', "no JSON"), ("[]", "not a model's configuration"), ("{}", "not")])
def test_a_configuration_is_read_even_if_no_object_needs_it(
    run: Run, file: File, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "config.json").write_text(text)
    given = f"other/model={tmp_path / 'config.json'}"
    code, _, err = run("validate", file(deployment()), "--config-json", given)
    assert code == 2
    assert err.startswith(f"fairlead validate: --config-json {given}: {why}")
    assert "give the model's config.json" in err


def test_a_damaged_file_does_not_command_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kept.jsonl").write_bytes(b"\x1b[31m red \x1b]0;title\x07\n")
    code, out, _ = run("replay", str(tmp_path / "kept.jsonl"))
    assert code == 1
    assert "\\x1b[31m red \\x1b]0;title\\x07" in out
    assert "\x1b" not in out
    found = json.loads(run("replay", str(tmp_path / "kept.jsonl"), "-o", "json")[1])
    assert (found["decisions"], found["broken"]) == (0, 1)


@pytest.mark.parametrize("gpus", ["0", "-1", "1000000000", "two"])
def test_an_engine_has_gpus_that_a_machine_can_have(refused: Refuse, gpus: str) -> None:
    assert f"'{gpus}': write a whole number from 1 to 1024" in refused(*ENGINE, f"--gpus={gpus}", *SERVE)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_of_step_times_that_cannot_be_read_is_named(run: Run, tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "times.yaml"
    if content is not None:
        place.write_bytes(content)
    code, _, err = run(*ENGINE, "--step-times", str(place), *SERVE)
    assert code == 2
    assert err.startswith(f"fairlead engine: {place}: ")
    assert err.endswith(("; save it as UTF-8\n", "; give a file that can be read\n"))


@pytest.mark.parametrize("cell", ["10000001", "1000000000000000"])
@pytest.mark.parametrize("column", [1, 2])
def test_a_request_longer_than_any_model_holds_is_a_typing_error(
    run: Run, tmp_path: Path, column: int, cell: str
) -> None:
    row = ["1", "100", "10"]
    row[column] = cell
    trace = tmp_path / "trace.csv"
    trace.write_text("\n".join(["seconds,prompt_tokens,output_tokens", "0,100,10", ",".join(row)]) + "\n")
    code, out, err = run("plan", "Qwen/Qwen3-0.6B", "--no-play", "--trace", str(trace), "--ttft-p95", "1s")
    assert (code, out) == (2, "")
    assert "line 3" in err
    assert "must be between 0 and 10,000,000" in err


def test_pods_that_read_items_say_what_was_wrong(run: Run, refused: Refuse, items: str, tmp_path: Path) -> None:
    assert "one of the arguments --file --hub is required" in refused("evaluator", "read")
    relay = ("evaluator", "relay", "--addresses", "x", "--kind", "foo")
    assert "'foo': no kind of engine; write one of vLLM, " in refused(*relay)
    code, _, err = run("evaluator", "copy", "--file", items, "--to", str(tmp_path / "none" / "x"))
    assert (code, err) == (1, f"{tmp_path / 'none' / 'x'}: No such file or directory; correct the path\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--max-rank", "-1"), "'-1': write a whole number from 1 to 4096"),
        (("--max-rank", "8", "--engine", "foo"), "'foo': write HOST:PORT"),
        (("--max-rank", "8", "--folder", ""), "no file is named; write its path"),
    ],
)
def test_a_loader_reads_its_arguments_before_it_asks_the_cluster(
    refused: Refuse, words: tuple[str, ...], why: str
) -> None:
    assert why in refused("loader", "--config-map", "a", "--folder", "/tmp", *words)


def test_a_loader_misses_its_folder(run: Run, tmp_path: Path) -> None:
    code, _, err = run("loader", "--config-map", "a", "--max-rank", "8", "--folder", str(tmp_path / "none"))
    assert code == 2
    assert "none: there is no such folder; mount the one that the engine shares" in err


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "a.yaml"), "a.yaml: No such file; correct the path"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "a"), "a: Is a directory; name a file in it"),
        (
            PermissionError(errno.EACCES, "Denied", "a"),
            "a: Denied; let your user read and write there, or take another",
        ),
        (OSError(errno.EIO, "Input/output error", "a"), "a: Input/output error"),
        (OSError("not a gzipped file"), "not a gzipped file"),
    ],
)
def test_a_file_is_named_with_what_to_do(problem: OSError, words: str) -> None:
    assert file_errors.sentence(problem) == words
