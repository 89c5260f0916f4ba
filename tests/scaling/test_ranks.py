"""A replica of several data-parallel ranks holds as much as they do together, and is as quick as one."""

from fairlead.scaling.facts import ReplicaSpeed


def test_ranks_hold_more_and_share_what_is_added() -> None:
    rank = ReplicaSpeed(
        step_seconds=0.02,
        seconds_per_sequence=0.001,
        seconds_per_prompt_token=0.0004,
        kv_tokens=10_000.0,
        max_sequences=32.0,
    )
    assert rank.of_ranks(1) == rank
    assert rank.of_ranks(4) == ReplicaSpeed(
        step_seconds=0.02,
        seconds_per_sequence=0.00025,
        seconds_per_prompt_token=0.0001,
        kv_tokens=40_000.0,
        max_sequences=128.0,
    )


def test_what_is_not_known_of_one_rank_is_not_known_of_four() -> None:
    unknown = ReplicaSpeed(step_seconds=0.02, seconds_per_sequence=0.001, seconds_per_prompt_token=0.0004)
    four = unknown.of_ranks(4)
    assert (four.kv_tokens, four.max_sequences) == (None, None)
