"""An adapter from its object to the lists that loaders and routers read, and its status on the way."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.api import adapter_conversion
from fairlead.api.adapter import AdapterSpec
from fairlead.api.object_reader import ParsedObject
from fairlead.cluster import kinds
from fairlead.controller.adapters.adapter_reconcile import LOADED_S, LOADING_S
from fairlead.fleet.adapters import AdapterPlace, AdapterReason, AdapterState, ServedAdapter
from tests.controller.adapters.adapter_world import FIRST, SECOND, SLOTS, AdapterWorld, version
from tests.controller.pretend import deployment

SQL = "sql@aaaaaaaa"


def test_an_adapter_is_on_the_list_and_routers_know_its_name_and_versions() -> None:
    world = AdapterWorld()
    world.put_adapter("sql", version(FIRST, 95), version(SECOND, 5))
    world.settle()

    first, second = world.listed.entries
    assert (first.name, second.name) == (SQL, "sql@bbbbbbbb")
    assert first.pods is None, "for every replica, those to come too"
    assert first.bases == ("meta-llama/Llama-3.1-8B-Instruct",)
    assert (world.listed.hidden, world.listed.layers) == (4096, 32), "so that an adapter of another shape is refused"
    shares = [{"name": SQL, "percent": 95}, {"name": "sql@bbbbbbbb", "percent": 5}]
    assert world.router_file()["adapterVersions"] == [{"name": "sql", "versions": shares, "trial": "", "step": 0}]
    assert world.router_file()["models"][-1] == "sql"
    assert set(world.engines().values()) == {2}, "no replica was started for it"


def test_its_status_goes_from_loading_to_loaded_and_it_is_polled_less_often_then() -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    assert world.reconcile_adapter().after_s == LOADING_S
    assert world.reason() == ("False", "AdapterLoading")
    assert "the replica has not read the list yet" in world.words()

    world.load()
    assert world.reconcile_adapter().after_s == LOADED_S
    assert world.reason() == ("True", "AdapterLoaded")
    assert world.words() == "1 version on 2 replicas; clients ask for sql"
    found = world.status()
    assert (found["servedName"], found["loaded"], found["chosen"]) == ("sql", 2, 2)
    assert found["versions"] == [{"digest": FIRST, "name": SQL, "traffic": 100, "chosen": 2, "staged": 2, "loaded": 2}]
    writes = len(world.server.writes)
    world.now += timedelta(seconds=LOADED_S)
    world.reconcile_adapter()
    assert len(world.server.writes) == writes, "at rest nothing is written"


@pytest.mark.parametrize(
    ("place", "reason", "stalls"),
    [
        (AdapterReason.RANK_TOO_HIGH, "AdapterRefused", True),
        (AdapterReason.DIGEST_DIFFERS, "AdapterRefused", True),
        (AdapterReason.ENGINE_REFUSED, "AdapterNotLoaded", False),
        (AdapterReason.SOURCE_UNREADABLE, "AdapterNotLoaded", False),
    ],
)
def test_a_replica_that_has_not_loaded_the_adapter_is_named_with_its_reason(
    place: AdapterReason, reason: str, *, stalls: bool
) -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    world.load()
    pod = world.engine_pods()[0]["metadata"]["name"]
    failed = AdapterPlace(name=SQL, state=AdapterState.FAILED, reason=place, message="its rank is 64, and so on")
    world.pod_client.adapter_places[pod] = (failed,)
    assert world.reconcile_adapter().after_s == (LOADED_S if stalls else LOADING_S), "others are tried again"
    assert world.reason() == ("False", reason)
    assert ("Stalled" in {one["type"] for one in world.status()["conditions"]}) is stalls
    assert world.words() == f"{SQL} is loaded on 1 of 2 replicas; {pod}: its rank is 64, and so on"
    (found,) = world.status()["versions"]
    assert (found["reason"], found["loaded"], found["staged"]) == (place.value, 1, 1)


def test_a_replica_that_does_not_report_is_named() -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    world.load()
    world.pod_client.gone_revisions = set(world.engines())
    world.reconcile_adapter()
    assert world.reason() == ("False", "AdapterLoading")
    assert "does not report its adapters yet" in world.words()


def test_files_that_are_checked_and_not_loaded_yet_are_counted_apart() -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    for pod in world.engine_pods():
        world.pod_client.adapter_places[pod["metadata"]["name"]] = (AdapterPlace(name=SQL, state=AdapterState.STAGED),)
    world.reconcile_adapter()
    assert "its files are checked, and the engine is asked to load it" in world.words()
    assert world.status()["versions"][0]["staged"] == 2


def test_an_adapter_of_some_replicas_is_chosen_for_as_many_and_another_one_when_one_goes() -> None:
    world = AdapterWorld()
    world.put_adapter(replicas=1)
    world.settle()
    (entry,) = world.listed.entries
    assert entry.pods is not None
    (chosen,) = entry.pods
    world.load()
    world.reconcile_adapter()
    assert world.status()["chosen"] == 1
    world.kube.delete(kinds.POD, "default", chosen)
    world.settle()
    (entry,) = world.listed.entries
    assert entry.pods is not None
    assert chosen not in entry.pods
    assert len(entry.pods) == 1


def test_an_adapter_that_is_deleted_leaves_the_list_and_the_routers() -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    world.remove_adapter()
    world.settle()
    assert world.listed.entries == ()
    assert "adapterVersions" not in world.router_file()
    assert world.reconcile_adapter().gone


def test_a_base_model_that_the_object_names_is_the_one_that_is_expected() -> None:
    world = AdapterWorld()
    world.put_adapter(baseModel="acme/before-quantizing")
    world.settle()
    assert world.listed.entries[0].bases == ("acme/before-quantizing",)


def test_a_model_from_a_volume_has_no_name_that_training_knew() -> None:
    world = AdapterWorld()
    world.apply(deployment(**SLOTS, model={"source": "pvc://adapters/base"}))
    world.put_adapter()
    world.settle()
    assert world.listed.entries[0].bases == ()
    assert world.listed.hidden is None


def test_a_name_is_served_once_and_the_older_object_has_it() -> None:
    world = AdapterWorld()
    world.put_adapter("sql")
    world.now += timedelta(seconds=5)
    world.put_adapter("later", version(SECOND), servedName="sql")
    world.put_adapter("model", version(SECOND), servedName="chat")
    world.settle()
    assert [one.name for one in world.listed.entries] == [SQL]
    world.reconcile_adapter("later")
    assert world.reason(name="later") == ("False", "AdapterNameTaken")
    assert "spec.servedName: sql: Adapter sql is served under this name" in world.words("later")
    world.reconcile_adapter("model")
    assert "spec.servedName: chat: InferenceDeployment chat is served under this name" in world.words("model")
    world.remove_adapter("sql")
    world.settle()
    assert [one.name for one in world.listed.entries] == ["sql@bbbbbbbb"], "and it is free again"


def test_an_adapter_without_a_deployment_waits_for_it() -> None:
    world = AdapterWorld()
    world.put_adapter("sql", deployment="lost")
    world.reconcile_adapter()
    assert world.reason() == ("False", "NotFound")
    assert "there is no InferenceDeployment lost in default; create it" in world.words()
    world.settle()
    assert world.listed.entries == ()


def test_a_deployment_without_adapter_slots_is_reported() -> None:
    world = AdapterWorld()
    world.apply(deployment("plain"))
    world.settle("plain")
    world.put_adapter("sql", deployment="plain")
    world.reconcile_adapter()
    assert world.reason() == ("False", "NoAdapterSlots")
    assert "set spec.engine.lora: {} there" in world.words()
    assert (kinds.CONFIG_MAP.title, "default", "plain-adapters") not in world.objects.held


def test_a_deployment_that_cannot_be_read_is_reported_as_unreadable() -> None:
    world = AdapterWorld()
    broken = deployment("broken", accelerator=3)
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, broken)
    world.put_adapter("sql", deployment="broken")
    world.reconcile_adapter()
    assert world.reason() == ("False", "Unreadable")


def test_an_adapter_that_cannot_be_read_disturbs_no_other() -> None:
    world = AdapterWorld()
    world.put_adapter("sql", version() | {"digest": "md5:1"})
    world.put_adapter("good", version(SECOND))
    world.settle()
    world.reconcile_adapter()
    assert world.reason() == ("False", "Unreadable")
    assert [one.name for one in world.listed.entries] == ["good@bbbbbbbb"]


def test_before_there_is_a_replica_it_waits_for_one() -> None:
    world = AdapterWorld()
    world.put_adapter()
    for pod in world.engine_pods():
        world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    assert world.reconcile_adapter().after_s == LOADED_S, "the first replica wakes it"
    assert world.reason() == ("False", "NoneReady")


def test_an_adapter_of_a_deployment_at_zero_is_ready_as_its_deployment_is() -> None:
    """It was Reconciling without end, so `helm upgrade --wait` and Flux waited for a replica that nobody asked for."""
    world = AdapterWorld()
    world.apply(deployment(replicas=0, **SLOTS))
    world.settle()
    world.put_adapter()
    world.settle()
    assert world.reconcile_adapter().after_s == LOADED_S, "the first replica wakes it"
    assert world.reason() == ("True", "ScaledToZero")
    assert world.words() == "chat is at zero; its first replica loads it"
    assert {one["type"] for one in world.status()["conditions"]} == {"Ready", "Accepted"}


def test_adapters_beside_it_are_parsed_once_however_often_each_is_polled(monkeypatch: pytest.MonkeyPatch) -> None:
    world = AdapterWorld()
    names = [f"sql-{number}" for number in range(4)]
    for number, name in enumerate(names):
        world.put_adapter(name, version(f"sha256:{number:064x}"))
    world.settle()
    for name in names * 2:
        world.reconcile_adapter(name)
    parsed: list[ParsedObject[AdapterSpec]] = []
    convert = adapter_conversion.adapter

    def counted(written: ParsedObject[AdapterSpec]) -> ServedAdapter:
        parsed.append(written)
        return convert(written)

    monkeypatch.setattr(adapter_conversion, "adapter", counted)
    for name in names * 3:
        world.reconcile_adapter(name)
    assert parsed == []
    world.put_adapter(names[0], version(SECOND))
    for name in names:
        world.reconcile_adapter(name)
    assert [one.spec.versions[0].digest for one in parsed] == [SECOND] * 2, "once as written, once with its status"
    world.remove_adapter(names[0])
    assert world.reconcile_adapter(names[0]).gone


def test_an_operator_that_was_restarted_writes_nothing_again() -> None:
    world = AdapterWorld()
    world.put_adapter()
    world.settle()
    world.load()
    world.reconcile_adapter()
    writes = len(world.server.writes)
    world.restart()
    world.settle()
    world.reconcile_adapter()
    assert len(world.server.writes) == writes


def test_behind_a_gateway_its_routers_know_the_adapter_as_a_model() -> None:
    world = AdapterWorld()
    world.put_gateway()
    world.apply(deployment(gateway={"name": "front"}, **SLOTS))
    world.settle()
    world.put_adapter()
    world.settle()
    found = world.router_file("front-gateway")
    (target,) = found["targets"]
    whole = [{"name": SQL, "percent": 100}]
    assert target["adapterVersions"] == [{"name": "sql", "versions": whole, "trial": "", "step": 0}]
    assert {one["name"]: one["target"] for one in found["routes"]} == {"chat": "default/chat", "sql": "default/chat"}


def test_a_permanent_failure_is_reported_before_one_that_will_be_retried() -> None:
    world = AdapterWorld()
    world.put_adapter("sql", version(FIRST, 100), version(SECOND, 0))
    world.settle()
    world.load()
    names = sorted(one["metadata"]["name"] for one in world.engine_pods())
    final = AdapterPlace(name="sql@bbbbbbbb", state=AdapterState.FAILED, reason=AdapterReason.OTHER_BASE, message="no")
    again = replace(final, name=SQL, reason=AdapterReason.SOURCE_UNREADABLE, message="later")
    world.pod_client.adapter_places[names[0]] = (again,)
    world.pod_client.adapter_places[names[1]] = (AdapterPlace(name=SQL, state=AdapterState.LOADED), final)
    world.reconcile_adapter()
    assert world.reason() == ("False", "AdapterRefused")
    assert names[1] in world.words()
