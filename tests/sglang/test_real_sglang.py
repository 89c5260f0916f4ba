"""SGLang's own parser and checks beside ours: it accepts what we render, and refuses what it notices of the rest."""

from typing import Final

import pytest

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang.parser_flags import LONG
from fairlead.engines.start_budget import LifecycleParameters
from tests.engines.sglang import test_sglang_on_cpu as processors
from tests.engines.sglang.inputs import SGLANG
from tests.engines.sglang.refused_extras import ALLOWED, EXTRAS
from tests.engines.sglang.refused_fields import CANNOT
from tests.engines.sglang.refused_numbers import WRONG
from tests.node.serving.claims import Record
from tests.sglang import verdicts

PACE: Final = LifecycleParameters()
RENDERED: Final[dict[str, EngineSetup]] = {
    **{f"{what} on a processor": setup for what, setup in processors.ALLOWED.items()},
    **ALLOWED,
}
REFUSED: Final[dict[str, EngineSetup]] = {
    what: setup for table in (CANNOT, WRONG, EXTRAS) for what, (setup, *_) in table.items()
}
CONFIRMED: Final = {
    "a colon in a name means an adapter": "colon",
    "no drafts across stages": "Pipeline parallelism currently only supports EAGLE",
    "a context beyond the model": "is greater than the derived context_length",
    "vLLM's name of a parser": "invalid choice: 'llama3_json'",
    "a name that is like no parser's": "invalid choice: 'zzzz'",
    "a flag that it does not know": "unrecognized arguments: --enable-prefix-caching",
    "underscores, which its parser does not take": "unrecognized arguments: --random_seed=7",
    "two dashes and no flag": "unrecognized arguments: --",
    "a flag that is like none": "unrecognized arguments: -zzzz",
    "attention ranks that do not divide the GPUs": "AssertionError",
    "fewer attention ranks than one, abbreviated": "must be positive",
    "attention ranks and copies": "are not supported",
    "attention ranks and ngram": "does not support dp attention",
    "prompts in pieces that are no whole pages": "chunked_prefill_size must be divisible by page_size",
}
"""Those of our refusals that SGLang itself detects with a tiny Llama before it loads it, and its words."""
OUT_OF_REACH: Final = {
    "a cache in four bits on Blackwell": "attention on a processor has no such cache",
    "the model's own layers": "it opens the hub",
    "a draft for the model's own layers": "it opens the draft",
    "a draft whose vocabulary nobody knows": "it opens the draft",
    "a draft of the same vocabulary": "it opens the draft",
    "experts over one": "its page size is no number, which only a parser can say",
    "a longer context, on demand": "the variable that demands it is not set here",
    "a parser that only an image of one's own has": "this one is the release's",
}
"""What we accept and it refuses here, each with the reason."""


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    """All command lines in one run: its imports take longer than its checks."""
    setups = {**RENDERED, **REFUSED}
    return dict(zip(setups, verdicts.of([SGLANG.launch(one, PACE).command for one in setups.values()]), strict=True))


@pytest.mark.parametrize("what", sorted(set(RENDERED) - set(OUT_OF_REACH)))
def test_sglang_takes_what_we_render(what: str, answers: dict[str, str]) -> None:
    assert answers[what] == verdicts.TAKEN


@pytest.mark.parametrize("what", sorted(OUT_OF_REACH))
def test_what_cannot_be_checked_here_is_named_with_its_reason(what: str, answers: dict[str, str]) -> None:
    assert answers[what] != verdicts.TAKEN, "it can be asked after all: take it off the list"


@pytest.mark.parametrize("what", sorted(CONFIRMED))
def test_what_it_notices_itself_it_says(what: str, answers: dict[str, str]) -> None:
    assert CONFIRMED[what] in answers[what]


def test_at_least_thirty_specs_were_checked(answers: dict[str, str], record_property: Record) -> None:
    """Most refusals are of starts that pass its checks and then end, hang, or serve something else than requested."""
    record_property("specs", len(answers))
    record_property("refusals_confirmed", len(CONFIRMED))
    assert CONFIRMED.keys() <= REFUSED.keys()
    assert OUT_OF_REACH.keys() <= RENDERED.keys()
    assert len(answers) >= 30


def test_the_flags_we_know_are_those_its_parser_knows() -> None:
    """One flag belongs to the command before the parser, `sglang serve`."""
    assert set(LONG) - {"model-type"} == {flag[2:] for flag in verdicts.flags() if flag.startswith("--")}
