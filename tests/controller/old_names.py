"""Data for the test of every field: connections under the name of the release before, as under the new one."""

from typing import Final

from tests.controller import every_field
from tests.controller.every_field import Spec

NEW: Final = "router.connections."
OLD: Final = "router.door."

VALUES: Final[Spec] = {
    leaf.replace(NEW, OLD): value for leaf, value in every_field.VALUES.items() if leaf.startswith(NEW)
}
BESIDE: Final[dict[str, Spec]] = {
    leaf.replace(NEW, OLD): {"router": {"door": beside["router"]["connections"]}}
    for leaf, beside in every_field.BESIDE.items()
    if leaf.startswith(NEW)
}
