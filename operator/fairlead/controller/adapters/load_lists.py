"""The list of adapters for a deployment's replicas, and for its routers. Pure."""

from collections.abc import Collection, Iterable

from fairlead.adapting import placement
from fairlead.adapting.load_list import LoadEntry, LoadList
from fairlead.cluster.kinds import Manifest
from fairlead.controller.adapters.served_adapters import ServedAdapters
from fairlead.fleet.adapters import AdapterShare, AdapterVersions, ServedAdapter
from fairlead.fleet.desired_state import DesiredRevision, SourceScheme
from fairlead.fleet.shapes import ModelShape
from fairlead.objects import adapter_loader, applied_hash, router_config
from fairlead.objects.owner import Owner


def listed(
    adapters: ServedAdapters, revision: DesiredRevision, shape: ModelShape | None, pods: Collection[str]
) -> LoadList:
    """Return what each replica should load."""
    few = {one.served_name: one.replicas for one in adapters.served if one.replicas is not None}
    places = placement.placed(few, sorted(pods))
    return LoadList(
        entries=tuple(
            LoadEntry(
                name=one.engine_name(edition),
                digest=edition.digest,
                source=edition.source,
                bases=bases(one, revision),
                pods=places.get(one.served_name),
            )
            for one in adapters.served
            for edition in one.editions
        ),
        hidden=shape.hidden if shape is not None else None,
        layers=shape.layers if shape is not None else None,
    )


def bases(adapter: ServedAdapter, revision: DesiredRevision) -> tuple[str, ...]:
    """Return the base model names that an adapter may give; a folder or an image has no name that training knew."""
    if adapter.base_model is not None:
        return (adapter.base_model,)
    source = revision.model.source
    return (source.location,) if source.scheme is SourceScheme.HUB else ()


def shares(adapters: Iterable[ServedAdapter]) -> tuple[AdapterVersions, ...]:
    """Return what routers need: the versions of each name, and their shares of its conversations."""
    return tuple(
        AdapterVersions(
            name=one.served_name,
            versions=tuple(
                AdapterShare(name=one.engine_name(edition), percent=edition.traffic) for edition in one.editions
            ),
            trial=one.trial,
            step=one.step,
        )
        for one in sorted(adapters, key=lambda one: one.served_name)
    )


def with_adapters(
    static: tuple[Manifest, ...], owner: Owner, adapters: ServedAdapters, load_list: LoadList
) -> tuple[Manifest, ...]:
    """Return a deployment's children with the list in one ConfigMap, and the names in the other."""
    named = shares(adapters.served)
    return tuple(_with(one, owner, named, load_list) for one in static)


def _with(child: Manifest, owner: Owner, named: tuple[AdapterVersions, ...], load_list: LoadList) -> Manifest:
    if adapter_loader.is_list(child, owner):
        return applied_hash.with_applied_hash(adapter_loader.with_list(child, load_list))
    if named and router_config.is_configuration(child):
        return applied_hash.with_applied_hash(router_config.with_adapters(child, named))
    return child
