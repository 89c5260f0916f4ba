"""Output of `fairlead why`: a block for each object that is not well, or JSON."""

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from fairlead.cli import context_commands
from fairlead.cli.top_table import BOLD, GREEN, PLAIN, RED, YELLOW
from fairlead.fleet.plurals import count
from fairlead.fleet.time_spans import lasting
from fairlead.review.diagnosis import DiagnosedCondition, Diagnosis
from fairlead.telemetry.log_lines import escaped

PAGE: Final = "docs/troubleshooting.md"
_INDENT: Final = " " * 11


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyText:
    """The format of the output."""

    now: float
    width: int
    colour: bool
    context: str | None = None
    """Of the kubeconfig, for commands; None: its current one."""
    operator_namespace: str | None = None
    """Where the operator is; None: it may be in any of several."""

    def lines(self, found: Sequence[Diagnosis], operator: str | None, *, every: bool) -> Iterator[str]:
        """Yield all that is not well; with `every`, also what is well, since it was requested by name."""
        if operator is not None:
            yield self._painted(RED, f"✗ {operator}")
            yield from self._field("cause", "Every status below dates from then; engines and routers keep running.")
            yield from self._field("command", self._operator_pods())
        well = [one for one in found if one.is_well]
        for one in found:
            if every or not one.is_well:
                yield from self._object(one)
        if not every:
            words = f"{len(well)} of {count(len(found), 'object')} well"
            yield self._painted(GREEN, f"✓ {words}") if len(well) == len(found) and not operator else words

    def _operator_pods(self) -> str:
        where = "-A" if self.operator_namespace is None else f"-n {self.operator_namespace}"
        command = f"kubectl get pods {where} -l app.kubernetes.io/name=fairlead"
        return context_commands.in_context(command, self.context)

    def _object(self, one: Diagnosis) -> Iterator[str]:
        if one.is_well:
            yield self._painted(GREEN, f"✓ {_place(one)}: {one.summary}")
            return
        serves = one.ready == "True"
        about = one.found[0].reason if one.found else one.summary or one.outdated
        since = self._since(one.found[0]) if one.found else ""
        heading = f"{'!' if serves else '✗'} {_place(one)}{', which serves' if serves else ''}: {about}{since}"
        yield self._painted(YELLOW if serves else RED, heading)
        if one.outdated and about != one.outdated:
            yield from self._field("status", one.outdated)
        if one.outdated and not one.found:
            yield from self._field("command", self._operator_pods())
        for place, condition in enumerate(one.found):
            yield from self._first(condition) if place == 0 else self._other(condition)

    def _first(self, one: DiagnosedCondition) -> Iterator[str]:
        yield from self._field("says", one.message)
        yield from self._field("cause", one.cause)
        yield from self._field("do", one.action)
        yield f"  {'command':<9}{self._painted(BOLD, one.command)}"
        yield f"  {'more':<9}{PAGE}#{one.reason.lower()}"

    def _other(self, one: DiagnosedCondition) -> Iterator[str]:
        yield from self._field("then", f"{one.type} {one.reason}{self._since(one)}: {one.message}")

    def _field(self, name: str, words: str) -> Iterator[str]:
        first, *rest = textwrap.wrap(escaped(" ".join(words.split())), max(40, self.width - len(_INDENT))) or [""]
        yield f"  {name:<9}{first}"
        yield from (f"{_INDENT}{line}" for line in rest)

    def _since(self, one: DiagnosedCondition) -> str:
        try:
            seconds = self.now - datetime.fromisoformat(one.since).timestamp()
        except ValueError:
            return ""
        return f", for {lasting(seconds)}"

    def _painted(self, paint: str, words: str) -> str:
        clean = escaped(words)
        return f"{paint}{clean}{PLAIN}" if self.colour else clean


def as_json(found: Sequence[Diagnosis], operator: str | None) -> str:
    """Format as JSON, objects that are well included."""
    objects = [asdict(one) | {"well": one.is_well} for one in found]
    return json.dumps({"operator": operator, "objects": objects}, indent=2)


def nothing_there(name: str, namespace: str | None, others: Sequence[Mapping[str, Any]]) -> str:
    """Why there is nothing to check, and which objects exist."""
    where = "in any namespace" if namespace is None else f"in namespace {namespace}"
    if not name:
        elsewhere = "" if namespace is None else "; -n names another, -A looks everywhere"
        return f"there is no object of Fairlead {where}{elsewhere}"
    names = sorted(one["metadata"]["name"] for one in others)
    elsewhere = "" if namespace is None else "; -n names another"
    there = f"there are: {', '.join(names[:10])}" if names else f"there are none at all{elsewhere}"
    return f"there is no {name} {where}: {there}"


def _place(one: Diagnosis) -> str:
    return f"{one.kind}/{one.name} in {one.namespace}"
