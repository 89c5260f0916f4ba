"""Levers: each is a patch that admission can review, or a change that says where it is made."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from fairlead.backtest import comparison_rows, levers, reference_fleets
from fairlead.backtest import play as playing
from fairlead.backtest.candidate import assumed_acceptance
from fairlead.backtest.levers import LEVERS, LeverError
from fairlead.backtest.play import PlayedTraffic, PlaySettings
from fairlead.backtest.repeats import Repeated
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.policies import ReplicaBounds
from fairlead.simulator.engine.settings import SpeculationSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_play import SETTINGS, candidate, steady, streams

CHAT = {"spec": {"engine": {"context": {"maxTokens": 4096}}, "replicas": 1}, "kind": "InferenceDeployment"}


@pytest.mark.parametrize(
    ("written", "patch"),
    [
        ("prefixCaching=off", {"engine": {"prefixCaching": {"enabled": False}}}),
        ("hostMemory=64Gi", {"engine": {"prefixCaching": {"hostMemory": "64Gi"}}}),
        ("weights=fp8PerTensor", {"engine": {"quantization": {"weights": "fp8PerTensor"}}}),
        ("maxSequences=16", {"engine": {"batching": {"maxSequences": 16}}}),
        ("gpu=NVIDIA-L4", {"accelerator": {"product": "NVIDIA-L4"}}),
        ("replicas=3,tensorParallel=2", {"replicas": 3, "parallelism": {"tensor": 2}}),
        ("minReplicas=0", {"scaling": {"minReplicas": 0}}),
    ],
)
def test_a_lever_of_the_deployment_is_a_patch_of_its_fields(written: str, patch: dict[str, object]) -> None:
    found = levers.read(written)
    assert (found.words, found.patch, found.changes, found.note) == (written, {"spec": patch}, (), "")


def test_a_patch_merges_objects_and_leaves_what_was_given_as_it_is() -> None:
    changed = levers.read("contextTokens=8192,maxSequences=16").applied(CHAT)

    assert changed["spec"]["engine"] == {"context": {"maxTokens": 8192}, "batching": {"maxSequences": 16}}
    assert changed["kind"] == "InferenceDeployment"
    assert CHAT["spec"] == {"engine": {"context": {"maxTokens": 4096}}, "replicas": 1}
    assert levers.merged({"a": 1, "b": 2}, {"a": None, "b": {"c": 3}}) == {"b": {"c": 3}}


def test_without_a_prefix_cache_there_are_no_blocks_in_main_memory_either() -> None:
    kept = levers.read("hostMemory=64Gi").applied(CHAT)
    off = levers.read("prefixCaching=off,maxSequences=16").applied(kept)
    assert off["spec"]["engine"]["prefixCaching"] == {"enabled": False}
    both = levers.read("prefixCaching=off,hostMemory=64Gi").applied(kept)
    assert both["spec"]["engine"]["prefixCaching"] == {"enabled": False, "hostMemory": "64Gi"}, "admission refuses it"
    assert levers.read("prefixCaching=on").applied(kept)["spec"]["engine"]["prefixCaching"]["hostMemory"] == "64Gi"


@pytest.mark.parametrize(
    ("written", "before", "method"),
    [
        ("draft=hf://o/d", {}, "draftModel"),
        ("draft=hf://o/d", {"method": "off"}, "draftModel"),
        ("draft=hf://o/d", {"method": "eagle3", "draft": {"source": "hf://o/other"}}, "eagle3"),
        ("draft=hf://o/d,speculation=eagle3", {}, "eagle3"),
        ("speculation=eagle3,draft=hf://o/d", {}, "eagle3"),
    ],
)
def test_a_draft_is_a_draft_models_unless_something_says_whose_it_is(
    written: str, before: dict[str, object], method: str
) -> None:
    changed = levers.read(written).applied(levers.merged(CHAT, {"spec": {"engine": {"speculation": before}}}))

    assert changed["spec"]["engine"]["speculation"] == {"method": method, "draft": {"source": "hf://o/d"}}


@pytest.mark.parametrize(
    ("source", "method"),
    [
        ("hf://yuhuili/EAGLE3-LLaMA3.1-Instruct-8B", "eagle3"),
        ("hf://o/qwen-eagle-3", "eagle3"),
        ("hf://o/EAGLE-LLaMA3-Instruct-8B", "draftModel"),
        ("hf://meta-llama/Llama-3.2-1B-Instruct", "draftModel"),
    ],
)
def test_a_head_of_eagle_3_is_recognized_by_its_name(source: str, method: str) -> None:
    changed = levers.read(f"draft={source}").applied({"spec": {"model": {"source": "hf://o/m"}}})
    assert changed["spec"]["engine"]["speculation"]["method"] == method


def test_a_draft_without_a_source_is_no_head() -> None:
    content = {"spec": {"engine": {"speculation": {"draft": "a text"}}}}
    assert levers.read("replicas=2").applied(content)["spec"]["engine"]["speculation"]["method"] == "draftModel"


@pytest.mark.parametrize("engine", ["none", {"speculation": "none"}])
def test_a_deployment_that_admission_will_refuse_is_left_as_it_is(engine: object) -> None:
    written = {"spec": {"engine": engine}}
    assert levers.read("replicas=2").applied(written) == {"spec": {"engine": engine, "replicas": 2}}


def test_an_acceptance_that_was_measured_takes_the_place_of_the_assumed_one() -> None:
    drafting = SpeculationSettings(tokens=3, acceptance=(0.7, 0.7, 0.7))
    assumed = assumed_acceptance(drafting)
    one = replace(candidate(1, settings=replace(SETTINGS, speculation=drafting)), notes=(assumed, "step times: ours"))
    assert assumed.startswith("70% of drafted tokens are accepted, which is assumed; ")

    found = levers.read("acceptance=0.4").candidate(one)

    assert found.notes == ("acceptance=0.4: 40% of drafted tokens are accepted, as you measured", "step times: ours")


def test_a_simulated_lever_is_listed_beside_its_candidate_under_its_own_name() -> None:
    found = levers.read("cacheAwareRouting=off").candidate(candidate(1))

    assert (found.name, found.what_if) == ("chat, cacheAwareRouting=off", "cacheAwareRouting=off")
    assert not found.balancing.prefix
    assert found.notes[0] == "cacheAwareRouting=off: routers do not prefer the replica that holds the prefix"
    plain = levers.read("maxSequences=2").candidate(candidate(1))
    assert plain.notes == candidate(1).notes
    both = list(comparison_rows.of([candidate(ReplicaBounds(least=1, most=2)), found], ["hpa"]))
    assert [(one.name, one.compared) for one in both] == [
        ("chat", False),
        ("chat, HPA on running", True),
        ("chat, cacheAwareRouting=off", True),
    ]


def test_cache_aware_routing_changes_nothing_else_of_the_balancing() -> None:
    bound = candidate(1, balancing=Balancing(prefix=False, load_bound=1.5))

    assert levers.read("cacheAwareRouting=on").candidate(bound).balancing == Balancing(prefix=True, load_bound=1.5)


def test_without_a_router_requests_go_to_replicas_in_turn_and_find_less_of_their_prefixes() -> None:
    off, on = (levers.read(f"router={value}").candidate(candidate(4)) for value in ("off", "on"))
    assert (off.in_turn, on.in_turn) == (True, False)
    assert off.notes[0] == "router=off: requests go to replicas in turn, as a Service without a router sends them"
    runs = [playing.play(one, prompts_of(7), PlaySettings(streams=streams)).report for one in (off, on)]
    assert runs[0].answered == runs[1].answered == 240
    assert runs[0].cached_share < runs[1].cached_share


def prompts_of(people: int) -> PlayedTraffic:
    """Each user repeatedly asks about the same long text."""

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        for number in range(240):
            text = tuple(number % people * 1000 + block for block in range(400 // page_tokens))
            yield RequestArrival(time=number / 2, prompt_tokens=410, output_tokens=4, prefix=text)

    return PlayedTraffic(arrivals=arrivals, seconds=119.5)


def test_what_a_response_cache_answers_reaches_no_engine_and_makes_the_bound_lower() -> None:
    less = levers.read("responseCache=0.5").candidate(candidate(1))
    settings = PlaySettings(streams=streams)
    found = playing.play(less, steady(4.0, 300), settings)

    assert 540 < found.report.arrived < 660
    assert playing.play(less, steady(4.0, 300), settings).report == found.report
    fewer, all_of_them = (reference_fleets.bound(one, steady(4.0, 300), settings) for one in (less, candidate(1)))
    assert fewer.anyhow <= all_of_them.anyhow


def test_answers_of_a_response_cache_count_where_an_answer_has_its_price() -> None:
    """The same fleet answers the same clients, so an answer costs the same, be it from an engine or the cache."""
    settings, traffic = PlaySettings(streams=streams), steady(4.0, 300)
    without, found = (
        playing.play(one, traffic, settings)
        for one in (candidate(1), levers.read("responseCache=0.5").candidate(candidate(1)))
    )
    assert found.report.arrived + found.cached == without.report.arrived == 1200
    assert found.cached_tokens == 20 * found.cached
    assert found.cost_of_kept_request == pytest.approx(without.cost_of_kept_request, rel=0.01)
    assert found.cost_of_thousand_tokens == pytest.approx(without.cost_of_thousand_tokens, rel=0.01)
    assert any(
        "they count in the costs per token and per request that met the SLO, and in no other" in one
        for one in found.notes
    )
    row = Repeated(name="chat", runs=(found, found))
    for name in ("costUsdPerKeptRequest", "costUsdPerThousandTokens"):
        single, twice = (one.figure(name) for one in (replace(row, runs=(found,)), row))
        assert single is not None
        assert twice is not None
        assert twice.mean == pytest.approx(single.mean)
    late = playing.play(
        levers.read("responseCache=0.5").candidate(candidate(1)), replace(traffic, since=150.0), settings
    )
    assert late.report.arrived + late.cached == 600, "those of the warm-up count for nothing"


def test_measured_acceptance_and_warm_replicas_are_taken_where_there_is_something_to_take_them() -> None:
    drafting = replace(SETTINGS, speculation=SpeculationSettings(tokens=3, acceptance=(0.7, 0.7, 0.7)))
    found = levers.read("acceptance=0.4").candidate(candidate(1, settings=drafting))
    assert found.settings.speculation == replace(drafting.speculation, acceptance=(0.4, 0.4, 0.4))  # type: ignore[type-var]  # it drafts
    with pytest.raises(LeverError, match="chat drafts no tokens; add speculation=ngram or draft=hf://ORG/MODEL"):
        levers.read("acceptance=0.4").candidate(candidate(1))

    warm = levers.read("warmReplicas=2").candidate(candidate(ReplicaBounds(least=1, most=4)))
    assert warm.policy.warm_pool.ready == 2
    with pytest.raises(LeverError, match="chat has a fixed number; try replicas=2"):
        levers.read("warmReplicas=2").candidate(candidate(1))


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("lanes=3", "lanes: routers' lanes are not simulated; try maxSequences=64"),
        ("magic=on", "--what-if magic=on: no such lever; there are prefixCaching=off, hostMemory=64Gi, "),
        ("prefixCaching", "--what-if prefixCaching: no such lever"),
        ("prefixCaching=maybe", "--what-if prefixCaching=maybe: on or off"),
        ("maxSequences=0", "--what-if maxSequences=0: a whole number from 1 on, for instance maxSequences=64"),
        ("replicas=many", "--what-if replicas=many: a whole number from 1 on"),
        ("gpu=", "--what-if gpu=: give a value, for instance gpu=NVIDIA-L40S"),
        ("responseCache=2", "--what-if responseCache=2: a share from 0 to below 1"),
        ("acceptance=often", "--what-if acceptance=often: a share from 0 to below 1"),
        ("warmReplicas=-1", "--what-if warmReplicas=-1: a whole number from 0 on"),
        ("gpu=L4,replicas=2,gpu=A10", "--what-if gpu=L4,replicas=2,gpu=A10: gpu is there twice; write it once, or"),
    ],
)
def test_a_lever_that_makes_no_sense_is_answered_with_one_that_does(written: str, because: str) -> None:
    with pytest.raises(LeverError) as found:
        levers.read(written)
    assert str(found.value).startswith(because)


def test_every_example_is_a_lever() -> None:
    for word, kind in LEVERS.items():
        assert levers.read(f"{word}={kind.example}").words == f"{word}={kind.example}"
