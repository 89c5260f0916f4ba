"""An engine from a sweep's file: its steps, its KV cache, and no need to know its model or CPU."""

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.emulator import dialects, emulation_knobs, packaged_data
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.sweeps import KvCapacity
from fairlead.simulator.sweep.measurements import SweepRecord
from tests.simulator.sweep import swept
from tests.simulator.timing import published_rows

TRUE = published_rows.times(published_rows.question())
ON_CPU = replace(
    swept.record(TRUE),
    deployment=replace(
        swept.DEPLOYMENT, model="/models/tiny", product="CPU", dtype="float32", command=("--dtype", "float32")
    ),
    starts=(replace(swept.START, capacity=KvCapacity(tokens=131_072, blocks=1024, block_tokens=128)),),
)


ON_SGLANG = replace(
    ON_CPU,
    deployment=replace(ON_CPU.deployment, kind=EngineKind.SGLANG, engine="SGLang 0.5.23"),
    starts=(replace(swept.START, capacity=KvCapacity(tokens=20_000, blocks=20_000, block_tokens=1)),),
)


def provided(
    folder: Path, record: SweepRecord, *words: str, product: str = "CPU", engine: str = "vllm"
) -> EngineProvision:
    """The engine of `fairlead engine --step-times FILE --product … -- vllm serve …`."""
    place = folder / "sweep.jsonl"
    place.write_text(swept.text(record), encoding="utf-8")
    serve_arguments = dialects.read([engine, "serve", *words], {})
    machine = EmulatedMachine(product, serve_arguments.memory.parallelism.gpus)
    return provision.provide(serve_arguments, machine, emulation_knobs.read({}), packaged_data.load(place))


def test_a_processor_that_no_catalogue_knows_is_as_fast_and_as_large_as_it_was_seen(tmp_path: Path) -> None:
    made = provided(tmp_path, ON_CPU, "/models/tiny", "--dtype", "float32")
    assert (made.settings.blocks, made.settings.block_tokens) == (1024, 128)
    assert (made.settings.max_sequences, made.settings.batch_tokens) == (64, 2048)
    assert made.settings.context_tokens == 8192
    assert not made.settings.late_stop
    batch = published_rows.decoding(8, 500)
    assert made.times.seconds(batch) == pytest.approx(TRUE.seconds(batch), rel=0.08)
    assert any("step times: recorded (" in note for note in made.notes)


def test_what_the_command_says_itself_is_kept(tmp_path: Path) -> None:
    words = ("--dtype", "float32", "--max-model-len", "512", "--num-gpu-blocks-override", "77", "--max-num-seqs", "3")
    made = provided(tmp_path, ON_CPU, "/models/tiny", *words, "--block-size", "32")
    assert (made.settings.blocks, made.settings.block_tokens, made.settings.context_tokens) == (77, 32, 512)
    assert made.settings.max_sequences == 3


def test_a_gpu_that_is_used_otherwise_is_sized_by_the_fit(tmp_path: Path) -> None:
    record = swept.record(TRUE)
    flags = swept.DEPLOYMENT.command
    as_seen, otherwise = (
        provided(tmp_path, record, published_rows.SMALL, *flags, *more, product=published_rows.H200).settings.blocks
        for more in ((), ("--gpu-memory-utilization", "0.5"))
    )
    assert as_seen == 10_000
    assert otherwise > 10_000


def test_a_draft_model_takes_its_passes_although_only_lookups_were_swept(tmp_path: Path) -> None:
    record, flags = swept.record(TRUE), swept.DEPLOYMENT.command
    lookup, small, large = (
        provided(tmp_path, record, published_rows.SMALL, *flags, *_drafting(words), product=published_rows.H200).times
        for words in (
            '"method":"ngram"',
            '"model":"meta-llama/Llama-3.2-1B-Instruct"',
            '"model":"Qwen/Qwen3-8B"',
        )
    )
    steps = [times.decode_line(4, 16).seconds(4_000) for times in (lookup, small, large)]
    assert steps == sorted(steps)
    assert small.decode_line(4, 4) == large.decode_line(4, 4)
    assert lookup.decode_line(4, 4).base_s >= small.decode_line(4, 4).base_s


def test_a_draft_on_a_processor_without_known_rates_is_taken_for_a_lookup(tmp_path: Path) -> None:
    words = ("--dtype", "float32", *_drafting('"model":"Qwen/Qwen3-0.6B"'))
    lookup = ("--dtype", "float32", *_drafting('"method":"ngram"'))
    model, ngram = (provided(tmp_path, ON_CPU, "/models/tiny", *flags).times for flags in (words, lookup))
    assert model.decode_line(4, 16) == ngram.decode_line(4, 16)


def _drafting(words: str) -> tuple[str, str]:
    return "--speculative-config", f'{{{words},"num_speculative_tokens":3}}'


def test_sglang_holds_as_many_tokens_as_it_was_seen_to_whatever_its_pages_are(tmp_path: Path) -> None:
    made = provided(tmp_path, ON_SGLANG, "/models/tiny", "--dtype", "float32", engine="sglang")
    assert made.serve_arguments.pool_tokens == 20_000
    assert (made.settings.block_tokens, made.settings.max_sequences) == (16, 64)
    fewer = ("--dtype", "float32", "--max-total-tokens", "8192")
    assert provided(tmp_path, ON_SGLANG, "/models/tiny", *fewer, engine="sglang").serve_arguments.pool_tokens == 8192


@pytest.mark.parametrize(("record", "engine"), [(ON_CPU, "sglang"), (ON_SGLANG, "vllm")])
def test_a_sweep_of_another_kind_is_refused(record: SweepRecord, engine: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=f"--step-times: the file was measured on {record.deployment.kind}; leave"):
        provided(tmp_path, record, "/models/tiny", "--dtype", "float32", engine=engine)


OTHERS = (
    (("/models/other", "--dtype", "float32"), "swept with model /models/tiny, asked for /models/other"),
    (("/models/tiny",), "swept with dtype float32, asked for auto"),
)


@pytest.mark.parametrize(("words", "message"), OTHERS)
def test_another_deployment_is_refused(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=f"--step-times: {message}; sweep this deployment on its own"):
        provided(tmp_path, ON_CPU, *words)


def test_ranks_of_attention_step_otherwise_than_the_swept_engine(tmp_path: Path) -> None:
    ranks = ("--dtype", "float32", "--tp-size", "2", "--attn-dp-size", "2")
    with pytest.raises(CannotStart, match="--step-times: swept with one rank, asked for 2 ranks of attention"):
        provided(tmp_path, ON_SGLANG, "/models/tiny", *ranks, engine="sglang")


def test_a_sweep_that_has_only_begun_says_what_it_needs(tmp_path: Path) -> None:
    begun = replace(ON_CPU, steps=ON_CPU.steps[:1])
    with pytest.raises(CannotStart, match="1 measurement of decoding and 0 of prompts, both are needed"):
        provided(tmp_path, begun, "/models/tiny", "--dtype", "float32")
