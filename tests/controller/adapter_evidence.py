"""The effect of each field of an adapter: what differs for loaders and routers with another value. Pure."""

from dataclasses import replace
from typing import Any, Final

from fairlead.api.kinds import ADAPTER
from fairlead.controller.adapters import load_lists
from fairlead.controller.adapters.served_adapters import ServedAdapters
from fairlead.fleet.adapters import ServedAdapter
from fairlead.planning import adapter_canary
from fairlead.planning.adapter_canary import VersionFacts
from tests.api import full_adapters, full_specs
from tests.api.test_every_field_is_live import decided, leaves, named, others, words
from tests.objects.specs import LEAST, wanted
from tests.planning.states import T0

PODS: Final = tuple(f"chat-{number}" for number in range(6))
LISTED: Final = "the list that loaders follow"
ROUTED: Final = "the routers' configuration"
CHOSEN: Final = "which deployment serves it"
TRIED: Final = "the plan by which a new version takes over"


def places(leaf: str) -> list[str]:
    """What differs with another value of this leaf."""
    spec = full_adapters.TRIED_ADAPTER if leaf.startswith("canary.") else full_adapters.ADAPTER_SPEC
    path = next(path for path in leaves(spec) if named(path) == leaf)
    value: Any = spec
    for step in path:
        value = value[step]
    before = _brought_about(decided(ADAPTER, spec))
    found: set[str] = set()
    for other in others(value, words(ADAPTER, path)):
        after = decided(ADAPTER, full_specs.with_value(spec, path, other))
        if after is None and leaf == "versions.traffic":
            # The shares of all versions add up to 100: one cannot change alone.
            after = _divided(decided(ADAPTER, spec), other)
        if after is not None:
            changed = _brought_about(after)
            found |= {name for name, one in changed.items() if one != before[name]}
    return sorted(found)


def _divided(adapter: ServedAdapter, percent: int) -> ServedAdapter:
    first, second = adapter.editions
    return replace(adapter, editions=(replace(first, traffic=percent), replace(second, traffic=100 - percent)))


def _brought_about(adapter: ServedAdapter) -> dict[str, object]:
    served = ServedAdapters(served=(adapter,))
    return {
        LISTED: load_lists.listed(served, wanted(LEAST).revision, None, PODS),
        ROUTED: load_lists.shares(served.served),
        CHOSEN: adapter.deployment,
        TRIED: adapter_canary.follow(adapter, VersionFacts(), None, T0),
    }
