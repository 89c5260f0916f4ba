"""Conversion of what a spec says of pods: the nodes they run on, and what is mounted into them."""

import json

from fairlead.api.mounts import Mount
from fairlead.api.pods import Placement, RouterPlacement, Storage, WhenUnsatisfiable
from fairlead.api.value_mapping import value
from fairlead.fleet.desired_state import DesiredPlacement, SpreadConstraint, Toleration
from fairlead.fleet.mounts import MountedKind, UserMount


def placement(spec: RouterPlacement) -> DesiredPlacement:
    """Convert the placement of routers, or of engines, which may also name an account and Secrets."""
    engines = spec if isinstance(spec, Placement) else None
    return value(
        spec,
        DesiredPlacement,
        tolerations=tuple(value(one, Toleration, seconds=one.toleration_seconds) for one in spec.tolerations),
        affinity=json.dumps(spec.affinity, sort_keys=True) if spec.affinity else None,
        spread=tuple(
            value(one, SpreadConstraint, hard=one.when_unsatisfiable is WhenUnsatisfiable.DO_NOT_SCHEDULE)
            for one in spec.topology_spread_constraints
        ),
        priority_class=spec.priority_class_name,
        runtime_class=spec.runtime_class_name,
        scheduler=spec.scheduler_name,
        service_account=engines.service_account_name if engines else None,
        pull_secrets=tuple(one.name for one in engines.image_pull_secrets) if engines else (),
    )


def mounts(spec: Storage) -> tuple[UserMount, ...]:
    """Convert the mounts; one that names no object, which the schema refuses, is left out."""
    return tuple(one for each in spec.mounts for one in _mounts(each)[:1])


def _mounts(spec: Mount) -> list[UserMount]:
    sources = {
        MountedKind.CONFIG_MAP: spec.config_map_name,
        MountedKind.SECRET: spec.secret_name,
        MountedKind.CLAIM: spec.claim_name,
    }
    return [
        UserMount(path=spec.path, kind=kind, name=name, inside=spec.sub_path or "", writable=spec.writable)
        for kind, name in sources.items()
        if name is not None
    ]
