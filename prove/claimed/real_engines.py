"""The claims about real engines in pods: their lifecycle, their clients and their autoscaling, on a real node."""

from typing import Final

from prove import noted
from prove.claims import Claim, Figure

STORIES: Final = "tests/node/vllm"
ANSWERS: Final = f"{STORIES}/test_what_it_answers.py"
MIN_SPECS: Final = 30
SGLANG_STORIES: Final = "tests/node/sglang"
KINDS: Final = "tests/node/kinds"
OWN_WORD: Final = "tests/sglang"
REFUSALS: Final = ("tests/engines/test_page.py", "tests/engines/sglang", "tests/engines/tensorrt_llm")
"""Each refusal of both kinds, and the page that lists them with their sources."""
MAX_OVERHEAD_SECONDS: Final = 10.0
"""Beyond vLLM's own start, which leaves little of two cores for anything that waits for it."""


def lives_on_a_node() -> Figure:
    """From apply to the first answer; rollouts, a scale-down and kills under streams; bad models; its answers."""
    files = ("test_first_answer", "test_changes", "test_bad_models", "test_what_it_answers", "test_second_models")
    ran = noted.pytest(*(f"{STORIES}/{name}.py" for name in files))
    overhead = ran.most("overhead_seconds")
    router = f"{_shown(ran.most('router_added_ms'))} ms to an answer of {_shown(ran.most('direct_ms'))} ms (medians)"
    return Figure(
        holds=ran.well and ran.unharmed and overhead is not None and overhead <= MAX_OVERHEAD_SECONDS,
        text=f"vLLM's own start {_shown(ran.most('engine_seconds'))} s, from apply to the first answer "
        f"{_shown(overhead)} s more (at most {MAX_OVERHEAD_SECONDS:g} s); the router adds {router}; {ran.traffic}; "
        f"{ran.ended.tests}",
    )


def clients_are_served() -> Figure:
    """The official clients' calls and vLLM's own load generator, through the router to a pod of vLLM."""
    ran = noted.pytest(ANSWERS)
    return Figure(
        holds=ran.well and ran.total("bench_completed") > 0,
        text=f"`vllm bench serve`: {ran.total('bench_completed')} requests, 0 failed, median time between tokens "
        f"{_shown(ran.most('bench_median_tpot_ms'))} ms; {ran.ended.tests}",
    )


def load_is_followed() -> Figure:
    """Up and down by the queue of real engines, and from zero."""
    ran = noted.pytest(f"{STORIES}/test_following_load.py")
    return Figure(
        holds=ran.well and ran.unharmed,
        text=f"decided after at most {_shown(ran.most('seconds_to_decide'))} s, longest wait from zero "
        f"{_shown(ran.most('longest_held_seconds'))} s; {ran.traffic}; {ran.ended.tests}",
    )


def other_kinds_live_on_a_node() -> Figure:
    """Real SGLang's lifecycle, its verdict on our command lines, and emulated fleets of other kinds."""
    real, parsed, emulated = noted.pytest(SGLANG_STORIES), noted.pytest("-m", "sglang", OWN_WORD), noted.pytest(KINDS)
    runs, overhead, table = (real, emulated), real.most("overhead_seconds"), noted.pytest(*REFUSALS)
    return Figure(
        holds=parsed.well
        and table.well
        and all(ran.well and ran.unharmed for ran in runs)
        and overhead is not None
        and overhead <= MAX_OVERHEAD_SECONDS
        and parsed.total("specs") >= MIN_SPECS,
        text=f"SGLang's own start {_shown(real.most('engine_seconds'))} s, from apply to the first answer "
        f"{_shown(overhead)} s more (at most {MAX_OVERHEAD_SECONDS:g} s); {real.traffic}; decided after at most "
        f"{_shown(real.most('seconds_to_decide'))} s, longest wait from zero "
        f"{_shown(real.most('longest_held_seconds'))} s; {parsed.total('specs')} specs asked of its parser and checks "
        f"(at least {MIN_SPECS}), {parsed.total('refusals_confirmed')} refusals confirmed; {real.ended.tests}; "
        f"emulated: {emulated.traffic}; {emulated.ended.tests}",
    )


def _shown(number: float | None) -> str:
    return "not measured" if number is None else f"{number:.1f}"


CLAIMS: Final = (
    Claim(
        item="engines.1",
        title="Real vLLM 0.32 in the pods of a deployment on a real node: apply to the first answer, Replace, Surge "
        "and scale-down under streams with no request failed and no stream cut, an engine that dies or runs out of "
        "memory, a model that is missing, gated or corrupt, an adapter, speculation by n-gram and by a draft model, "
        "cached prefixes, KV events, structured outputs, a measured fit, and what the router adds",
        prove=lives_on_a_node,
        slow=True,
    ),
    Claim(
        item="engines.2",
        title="The official openai and anthropic clients and `vllm bench serve` are served through the router by pods "
        "of real vLLM",
        prove=clients_are_served,
        slow=True,
    ),
    Claim(
        item="engines.3",
        title="Autoscaling by real vLLM's own figures: 1 to 2 to 1 replicas and from zero, explained, with no request "
        "failed and no stream cut",
        prove=load_is_followed,
        slow=True,
    ),
    Claim(
        item="engines.4",
        title="Real SGLang 0.5.23 on CPU in the pods of a deployment on a real node: apply to the first answer, "
        "rollouts, scale-down and a drain under streams, scaling by its metrics and from zero, with no request failed "
        "and no stream cut; at least 30 specs asked of its own parser and checks; every refusal in a table with its "
        "source; emulated fleets of other kinds alike",
        prove=other_kinds_live_on_a_node,
        slow=True,
    ),
)
