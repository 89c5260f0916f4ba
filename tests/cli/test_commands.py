"""The `fairlead` command from outside: arguments, output and exit codes."""

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


def test_python_m_fairlead_is_the_same_door() -> None:
    words = [sys.executable, "-m", "fairlead", "version", "-o", "json"]
    answered = subprocess.run(words, check=True, capture_output=True, text=True)
    assert json.loads(answered.stdout)["fairlead"] == fairlead.__version__
