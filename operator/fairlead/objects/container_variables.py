"""Environment variables of a container, given as text or read by the kubelet from where they are kept."""

from fairlead.fleet.desired_state import EnvFrom, SecretKey
from fairlead.fleet.engine_launch import EnvVar
from fairlead.objects.manifest import Manifest


def environment(*variables: EnvVar) -> list[Manifest]:
    """Keep each name once, as an apply with a name twice is refused; the last value wins, as in a shell.

    It also keeps the last position, since a value may refer to variables before it.
    """
    last: dict[str, Manifest] = {}
    for variable in variables:
        last.pop(variable.name, None)
        last[variable.name] = {"name": variable.name} | _value(variable.value)
    return list(last.values())


def _value(value: str | SecretKey | EnvFrom) -> Manifest:
    match value:
        case SecretKey():
            return {"valueFrom": {"secretKeyRef": {"name": value.name, "key": value.key}}}
        case EnvFrom():
            kind = "secretKeyRef" if value.from_secret else "configMapKeyRef"
            return {"valueFrom": {kind: {"name": value.object_name, "key": value.key}}}
    return {"value": value}
