"""Every kind in our own image has a dialect, chosen by the first words of its command."""

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.emulator import dialects
from fairlead.emulator.command_line import InvalidCommandLine
from fairlead.emulator.dialects import DIALECTS
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.start_budget import LifecycleParameters
from fairlead.fleet.desired_state import WITHOUT_GPU, EngineKind
from tests.emulator import rendered
from tests.engines.setups import ENGINE, setup_of


@pytest.mark.parametrize("kind", sorted(WITHOUT_GPU))
def test_what_the_operator_starts_in_our_image_is_a_kind_that_can_be_emulated(kind: EngineKind, tmp_path: Path) -> None:
    engine = ENGINES[kind]
    setup = setup_of(replace(ENGINE, kind=kind, version=engine.release.version))
    serve_arguments = dialects.read(rendered.command(engine.launch(setup, LifecycleParameters()), tmp_path), {})

    assert engine.is_fairleads
    assert serve_arguments.port == engine.api.port
    assert type(dialects.of(serve_arguments).start.memory) is type(engine.memory(""))


def test_kinds_are_distinguished_by_the_start_of_their_commands() -> None:
    words = [one.words for one in DIALECTS.values()]

    assert len(set(words)) == len(words)
    assert {dialects.read([*one, "m"], {}).kind for one in words} == set(DIALECTS)


@pytest.mark.parametrize("words", [[], ["--"], ["vllm"], ["trtllm", "m"], ["sglang", "server", "m"]])
def test_an_unknown_command_is_refused_with_a_list_of_those_there_are(words: list[str]) -> None:
    each = r"must be `vllm serve MODEL \.\.\.` or `sglang serve MODEL \.\.\.` or `trtllm-serve MODEL \.\.\.`"
    with pytest.raises(InvalidCommandLine, match=each):
        dialects.read(words, {})
