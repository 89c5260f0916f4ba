"""Objects of other APIs in the same files, such as a Secret or a Namespace: reported and otherwise ignored.

An object with one of our kinds or our API group is ours, whatever else is wrong, so that a typing error is refused.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fairlead.api.kinds import GROUP, KINDS
from fairlead.cluster.documents import YamlDocument
from fairlead.telemetry.log_lines import escaped


def apart(found: Iterable[YamlDocument]) -> tuple[list[YamlDocument], list[YamlDocument]]:
    """Split documents into ours, with all that cannot be read, and those of other APIs."""
    ours: list[YamlDocument] = []
    others: list[YamlDocument] = []
    for one in found:
        (others if is_foreign(one.content) else ours).append(one)
    return ours, others


def is_foreign(content: object) -> bool:
    """Whether this is a complete object of another API group and of none of our kinds."""
    if not isinstance(content, dict):
        return False
    version, kind = content.get("apiVersion"), content.get("kind")
    if not isinstance(version, str) or not isinstance(kind, str):
        return False
    return version.partition("/")[0] != GROUP and kind not in {one.name for one in KINDS}


def nothing_of_ours(files: Sequence[str]) -> str:
    """The message for files without an object that a command could use."""
    return f"fairlead: {', '.join(files)}: no object of Fairlead's kinds; give a file with one"


def as_text(one: YamlDocument) -> str:
    """Format as one line of text."""
    content: Any = one.content
    metadata = content.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    title = f"{one.place}: {content['kind'][:64]} {str(name)[:64]}".rstrip()
    return escaped(f"- {title}: an object of {content['apiVersion'][:64]}, not of {GROUP}; left alone")
