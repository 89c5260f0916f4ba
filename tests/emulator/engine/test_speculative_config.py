"""Speculative decoding by vLLM's configuration: how far, how well, and the room it needs."""

from typing import Any, Final

import pytest

from fairlead.emulator.engine import speculative_config
from tests.emulator.engine.virtual import LLAMA, PACKAGED, provided

SHAPE: Final = PACKAGED.catalogue.shapes[LLAMA]


def test_without_a_configuration_nothing_is_guessed() -> None:
    drafted = speculative_config.drafting(None, SHAPE, PACKAGED.catalogue.shapes)

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
    made = speculative_config.speculation(
        document, speculative_config.drafting(document, SHAPE, PACKAGED.catalogue.shapes), (0.7,)
    )

    assert made is not None
    assert (made.tokens, made.acceptance) == (3, (0.7, 0.7, 0.7))
    assert (made.lookahead, made.draft_slots, made.rereads_page) == (lookahead, draft_slots, rereads)


def test_rates_come_from_the_configuration_itself_before_the_environment() -> None:
    document = {"method": "ngram", "num_speculative_tokens": 4, "synthetic_acceptance_rates": [0.9, 0.5]}
    made = speculative_config.speculation(
        document, speculative_config.drafting(document, SHAPE, PACKAGED.catalogue.shapes), (0.1,)
    )

    assert made is not None
    assert made.acceptance == (0.9, 0.5, 0.5, 0.5)


def test_a_draft_model_takes_memory_from_the_cache_and_ngram_none() -> None:
    plain = provided()
    ngram = provided("--spec-method", "ngram", "--spec-tokens", "3")
    draft = provided("--spec-method", "draft_model", "--spec-model", "Qwen/Qwen3-0.6B", "--spec-tokens", "3")

    assert draft.settings.blocks < ngram.settings.blocks == plain.settings.blocks
    assert (ngram.settings.late_stop, draft.settings.late_stop) == (False, True)
