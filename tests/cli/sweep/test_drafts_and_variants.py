"""What a sweep measures beside the command as given: drafts with a configuration, and the variants that are named."""

import json
from pathlib import Path

import pytest

from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.variant_start import VariantStart
from fairlead.fleet.sweeps import EngineVariant
from tests.cli.sweep import emulated, small_config


def test_a_draft_model_is_started_from_its_configuration(tmp_path: Path) -> None:
    target = emulated.target("--max-model-len", "256", drafts=[small_config.written(tmp_path)])
    assert target.limits.drafts == {EngineVariant.DRAFT}
    start = VariantStart(target, EngineVariant.DRAFT, tmp_path / "o.caches")
    flag, value = start.words[-2:]
    folder = tmp_path / "o.draftModel"
    assert flag == "--speculative-config"
    assert json.loads(value) == {"method": "draft_model", "model": str(folder), "num_speculative_tokens": 3}
    assert json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_hidden_layers"] == 2


def test_a_draft_of_other_tokens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SweepArgumentError, match=r"its vocabulary has 100 tokens, that of meta-llama/\S+ 128,256;"):
        emulated.target("--max-model-len", "256", drafts=[small_config.written(tmp_path, vocab_size=100)])


def test_a_draft_without_its_numbers_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "draft.json"
    place.write_text('{"model_type": "llama"}', encoding="utf-8")
    with pytest.raises(SweepArgumentError, match=r"^--draft-config-json: .*; give the draft model's own"):
        emulated.target("--max-model-len", "256", drafts=[str(place)])


def test_drafts_of_sglang_are_not_measured(tmp_path: Path) -> None:
    with pytest.raises(SweepArgumentError, match="--draft-config-json: drafts of SGLang are not measured"):
        emulated.target("--context-length", "256", engine="sglang", drafts=[small_config.written(tmp_path)])


def head(tmp_path: Path) -> str:
    return small_config.written(tmp_path, "head.json", num_hidden_layers=1, architectures=["LlamaForCausalLMEagle3"])


def test_an_eagle3_head_is_recognized_by_its_architecture(tmp_path: Path) -> None:
    target = emulated.target("--max-model-len", "256", drafts=[small_config.written(tmp_path), head(tmp_path)])
    assert target.limits.drafts == {EngineVariant.DRAFT, EngineVariant.EAGLE3}
    start = VariantStart(target, EngineVariant.EAGLE3, tmp_path / "o.caches")
    value = json.loads(start.words[-1])
    assert value == {"method": "eagle3", "model": str(tmp_path / "o.eagle3"), "num_speculative_tokens": 3}


def test_a_second_draft_of_the_same_kind_is_refused(tmp_path: Path) -> None:
    second = small_config.written(tmp_path, "second.json")
    with pytest.raises(SweepArgumentError, match=r"second\.json: a second draftModel; give one of each kind"):
        emulated.target("--max-model-len", "256", drafts=[small_config.written(tmp_path), second])


def test_only_named_variants_are_chosen(tmp_path: Path) -> None:
    target = emulated.target("--max-model-len", "256", drafts=[head(tmp_path)], variants="asGiven, eagle3")
    assert target.limits.chosen == {EngineVariant.AS_GIVEN, EngineVariant.EAGLE3}


@pytest.mark.parametrize(
    ("variants", "problem"),
    [
        ("asGiven,int8", "--variants int8: unknown; write some of asGiven, ngram, "),
        ("", "--variants : unknown"),
        ("eagle3", "--variants eagle3: give its config.json by --draft-config-json"),
    ],
)
def test_variants_that_cannot_be_measured_are_refused(variants: str, problem: str) -> None:
    with pytest.raises(SweepArgumentError, match=f"^{problem}"):
        emulated.target("--max-model-len", "256", variants=variants)
