"""Speculative decoding by vLLM's configuration: how many tokens, how well, and the memory it needs."""

from typing import Any, Final

import pytest

from fairlead.emulator.engine import speculative_config
from fairlead.emulator.serve_arguments import SchedulerArguments, ServeArguments
from fairlead.fleet import draft_cost
from fairlead.sizing.sizing_input import DraftSetup
from tests.emulator.engine.virtual import LLAMA, PACKAGED, provided

SHAPE: Final = PACKAGED.catalogue.shapes[LLAMA]


def drafting(document: dict[str, Any] | None, *, on_cpu: bool = False) -> DraftSetup:
    serve_arguments = ServeArguments(model=LLAMA, names=(LLAMA,), limits=SchedulerArguments(speculation=document))
    return speculative_config.drafting(serve_arguments, SHAPE, PACKAGED.catalogue.shapes, on_cpu=on_cpu)


def test_without_a_configuration_no_token_is_drafted() -> None:
    drafted = drafting(None)

    assert drafted.tokens == 0
    assert speculative_config.speculation(None, drafted, (0.7,)) is None


@pytest.mark.parametrize(
    ("document", "lookahead", "draft_slots", "rereads"),
    [
        ({"method": "ngram"}, 0, 0, False),
        ({"method": "eagle3", "model": "x/eagle"}, 3, 0, True),
        ({"method": "deepseek_mtp"}, 3, 0, True),
        ({"method": "draft_model", "model": "Qwen/Qwen3-0.6B"}, 3, 1, False),
        ({"method": "dflash", "model": "x"}, 4, 3, False),
        ({"model": "yuhuili/EAGLE-LLaMA3"}, 3, 0, True),
        ({"model": "Qwen/Qwen3-0.6B"}, 3, 1, False),
    ],
)
def test_each_method_takes_its_room(
    document: dict[str, Any], lookahead: int, draft_slots: int, *, rereads: bool
) -> None:
    document = document | {"num_speculative_tokens": 3}
    made = speculative_config.speculation(document, drafting(document), (0.7,))

    assert made is not None
    assert (made.tokens, made.acceptance) == (3, (0.7, 0.7, 0.7))
    assert (made.lookahead, made.draft_slots, made.rereads_page) == (lookahead, draft_slots, rereads)


def test_what_a_draft_takes_of_a_step_depends_on_where_it_is_made() -> None:
    tokens = {"num_speculative_tokens": 3}
    assert drafting({"method": "ngram"} | tokens).lookup == draft_cost.BY_HOST
    assert drafting({"method": "ngram_gpu"} | tokens).lookup == draft_cost.BY_GPU
    small = {"method": "draft_model", "model": "Qwen/Qwen3-0.6B"} | tokens
    assert drafting(small).pass_s == pytest.approx(28 * draft_cost.LAYER_LAUNCH_S)
    assert drafting(small, on_cpu=True).pass_s == 0
    assert drafting({"method": "mtp"} | tokens).pass_s == 0
    head = drafting({"method": "eagle3", "model": "x/eagle"} | tokens)
    assert (head.head, head.model, head.pass_s) == (True, None, 0)


def test_rates_come_from_the_configuration_itself_before_the_environment() -> None:
    document = {"method": "ngram", "num_speculative_tokens": 4, "synthetic_acceptance_rates": [0.9, 0.5]}
    made = speculative_config.speculation(document, drafting(document), (0.1,))

    assert made is not None
    assert made.acceptance == (0.9, 0.5, 0.5, 0.5)


def test_a_draft_model_takes_memory_from_the_cache_and_ngram_none() -> None:
    plain = provided()
    ngram = provided("--spec-method", "ngram", "--spec-tokens", "3")
    draft = provided("--spec-method", "draft_model", "--spec-model", "Qwen/Qwen3-0.6B", "--spec-tokens", "3")

    assert draft.settings.blocks < ngram.settings.blocks == plain.settings.blocks
    assert (ngram.settings.late_stop, draft.settings.late_stop) == (False, True)
