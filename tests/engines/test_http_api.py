"""What every engine's HTTP server offers is what a router, the controller and a scraper need."""

from dataclasses import replace

import pytest

from fairlead.engines import catalogue
from fairlead.engines.catalogue import ENGINES
from fairlead.engines.http_api import token_count
from fairlead.engines.vllm.http_api import API
from fairlead.fleet.desired_state import WITHOUT_GPU, EngineKind, EngineRelease
from fairlead.fleet.image_pull import ImagePull
from fairlead.router.wire.request_bodies import RequestBody
from tests.documents.hostile import HOSTILE


@pytest.mark.parametrize(
    ("page", "count"),
    [
        (b'{"count": 7, "max_model_len": 4096, "tokens": [1, 2]}', 7),
        (b'{"count": -1}', None),
        (b'{"count": "7"}', None),
        (b'{"count": true}', None),
        (b'{"count": 3, "tokens": [NaN', None),
        (HOSTILE["a hundred thousand levels"], None),
        (HOSTILE["UTF-16"], None),
        (b'{"tokens": []}', None),
        (b"[]", None),
        (b"not found", None),
    ],
)
def test_a_count_of_tokens_is_a_whole_number_or_nothing(page: bytes, count: int | None) -> None:
    assert token_count(page) == count


def test_the_tokens_beside_a_count_are_passed_over() -> None:
    """A router reads the reply on its loop, and 128,000 ids take a reader of whole documents eight times as long."""
    assert token_count(b'{"count": 1, "tokens": [' + b"9" * 5000 + b"]}") == 1


def test_routers_read_every_member_of_a_body_that_they_leave_out_or_set() -> None:
    """One that they do not read would stay in a body unnoticed, or be there twice."""
    left_out = {member for engine in ENGINES.values() for member in engine.api.never_from_clients.members}
    ranks = {engine.api.priority_member.name for engine in ENGINES.values() if engine.api.priority_member is not None}

    assert left_out == {"rid", "request_id", "disaggregated_params"}
    assert left_out | ranks <= set(RequestBody.__struct_fields__)


def test_each_kind_is_spoken_to_by_its_own_api_and_a_kind_without_an_engine_as_the_default() -> None:
    for kind, engine in ENGINES.items():
        assert catalogue.api(kind.value) is engine.api
    assert catalogue.api("from a newer operator") is API


def test_every_kind_has_a_release_and_only_ours_runs_in_the_operators_image() -> None:
    pull = ImagePull(policy="Always", secrets=("pull",))
    plain, here = catalogue.releases(), catalogue.releases("registry.example.com/fairlead:1.2.3", pull=pull)

    assert plain == {
        EngineKind.VLLM: EngineRelease(
            version="0.32.0", image="vllm/vllm-openai:v0.32.0", cpu_image="localhost/fairlead-vllm-cpu:0.32.0"
        ),
        EngineKind.SGLANG: EngineRelease(version="0.5.23", image="lmsysorg/sglang:v0.5.23"),
        EngineKind.TENSORRT_LLM: EngineRelease(
            version="1.4.0rc1", image="nvcr.io/nvidia/tensorrt-llm/release:1.4.0rc1"
        ),
        EngineKind.SIMULATED: EngineRelease(version="0.32.0", image="fairlead:0.32.0"),
        EngineKind.SIMULATED_SGLANG: EngineRelease(version="0.5.23", image="fairlead:0.5.23"),
        EngineKind.SIMULATED_TENSORRT_LLM: EngineRelease(version="1.4.0rc1", image="fairlead:1.4.0rc1"),
    }
    own = "registry.example.com/fairlead:1.2.3"
    assert here == {**plain, **{kind: replace(plain[kind], image=own, pull=pull) for kind in WITHOUT_GPU}}


def test_an_installation_names_the_image_of_a_build_for_processors() -> None:
    found = catalogue.releases(cpu_images={EngineKind.VLLM: "registry.example.com/vllm-cpu:0.32.0"})

    assert found[EngineKind.VLLM].image_for(on_cpu=True) == "registry.example.com/vllm-cpu:0.32.0"
    assert found[EngineKind.VLLM].image_for(on_cpu=False) == "vllm/vllm-openai:v0.32.0"


def test_every_kind_that_loads_adapters_while_it_runs_does_it_by_the_endpoints_that_the_loader_calls() -> None:
    """The loader's pod does not name its engine's kind. A client reaches none of these."""
    endpoints = {engine.api.hot_adapters for engine in ENGINES.values()} - {None}
    assert endpoints == {catalogue.HOT_ADAPTERS}
    administering = {catalogue.HOT_ADAPTERS.load.encode(), catalogue.HOT_ADAPTERS.unload.encode()}
    assert administering <= catalogue.HIDDEN_ROUTES
