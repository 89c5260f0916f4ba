"""The `fairlead` command from outside: arguments, output and exit codes."""

import argparse
import json
import platform
import re
import subprocess
import sys

import pytest

import fairlead
from fairlead.cli import main, version


def test_without_arguments_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main([]) == 0

    out = capsys.readouterr().out
    assert all(name in out for name in main.COMMANDS)


def test_a_misspelt_command_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["versoin"]) == 2

    captured = capsys.readouterr()
    assert captured.err == "fairlead: there is no command 'versoin'; did you mean `fairlead version`?\n"
    assert captured.out == ""


def test_a_word_like_no_command_gets_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["banana"]) == 2
    assert f"commands: {', '.join(main.COMMANDS)}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--nope",), ("--nope", "plan"), ("-x", "validate", "fleet.yaml")])
def test_an_unknown_option_before_the_command_is_named(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(words)
    assert ended.value.code == 2
    assert f"unrecognized arguments: {words[0]}; a command comes first" in capsys.readouterr().err


def test_an_unknown_option_is_refused_with_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main.main(["version", "--colour"])

    assert stopped.value.code == 2
    assert "unrecognized arguments: --colour; `fairlead version --help` lists its options" in capsys.readouterr().err


def test_an_engine_flag_without_the_separator_is_answered_with_the_usage_that_has_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main.main(["engine", "--model=Qwen/Qwen3-8B"])
    assert "comes after `--`: fairlead engine --product NVIDIA-L4 -- vllm serve MODEL" in capsys.readouterr().err


@pytest.mark.parametrize("command", main.IN_CLUSTER)
def test_a_flag_of_a_cluster_process_is_written_in_full(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The chart refuses extra flags that its values set, by their names."""
    with pytest.raises(SystemExit, match="2"):
        main.main([command, "--namespace=team-b"])
    assert "unrecognized arguments: --namespace=team-b" in capsys.readouterr().err


def test_version_as_text_is_one_aligned_line_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["version"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["fairlead", "python", *version.STANDS_ON]
    starts = {re.search(r"\s+(?=\S+$)", line) for line in lines}
    assert len({start.end() for start in starts if start}) == 1


def test_version_as_json_is_one_object_that_a_script_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["version", "-o", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["fairlead"] == fairlead.__version__
    assert document["python"] == platform.python_version()
    assert set(document) == {"fairlead", "python", *version.STANDS_ON}


def test_the_option_that_other_programs_have_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main.main(["--version"])
    assert capsys.readouterr().out == f"fairlead {fairlead.__version__}\n"


def test_python_m_fairlead_is_the_same_door() -> None:
    words = [sys.executable, "-m", "fairlead", "version", "-o", "json"]
    answered = subprocess.run(words, check=True, capture_output=True, text=True)
    assert json.loads(answered.stdout)["fairlead"] == fairlead.__version__


@pytest.mark.parametrize("port", ["99999", "-1", "http", "9" * 5000])
@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["router", "--config", "x"], "--port"),
        (["router", "--config", "x"], "--metrics-port"),
        (["router", "--config", "x"], "--peer-port"),
        (["console"], "--port"),
        (["operator"], "--health-port"),
        (["operator"], "--webhook-port"),
        (["autoscaler"], "--metrics-port"),
    ],
)
def test_no_other_port_is_opened_than_the_one_written(
    words: list[str], option: str, port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main([*words, f"{option}={port}"])
    assert f"argument {option}: {port[:40]}: write a port, at most 65535" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "often"])
@pytest.mark.parametrize("command", ["top", "explain"])
def test_a_refresh_without_a_pause_is_refused(command: str, seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main([command, f"--every={seconds}"])
    assert f"argument --every: {seconds}: write seconds from 0.1 to 3600" in capsys.readouterr().err


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "601"])
@pytest.mark.parametrize("command", ["operator", "controller", "autoscaler"])
def test_a_lease_that_ends_at_once_or_never_is_refused(
    command: str, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main([command, f"--lease-seconds={seconds}"])
    assert f"argument --lease-seconds: {seconds}: between 1 and 600 seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["why", "-n", "a/b"],
        ["top", "-n", "a/b"],
        ["top", "--operator-namespace", "a/b"],
        ["explain", "chat", "--operator-namespace", "a/b"],
        ["explain", "chat", "-n", "a/b"],
        ["console", "--operator-namespace", "a/b"],
        ["rollout", "status", "chat", "-n", "a/b"],
    ],
)
def test_a_word_that_is_no_namespace_is_a_wrong_argument(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main(words)
    assert "namespace: 'a/b': no namespace can have this name; write at most 63" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["operator", "controller", "autoscaler"])
def test_an_unknown_log_level_is_a_wrong_argument(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main.main([command, "--log-level", "foo"])
    assert "argument --log-level: invalid choice: 'FOO' (choose from 'DEBUG', 'INFO'" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "default"), [("batch", "13h"), ("evaluate", "10m")])
def test_help_shows_the_limit_of_a_request_as_other_programs_spell_it_and_not_the_old_spelling(
    command: str, default: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main.main([command, "--help"])
    shown = capsys.readouterr().out
    assert "--timeout DURATION" in shown
    assert f"({default})" in shown
    assert "time-out" not in shown


@pytest.mark.parametrize("command", main.COMMANDS)
def test_a_value_in_parentheses_at_the_end_of_a_help_text_is_the_default(command: str) -> None:
    """Examples stood there too: `--since (30m)` and `--budget (4.50)`, though neither limits anything by default."""
    parser = argparse.ArgumentParser()
    main.COMMANDS[command][1](parser)
    actions = parser._actions  # noqa: SLF001 - argparse lists a parser's options nowhere else
    options = [one for one in actions if one.option_strings and one.help not in {None, argparse.SUPPRESS}]
    shown = [(one, re.search(r"\(([0-9][^ ,()]*)\)$", one.help or "")) for one in options]
    written = {one.dest: found[1] for one, found in shown if found is not None}
    defaults = {one.dest: _as_written(one.default) for one in options if one.dest in written}
    assert written == defaults


def _as_written(default: object) -> str:
    """A number as a help text has it; none is 0."""
    if default is None:
        return "0"
    return f"{default:g}" if isinstance(default, float) else str(default)
