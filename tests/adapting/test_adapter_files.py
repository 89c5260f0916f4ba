"""An adapter is two files: its facts are read from them alone, and its digest is what coreutils compute."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from annotated_types import Le

from fairlead.adapting import adapter_check, adapter_files
from fairlead.adapting.adapter_check import AdapterExpectation
from fairlead.adapting.adapter_files import AdapterFacts, UnreadableAdapter
from fairlead.api.engine import Lora
from fairlead.fleet.adapters import AdapterReason
from fairlead.loader import staging_folder
from tests.adapting.adapters import BASE, config, header, weights, written

FITS = AdapterExpectation(max_rank=16, bases=(BASE,), hidden=16, layers=2)


def test_its_files_say_what_it_was_trained_on_and_what_it_changes() -> None:
    assert adapter_files.facts(config(), header()) == AdapterFacts(
        base=BASE, rank=8, modules=frozenset({"q_proj"}), layers=2, inputs={"q_proj": frozenset({16})}, beyond=()
    )


def test_the_rank_is_the_highest_that_any_file_names() -> None:
    assert adapter_files.facts(config(r=4), header(rank=8)).rank == 8
    assert adapter_files.facts(config(rank_pattern={"q_proj": 64, "v_proj": "many"}), header()).rank == 64


def test_the_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    folder = written(tmp_path / "sql")
    (folder / "README.md").write_text("is not loaded")
    tool = shutil.which("sha256sum")
    assert tool is not None
    words = f"{tool} {adapter_files.CONFIG} {adapter_files.WEIGHTS} | {tool}"
    printed = subprocess.run(["/bin/sh", "-c", words], cwd=folder, capture_output=True, check=True, text=True).stdout

    assert staging_folder.digest_of(folder) == f"sha256:{printed.split()[0]}"


def test_a_file_that_is_there_and_cannot_be_read_is_not_called_absent(tmp_path: Path) -> None:
    """`fairlead digest` of a folder without the right to read it sent people to look for a file that they saw."""
    folder = written(tmp_path / "sql")
    (folder / adapter_files.CONFIG).unlink()
    with pytest.raises(UnreadableAdapter, match=r"^adapter_config\.json: it cannot be read \(No such file or"):
        staging_folder.facts_of(folder)
    (folder / adapter_files.CONFIG).symlink_to(folder / adapter_files.CONFIG)
    with pytest.raises(UnreadableAdapter, match=r"^adapter_config\.json: it cannot be read \(Too many levels of"):
        staging_folder.facts_of(folder)


@pytest.mark.parametrize(
    ("text", "listed", "words"),
    [
        (b"{", header(), "adapter_config.json: it cannot be read as JSON"),
        (b"[]", header(), "adapter_config.json: it cannot be read as JSON"),
        (config(), b"[" * 90_000, "adapter_model.safetensors: it cannot be read as JSON"),
        (config(), b'{"a": {"shape": []}}', "adapter_model.safetensors: tensor a has no shape"),
        (config(), b'{"a": {"shape": [1.5]}}', "adapter_model.safetensors: tensor a has no shape"),
        (config(), b'{"a": 3}', "adapter_model.safetensors: tensor a has no shape"),
        (config(), b'{"a": {"shape": [1]}}', "adapter_model.safetensors: it contains no LoRA matrices"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_named(text: bytes, listed: bytes, words: str) -> None:
    with pytest.raises(UnreadableAdapter) as refused:
        adapter_files.facts(text, listed)
    assert words in str(refused.value)


@pytest.mark.parametrize("first", [b"", b"\0" * 8, b"\xff" * 8, b"PK\3\4"])
def test_a_checkpoint_of_another_form_is_none(first: bytes) -> None:
    with pytest.raises(UnreadableAdapter, match="not a safetensors file"):
        adapter_files.header_length(first)


def test_the_header_length_is_read_from_the_first_eight_bytes() -> None:
    assert adapter_files.header_length(weights(header())[:8]) == len(header())


def test_an_adapter_of_this_model_has_no_problem() -> None:
    assert adapter_check.problem(adapter_files.facts(config(), header()), FITS) is None
    anything = AdapterExpectation(max_rank=512)
    assert adapter_check.problem(adapter_files.facts(config(base_model_name_or_path="x"), header()), anything) is None
    nameless = adapter_files.facts(config(base_model_name_or_path=None), header())
    assert adapter_check.problem(nameless, FITS) is None


@pytest.mark.parametrize(
    ("text", "listed", "reason", "words"),
    [
        (config(base_model_name_or_path="acme/large"), header(), AdapterReason.OTHER_BASE, "acme/large, and this "),
        (config(), header(layers=3), AdapterReason.OTHER_BASE, "it changes layer 2, and the model has 2 layers"),
        (config(), header(hidden=32), AdapterReason.OTHER_BASE, "its q_proj takes 32 inputs, and the model has 16"),
        (config(r=64), header(rank=64), AdapterReason.RANK_TOO_HIGH, "its rank is 64, and the slots have room for 16"),
        (config(modules_to_save=["lm_head"]), header(), AdapterReason.MODULES_REFUSED, "modules_to_save"),
        (config(use_dora=True), header(), AdapterReason.MODULES_REFUSED, "use_dora"),
        (config(bias="all"), header(), AdapterReason.MODULES_REFUSED, "bias all"),
        (config(trainable_token_indices=[1]), header(), AdapterReason.MODULES_REFUSED, "trainable_token_indices"),
        (config(peft_type="IA3"), header(), AdapterReason.MODULES_REFUSED, "peft_type IA3"),
        (config(), header(**{"lm_head.weight": [9, 9]}), AdapterReason.MODULES_REFUSED, "tensor lm_head.weight"),
    ],
)
def test_what_does_not_go_with_the_model_is_refused_with_both_numbers(
    text: bytes, listed: bytes, reason: AdapterReason, words: str
) -> None:
    problem = adapter_check.problem(adapter_files.facts(text, listed), FITS)
    assert problem is not None
    assert problem.reason is reason
    assert words in problem.message


def test_the_part_of_a_model_that_sees_may_have_another_size_and_more_layers() -> None:
    """PEFT's target_modules q_proj finds matrices of this name in both parts of Gemma 3."""
    language, tower = (
        "base_model.model.model.language_model",
        "base_model.model.model.vision_tower.vision_model.encoder",
    )
    both = {
        f"{stem}.layers.{layer}.self_attn.q_proj.lora_{side}.weight": {"shape": [8, size]}
        for stem, size, layers in ((language, 16, 2), (tower, 9, 27))
        for layer in range(layers)
        for side in "AB"
    }
    facts = adapter_files.facts(config(), json.dumps(both).encode())
    assert (facts.inputs, facts.layers) == ({"q_proj": frozenset({16, 9})}, 2)
    assert adapter_check.problem(facts, FITS) is None
    other = adapter_check.problem(facts, replace(FITS, hidden=32))
    assert other is not None
    assert "its q_proj takes 16 inputs, and the model has 32" in other.message


def test_a_matrix_of_one_dimension_has_no_inputs() -> None:
    listed = json.dumps({"layers.0.q_proj.lora_A.weight": {"shape": [8]}}).encode()
    assert adapter_files.facts(config(), listed).inputs == {}


LAYER = "base_model.model.model.layers.1"


def test_the_experts_of_one_layer_may_be_in_one_matrix_and_its_rank_is_that_of_each() -> None:
    """PEFT's `target_parameters` on gpt-oss: 32 experts, of rank 8 each, have 256 rows together."""
    rows = {
        f"{LAYER}.mlp.experts.base_layer.lora_A.weight": [256, 16],
        f"{LAYER}.mlp.experts.base_layer.lora_B.weight": [32, 256],
        f"{LAYER}.mlp.experts.lora_A.weight": [256, 16],
        f"{LAYER}.mlp.experts.lora_B.weight": [16, 256],
    }
    facts = adapter_files.facts(config(), header(**rows))

    assert facts.rank == 8
    assert facts.modules == {"q_proj", "experts.gate_up_proj", "experts.down_proj"}
    assert adapter_check.problem(facts, FITS) is None
    assert adapter_files.facts(config(rank_pattern={"gate_up_proj": 64}), header(**rows)).rank == 64


def test_a_pair_of_the_vocabulary_is_a_pair_and_the_models_own_weights_beside_it_are_passed_over() -> None:
    rows = {
        "base_model.model.model.embed_tokens.lora_embedding_A": [12, 9000],
        "base_model.model.model.embed_tokens.lora_embedding_B": [16, 12],
        "base_model.model.model.embed_tokens.base_layer.weight": [9000, 16],
        "base_model.model.lm_head.base_layer.weight": [9000, 16],
    }
    facts = adapter_files.facts(config(), header(**rows))

    assert (facts.rank, sorted(facts.modules), facts.beyond) == (12, ["embed_tokens", "q_proj"], ())
    assert adapter_check.problem(facts, FITS) is None


def test_what_the_engine_would_leave_out_is_refused_and_not_served_as_the_base_model() -> None:
    rows = {
        f"{LAYER}.self_attn.o_proj.lora_A.weight": [8, 16],
        f"{LAYER}.mlp.experts.7.gate_proj.lora_A.weight": [8, 16],
        f"{LAYER}.mlp.shared_experts.gate_proj.lora_A.weight": [8, 16],
    }
    facts = adapter_files.facts(config(), header(**rows))
    attention = frozenset({"q_proj", "o_proj"})

    assert facts.modules == {"q_proj", "o_proj", "gate_proj", "experts.gate_proj"}
    assert adapter_check.problem(facts, replace(FITS, modules=frozenset({*facts.modules, "experts"}))) is None
    refused = adapter_check.problem(facts, replace(FITS, modules=attention))
    assert refused is not None
    assert refused.reason is AdapterReason.MODULES_REFUSED
    assert refused.message == (
        "it changes experts.gate_proj, gate_proj, which --lora-target-modules in the deployment's extraArgs leaves "
        "out; name it there, which starts new replicas"
    )
    dense = adapter_check.problem(facts, replace(FITS, modules=attention | {"gate_proj"}))
    assert dense is not None
    assert "it changes experts.gate_proj, which" in dense.message, "a matrix of this name outside experts is another"


def test_no_deployment_is_advised_to_take_a_rank_that_it_cannot() -> None:
    (most,) = [one.le for one in Lora.model_fields["max_rank"].metadata if isinstance(one, Le)]
    assert most == adapter_check.HIGHEST_RANK
    refused = adapter_check.problem(adapter_files.facts(config(r=1024), header()), FITS)
    assert refused is not None
    assert refused.message == "its rank is 1024, and engines take at most 512; train it with a lower one"
