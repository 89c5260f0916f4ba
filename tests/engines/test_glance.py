"""The few figures that a router reads from a metrics page, and the pages it does not accept."""

import pytest

from fairlead.engines.http_api import QuickLoad
from fairlead.engines.vllm.http_api import API

PAGE = b"""# HELP vllm:num_requests_running x
vllm:num_requests_running{engine="0",model_name="chat"} 3.0
vllm:num_requests_running{engine="1",model_name="chat"} 2.0
vllm:num_requests_waiting{engine="0",model_name="chat"} 1.0 1795176000
vllm:kv_cache_usage_perc{engine="0",model_name="chat"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="chat"} 0.5
vllm:cache_config_info{hash_block_size="32",block_size="16",kv_cache_size_tokens="None",num_gpu_blocks="100"} 1.0
"""


def test_engines_of_one_pod_are_added_up_and_the_fullest_cache_counts() -> None:
    assert API.quick_load(PAGE) == QuickLoad(running=5.0, waiting=1.0, kv_usage=0.5, kv_tokens=1600, kv_by_blocks=True)


@pytest.mark.parametrize(
    ("before", "after", "tokens", "by_blocks"),
    [
        (b'kv_cache_size_tokens="None"', b'kv_cache_size_tokens="4096"', 4096, False),
        (b'num_gpu_blocks="100"', b'num_gpu_blocks="None"', None, False),
        (b"vllm:cache_config_info", b"other:cache_config_info", None, False),
        (b'num_gpu_blocks="100"} 1.0\n', b'num_gpu_blocks="100"} 1.0', 1600, True),
    ],
)
def test_the_cache_is_as_large_as_the_engine_says(
    before: bytes, after: bytes, tokens: int | None, by_blocks: bool
) -> None:
    seen = API.quick_load(PAGE.replace(before, after))

    assert seen is not None
    assert (seen.kv_tokens, seen.kv_by_blocks) == (tokens, by_blocks)


def test_each_engine_of_a_pod_gives_its_own_tokens_and_the_blocks_of_all() -> None:
    line = PAGE[PAGE.index(b"vllm:cache_config_info") :]
    sized = line.replace(b'kv_cache_size_tokens="None"', b'kv_cache_size_tokens="800"')
    page = PAGE.removesuffix(line)

    for engines, tokens in ((sized + sized, 1600), (line + line, 1600)):
        seen = API.quick_load(page + engines)
        assert seen is not None
        assert seen.kv_tokens == tokens


@pytest.mark.parametrize("value", [b"NaN", b"-1.0", b"many", b"", b"1e300"])
def test_a_page_that_is_broken_where_it_matters_yields_nothing(value: bytes) -> None:
    assert API.quick_load(PAGE.replace(b" 3.0", b" " + value)) is None
    assert API.quick_load(PAGE[: PAGE.index(b"vllm:kv_cache_usage")]) is None


def test_a_page_that_ends_in_the_middle_of_a_line_is_read_to_there() -> None:
    page = PAGE[: PAGE.index(b"vllm:cache_config")].rstrip(b"\n")

    assert API.quick_load(page) == QuickLoad(running=5.0, waiting=1.0, kv_usage=0.5, kv_tokens=None)
