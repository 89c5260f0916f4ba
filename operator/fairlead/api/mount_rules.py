"""Validation rules of mounts: one object each, at a place that no other mount and no part of the system has."""

from typing import Any, Final

from fairlead.api.field_rule import FieldErrorReason, FieldRule
from fairlead.api.mounts import Mount
from fairlead.api.pods import Storage

_SOURCES: Final = ("configMapName", "secretName", "claimName")
_WHOLE: Final = (
    *("/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/run", "/sbin", "/usr", "/var"),
    *("/usr/bin", "/usr/lib", "/usr/lib64", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/workspace"),
    *("/usr/lib/x86_64-linux-gnu", "/usr/local/lib/python3.12", "/usr/local/lib/python3.12/dist-packages", "/opt/venv"),
    *("/sgl-workspace", "/sgl-workspace/sglang", "/sgl-workspace/sglang/python"),
    "/tmp",  # noqa: S108 - a path in the container
)
"""Folders that an engine's image needs, also those with the engine itself: a mount would hide what is in them."""
_TAKEN: Final = ("/dev", "/proc", "/sys", "/models", "/adapters", "/cache", "/etc/fairlead", "/claim")
"""Of the system, and of Fairlead: with all that is below."""
_BELOW: Final = "|".join(_TAKEN)


def _is_free(path: str) -> bool:
    return path not in _WHOLE and not any(path == one or path.startswith(f"{one}/") for one in _TAKEN)


def _sources(mount: Mount) -> int:
    return sum(one is not None for one in (mount.config_map_name, mount.secret_name, mount.claim_name))


_GIVEN: Final = " + ".join(f"(has(self.{one}) ? 1 : 0)" for one in _SOURCES)
RULES: Final[tuple[FieldRule[Any], ...]] = (
    FieldRule[Mount](
        on=Mount,
        field="path",
        fault=FieldErrorReason.INVALID,
        cel=f"{_GIVEN} == 1",
        holds=lambda it: _sources(it) == 1,
        because="a mount has exactly one object",
        remedy="set one of configMapName, secretName and claimName",
    ),
    FieldRule[Mount](
        on=Mount,
        field="path",
        fault=FieldErrorReason.FORBIDDEN,
        cel=f"!(self.path in {list(_WHOLE)}) && !self.path.matches('^({_BELOW})(/.*)?$')",
        holds=lambda it: _is_free(it.path),
        because="the engine, its image or Fairlead needs what is there",
        remedy="use a folder of your own, for instance /etc/company-ca; subPath puts one file into a folder",
    ),
    FieldRule[Mount](
        on=Mount,
        field="writable",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.writable) || !self.writable || has(self.claimName)",
        holds=lambda it: not it.writable or it.claim_name is not None,
        because="Kubernetes mounts ConfigMaps and Secrets read-only",
        remedy="remove writable, or mount a claim",
    ),
    FieldRule[Storage](
        on=Storage,
        field="mounts",
        fault=FieldErrorReason.INVALID,
        cel="!has(self.mounts) || self.mounts.all(one, self.mounts.all(other, !one.path.startsWith(other.path + '/')))",
        holds=lambda it: not any(one.path.startswith(f"{other.path}/") for one in it.mounts for other in it.mounts),
        because="one mount is inside another, where no folder can be made",
        remedy="give each a folder that is in no other",
    ),
)
