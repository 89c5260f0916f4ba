"""The state of a deployment or a gateway, the same on every page, and what is wrong with it."""

from collections.abc import Mapping
from typing import Final

from fairlead.console.elements import Markup, element, prose
from fairlead.review.diagnosis import DiagnosedCondition, Diagnosis

SERVES, DOUBTFUL, DOWN = "serves", "doubtful", "down"
SIGNS: Final[Mapping[str, str]] = {SERVES: "✓", DOUBTFUL: "!", DOWN: "✗"}
"""So that colour is not the only difference."""
WITHOUT_READY: Final = "its status has no condition Ready yet"


def state(found: Diagnosis) -> str:
    """Its state, in one word."""
    if found.is_well:
        return SERVES
    return DOUBTFUL if found.ready == "True" else DOWN


def trouble(found: Diagnosis) -> str:
    """The first cause of what is wrong; empty if nothing is."""
    if found.found:
        return f"{found.found[0].reason}: {found.found[0].message}"
    return "" if found.is_well else found.outdated or found.summary or WITHOUT_READY


def section(found: Diagnosis) -> Markup:
    """Show its state, and each cause of what is wrong with its remedy."""
    word = state(found)
    summary = f"{SIGNS[word]} {found.outdated or found.summary or WITHOUT_READY}"
    if word == SERVES:
        return element("p", summary, class_="verdict serves", role="status")
    causes = map(_remedied, found.found)
    return element("div", element("p", summary), *causes, class_=f"verdict {word}", role="status")


def _remedied(one: DiagnosedCondition) -> Markup:
    """Show a condition with its cause, what to do, and the command for it."""
    command = element("pre", element("code", one.command), tabindex="0") if one.command else None
    return element(
        "div",
        element("h3", f"{one.reason} ({one.type})"),
        element("p", one.message),
        element("p", prose(one.cause), class_="faint"),
        element("p", prose(one.action)),
        command,
        class_="remedy",
    )
