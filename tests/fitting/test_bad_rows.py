"""Any error in a row of measured data is named with its line; nothing ends in a traceback."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fitting import benchmark_runs, kv_starts
from prove import bad_rows, measured_readers
from prove.bad_rows import RowOutcome
from prove.measured_readers import MeasuredReader

READERS = {reader.name: reader for reader in measured_readers.readers()}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_every_reader_takes_its_own_file(reader: MeasuredReader) -> None:
    assert bad_rows.outcome(reader, reader.text) == (RowOutcome.TAKEN, "")


@given(st.sampled_from(sorted(READERS)), st.integers(0, 2**32))
def test_one_thing_wrong_is_always_named_or_leaves_finite_figures(name: str, seed: int) -> None:
    reader = READERS[name]
    text = bad_rows.spoilt(reader, random.Random(seed))  # noqa: S311  # junk, no secrets
    outcome, words = bad_rows.outcome(reader, text)
    assert outcome not in {RowOutcome.TRACEBACK, RowOutcome.ENDLESS}, f"{words} of {text}"


def named(name: str, old: str, new: str) -> str:
    """The arguments for a reader's file in which the first occurrence is replaced."""
    reader = READERS[name]
    assert old in reader.text
    outcome, words = bad_rows.outcome(reader, reader.text.replace(old, new, 1))
    assert outcome is RowOutcome.NAMED
    return words


def test_an_attention_data_parallel_size_of_zero_is_named_and_the_other_rows_are_read() -> None:
    text = READERS["measured steps"].text.replace(",8,,8,1,8,1,8,", ",8,,8,1,0,1,8,", 1)
    sample = benchmark_runs.read(text, kv_starts.catalogue_here())
    assert sample.left_out == (
        "three: line 4: attention_dp_size is 0, and must be between 1 and 1,000,000; correct the row or leave it out",
    )
    assert len(sample.listed) == 2


@pytest.mark.parametrize(
    ("reader", "old", "new", "words"),
    [
        (
            "calibrate --recorded",
            "4000",
            "-4000",
            "line 3: prompt_throughput is -4000, and must be between 0 and 1e+15",
        ),
        ("calibrate --recorded", ",16,", ",nan,", "line 4: running is nan, and must be a number"),
        ("calibrate --recorded", "kv_cache_pct", "used", "line 1: the header lacks kv_cache_pct"),
        ("calibrate --recorded", ",24\n", ",124\n", "line 6: kv_cache_pct is 124, and must be between 0 and 100"),
        ("recorded requests", "0.75", "0.25", "requests.jsonl line 1: first_token_ts is 0.25, and must be between 0.5"),
        ("recorded requests", '"output_toks": 10', '"output_toks": 0', "requests.jsonl line 1: output_toks is 0"),
        ("recorded workload", "[[1, 6]]", "[[1]]", "workload line 1: hash_runs has [1], which is not [first id"),
        ("measured KV capacity", "NVIDIA-H100-80GB-HBM3", "", "line 2: gpu is blank, and must be text"),
        ("measured KV capacity", "0.19.0", "newest", "line 2: vllm_version is 'newest', and must be a release"),
        ("engine --step-times", "0.7", "NaN", "no calibration: line 1: bandwidth is nan, and must be a number"),
    ],
)
def test_it_is_named_with_its_line(reader: str, old: str, new: str, words: str) -> None:
    assert named(reader, old, new).startswith(words)


def test_the_header_again_in_the_middle_is_named() -> None:
    header = READERS["plan --trace, CSV"].text.splitlines()[0]
    reader = READERS["plan --trace, CSV"]
    lines = reader.text.splitlines()
    outcome, words = bad_rows.outcome(reader, "\n".join((*lines[:3], header, *lines[3:])))
    assert (outcome, words.partition(" (")[0]) == (RowOutcome.NAMED, "line 4: it is the header again; leave it out")
