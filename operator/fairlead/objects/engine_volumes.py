"""The volumes of an engine pod: weights, a cache that may outlive the pod, shared memory, `/tmp`, users' own mounts.

A claim that is used twice is one volume with two folders: some storage drivers never mount the same claim twice in one
pod.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.fleet.desired_state import SourceScheme, Storage
from fairlead.fleet.engine_launch import ConfigMapFile, EngineLaunch, OptionsFile, WeightMount
from fairlead.fleet.mounts import MountedKind, UserMount
from fairlead.objects import labels, quantities
from fairlead.objects.manifest import Manifest

TMP: Final = "/tmp"  # noqa: S108 - inside the container, on a volume of its own
SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - where programs look for it


@dataclass(frozen=True, slots=True, kw_only=True)
class PodVolumes:
    """All volumes of a pod, and where they are mounted in its engine's container."""

    volumes: list[Manifest]
    mounts: list[Manifest]

    def of_claim(self, claim: str | None) -> str:
        """Return the name of the volume with a claim; empty if there is none."""
        return next((str(one["name"]) for one in self.volumes if claim and _claim(one) == claim), "")


def pod_volumes(storage: Storage, launch: EngineLaunch) -> PodVolumes:
    """Return everything that is mounted, in a fixed order."""
    pieces = [*_cache(storage, launch), *_weights(launch), *_files(launch), *_shared_memory(storage, launch), _tmp()]
    pieces += [_of_user(number, one) for number, one in enumerate(storage.mounts)]
    claims = list(dict.fromkeys(_claim(volume) for volume, _ in pieces if _claim(volume)))
    volumes: dict[str, Manifest] = {}
    mounts: list[Manifest] = []
    for volume, mount in pieces:
        name = f"claim-{claims.index(_claim(volume))}" if _claim(volume) else str(volume["name"])
        volumes.setdefault(name, volume | {"name": name})
        mounts.append({"name": name} | mount)
    return PodVolumes(volumes=list(volumes.values()), mounts=mounts)


VolumeAndMount = tuple[Manifest, Manifest]
"""One volume and one place where it is mounted."""


def _cache(storage: Storage, launch: EngineLaunch) -> list[VolumeAndMount]:
    """Build the cache, without a claim an emptyDir: it ends with the pod and survives a restart of the container."""
    if launch.cache_path is None:
        return []
    if storage.cache_claim is None:
        return [({"name": "cache", "emptyDir": {}}, {"mountPath": launch.cache_path})]
    return [(_of_claim(storage.cache_claim), {"mountPath": launch.cache_path} | _folder(storage.cache_folder or ""))]


def _weights(launch: EngineLaunch) -> list[VolumeAndMount]:
    return [_source(number, mount) for number, mount in enumerate(launch.mounts)]


def _source(number: int, mount: WeightMount) -> VolumeAndMount:
    """Mount weights read-only: if a pod could change them, replicas would differ."""
    place: Manifest = {"mountPath": mount.path, "readOnly": True}
    if mount.source.scheme is SourceScheme.OCI:
        return {"name": f"weights-{number}", "image": {"reference": mount.source.location}}, place
    claim, _, folder = mount.source.location.partition("/")
    return _of_claim(claim), place | _folder(folder)


def _files(launch: EngineLaunch) -> list[VolumeAndMount]:
    """Mount one key of each ConfigMap under the file name that the command opens; then the file of settings."""
    files = [_file(number, one) for number, one in enumerate(launch.files)]
    return files if launch.options is None else [*files, _options(launch.options)]


def _file(number: int, file: ConfigMapFile) -> VolumeAndMount:
    source = {"name": file.source.name, "items": [{"key": file.source.key, "path": file.name}]}
    return {"name": f"file-{number}", "configMap": source}, {"mountPath": file.folder, "readOnly": True}


def _options(file: OptionsFile) -> VolumeAndMount:
    reference = {"apiVersion": "v1", "fieldPath": f"metadata.annotations['{labels.OPTIONS}']"}
    source = {"items": [{"path": file.name, "fieldRef": reference}]}
    return {"name": "options", "downwardAPI": source}, {"mountPath": file.folder, "readOnly": True}


def _shared_memory(storage: Storage, launch: EngineLaunch) -> list[VolumeAndMount]:
    """Size it as in the spec, else the least the engine needs; the default 64 MiB stop GPUs' data exchange."""
    size = launch.shared_memory_bytes if storage.shared_memory_bytes is None else storage.shared_memory_bytes
    if size == 0:
        return []
    memory = {"medium": "Memory", "sizeLimit": quantities.of_bytes(size)}
    return [({"name": "shm", "emptyDir": memory}, {"mountPath": SHARED_MEMORY})]


def _tmp() -> VolumeAndMount:
    return {"name": "tmp", "emptyDir": {}}, {"mountPath": TMP}


def _of_user(number: int, mount: UserMount) -> VolumeAndMount:
    """Mount what the spec names; a claim that is used elsewhere too is the same volume."""
    place: Manifest = {"mountPath": mount.path} | ({} if mount.writable else {"readOnly": True}) | _folder(mount.inside)
    if mount.kind is MountedKind.CLAIM:
        return _of_claim(mount.name), place
    source = {"secretName": mount.name} if mount.kind is MountedKind.SECRET else {"name": mount.name}
    volume = "secret" if mount.kind is MountedKind.SECRET else "configMap"
    return {"name": f"mount-{number}", volume: source}, place


def _of_claim(claim: str) -> Manifest:
    return {"persistentVolumeClaim": {"claimName": claim}}


def _claim(volume: Manifest) -> str:
    return str(volume.get("persistentVolumeClaim", {}).get("claimName", ""))


def _folder(path: str) -> Manifest:
    return {"subPath": path.strip("/")} if path.strip("/") else {}
