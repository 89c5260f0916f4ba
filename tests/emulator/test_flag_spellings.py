"""What vLLM's parser accepts as its flags, and its last line for what it does not."""

import pytest

from fairlead.emulator.command_line import ParserExit
from fairlead.emulator.vllm import command, flags

pytestmark = pytest.mark.trial(15)
AMBIGUOUS = "vllm serve: error: ambiguous option: "


@pytest.mark.parametrize(
    ("words", "full"),
    [
        (["--seed", "1"], ["--seed", "1"]),
        (["--max_logprobs=5"], ["--max-logprobs=5"]),
        (["--max-logp", "5"], ["--max-logprobs", "5"]),
        (["--tensor=2"], ["--tensor-parallel-size=2"]),
        (["--no-enable-log-requests", "--no-async"], ["--no-enable-log-requests", "--no-async-scheduling"]),
        (["--compilation_config.mode=3"], ["--compilation-config.mode=3"]),
        (["-cc.mode=3", "-O2", "-O", "1"], ["-cc.mode=3", "-O2", "-O", "1"]),
        (["-t", "2", "-qfp8"], ["-tp", "2", "-qfp8"]),
        (["--hf-overrides", '{"a": "--b"}', "-5", "-", "--"], ["--hf-overrides", '{"a": "--b"}', "-5", "-", "--"]),
        (["--chat-template", "--b c"], ["--chat-template", "--b c"]),
        ([], []),
    ],
)
def test_a_known_flag_is_completed_and_all_else_is_left(words: list[str], full: list[str]) -> None:
    assert flags.completed(words) == full


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (["--sead", "2", "--seed", "1", "--zzz=3"], "vllm: error: unrecognized arguments: --sead 2 --zzz=3"),
        (["--swap_space", "4"], "vllm: error: unrecognized arguments: --swap-space 4"),
        (["-tp2"], "vllm: error: unrecognized arguments: -tp2"),
        (["-p", "2"], f"{AMBIGUOUS}-p could match -pcp, -pp"),
        (["--ssl-c"], f"{AMBIGUOUS}--ssl-c could match --ssl-ca-certs, --ssl-cert-reqs, --ssl-certfile, --ssl-ciphers"),
    ],
)
def test_what_it_does_not_take_ends_with_its_last_line(words: list[str], last: str) -> None:
    with pytest.raises(ParserExit) as ended:
        command.read(["vllm", "serve", "m", *words])
    assert str(ended.value) == last
