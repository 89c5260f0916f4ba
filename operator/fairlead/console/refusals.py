"""Pages that refuse a request: the reason, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.console.document import PageFrame, document
from fairlead.console.elements import element


class ConsoleRefusal(StrEnum):
    """Why a page is not shown."""

    NO_TOKEN = "NoToken"
    UNKNOWN_TOKEN = "UnknownToken"
    DENIED = "Denied"
    GATEWAY_DENIED = "GatewayDenied"
    REPORT_DENIED = "ReportDenied"
    NOT_FOUND = "NotFound"
    NOT_LEADING = "NotLeading"
    NO_ANSWER = "NoAnswer"


@dataclass(frozen=True, slots=True)
class RefusalPage:
    """The page for one reason."""

    status: int
    title: str
    action: str


PAGES: Final[Mapping[ConsoleRefusal, RefusalPage]] = {
    ConsoleRefusal.NO_TOKEN: RefusalPage(
        401,
        "No token",
        "The console asks Kubernetes who you are. Run kubectl fairlead console and open the address that it prints, "
        "or send a Kubernetes token as Authorization: Bearer TOKEN.",
    ),
    ConsoleRefusal.UNKNOWN_TOKEN: RefusalPage(
        401,
        "Unknown token",
        "Kubernetes does not know this token, or it has expired. Stop kubectl fairlead console, log in again, "
        "and restart it.",
    ),
    ConsoleRefusal.DENIED: RefusalPage(
        403,
        "Not allowed",
        "You may read no InferenceDeployment here. Ask for the verb get on inferencedeployments.fairlead.dev; the "
        "cluster role view has it. If kubectl auth can-i get infd -n NAMESPACE says yes, that namespace has nothing of "
        "Fairlead yet.",
    ),
    ConsoleRefusal.GATEWAY_DENIED: RefusalPage(
        403,
        "Not allowed",
        "You may read no InferenceGateway here. Ask for the verb get on inferencegateways.fairlead.dev; the cluster "
        "role view has it. If kubectl auth can-i get infg -n NAMESPACE says yes, that namespace has nothing of "
        "Fairlead yet.",
    ),
    ConsoleRefusal.REPORT_DENIED: RefusalPage(
        403,
        "Not allowed",
        "A report is a ConfigMap, and you may read none in this namespace. Ask for the verb get on configmaps there; "
        "the cluster role view has it. kubectl auth can-i get configmaps -n NAMESPACE says whether you have it.",
    ),
    ConsoleRefusal.NOT_FOUND: RefusalPage(
        404, "Not found", "There is no such page, or no such object. Begin with the fleet."
    ),
    ConsoleRefusal.NOT_LEADING: RefusalPage(
        503,
        "Standing by",
        "Another pod of the operator is the leader and has the data. kubectl fairlead console finds it; behind "
        "a Service, reload the page.",
    ),
    ConsoleRefusal.NO_ANSWER: RefusalPage(
        503,
        "Kubernetes does not answer",
        "The API server could not say who you are or what you may read. Reload the page in a few "
        "seconds; see kubectl logs of the operator.",
    ),
}


def page(reason: ConsoleRefusal, frame: PageFrame) -> str:
    """Build the page for one reason."""
    found = PAGES[reason]
    return document(found.title, frame, element("p", found.action, class_="note", role="alert"))
