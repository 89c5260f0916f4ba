"""Data for the test of every field: the mounts of a spec, of each kind of object."""

from typing import Any, Final


def _with(**mount: object) -> dict[str, Any]:
    return {"storage": {"mounts": [{"path": "/etc/own", **mount}]}}


VALUES: Final[dict[str, Any]] = {
    "storage.mounts.[].path": "/etc/other",
    "storage.mounts.[].configMapName": "t",
    "storage.mounts.[].secretName": "t",
    "storage.mounts.[].claimName": "models",
    "storage.mounts.[].subPath": "key",
}
BESIDE: Final[dict[str, dict[str, Any]]] = {
    "storage.mounts.[].path": _with(configMapName="s"),
    "storage.mounts.[].configMapName": _with(configMapName="s"),
    "storage.mounts.[].secretName": _with(secretName="s"),
    "storage.mounts.[].claimName": _with(claimName="data"),
    "storage.mounts.[].subPath": _with(secretName="s"),
    "storage.mounts.[].writable": _with(claimName="models"),
}
