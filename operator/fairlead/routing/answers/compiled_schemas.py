"""Compiles requests' schemas once and keeps them within bounds; hostile ones are refused, and none fetches anything."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from fairlead.fleet.light_dataclass import light
from fairlead.routing import linear_patterns
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult, fault
from fairlead.routing.answers.schema_cost import SchemaCost, cost_of
from fairlead.routing.answers.schema_references import SchemaError, patterns_in

MAX_SCHEMA_BYTES: Final = 64 * 2**10
MAX_ANSWER_BYTES: Final = 2**20
MAX_PATTERNS: Final = 16
MAX_STEPS: Final = 2**23
"""Steps of all checks of one answer: some tenths of a second in the worst case, usually microseconds."""
MAX_EXPLAINED_STEPS: Final = (2**17, 2**13)
"""Explaining an error copies parts of the document repeatedly; beyond this, the result only says that there is one. The
second limit is for schemas that grow."""
MAX_KEPT: Final = 128
MAX_KEPT_BYTES: Final = 16 * 2**20
_MISMATCH: Final = "it does not match the JSON schema of the request"
_BYTES_A_BYTE: Final = 24
"""Bytes per schema byte once compiled: measured 1.5 MB for 64 KiB."""


@dataclass(slots=True)
class StepBudget:
    """Steps that checks of one answer may still take: it may have many choices and calls."""

    left: int = MAX_STEPS

    def take(self, steps: int) -> bool:
        """Take steps, if as many are left."""
        enough = steps <= self.left
        self.left -= steps if enough else 0
        return enough


@light
class CompiledSchema:
    """A schema ready to check by."""

    is_valid: Callable[[Any], bool]
    validate: Callable[[Any], None]
    cost: SchemaCost
    size: int
    """Estimated size in bytes."""

    def check(self, text: str, budget: StepBudget | None = None) -> CheckResult:
        """Check whether a text is JSON that obeys the schema; without a budget it has one of its own."""
        encoded = text.encode(errors="replace")
        document = _decoded(encoded)
        return (
            document
            if isinstance(document, CheckResult)
            else self._checked(document, len(encoded), budget or StepBudget())
        )

    def _checked(self, document: object, size: int, budget: StepBudget) -> CheckResult:
        steps = self.cost.steps(document, size)
        if not budget.take(steps):
            message = "checking this answer against this schema would take a router too long"
            return fault(AnswerFault.TOO_COSTLY, message)
        if self.is_valid(document):
            return PASSED
        if steps > MAX_EXPLAINED_STEPS[self.cost.growth > 1]:
            return fault(AnswerFault.SCHEMA, _MISMATCH)
        return self._explained(document)

    def _explained(self, document: object) -> CheckResult:
        try:
            self.validate(document)
        except ValueError as problem:
            if not hasattr(problem, "instance_path"):  # the library cannot show what nests more than 255 deep
                return fault(AnswerFault.SCHEMA, _MISMATCH)
            place = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in problem.instance_path)
            keyword = problem.kind.name  # type: ignore[attr-defined]  # the same
            shown = problem.message  # type: ignore[attr-defined]  # the same
            where = f"at ${place[:80]}: "
            return fault(AnswerFault.SCHEMA, f"{where}{shown}", keyword)
        return PASSED


class CompiledSchemas:
    """The compiled schemas of recent requests, by their bytes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, CompiledSchema | CheckResult] = OrderedDict()
        self._size = 0

    def get(self, raw: bytes) -> CompiledSchema | CheckResult:
        """Return the compiled schema, or why it is refused."""
        kept = self._kept.get(raw)
        if kept is None:
            kept = self._kept[raw] = compiled(raw)
            self._size += _size(raw, kept)
            while len(self._kept) > MAX_KEPT or (self._size > MAX_KEPT_BYTES and len(self._kept) > 1):
                self._size -= _size(*self._kept.popitem(last=False))
        else:
            self._kept.move_to_end(raw)
        return kept


def compiled(raw: bytes) -> CompiledSchema | CheckResult:
    """Compile a schema from its bytes, or return why it is refused."""
    try:
        return _compiled(raw)
    except SchemaError as problem:
        return fault(AnswerFault.SCHEMA_REFUSED, f"the JSON schema is not used: {problem}")
    except ValueError as problem:
        first = str(getattr(problem, "message", problem)).partition("\\n")[0]
        return fault(AnswerFault.SCHEMA_REFUSED, f"the JSON schema is not used: {first}")
    except RecursionError:
        return fault(AnswerFault.SCHEMA_REFUSED, "the JSON schema is not used: it nests too deeply; flatten it")


def _compiled(raw: bytes) -> CompiledSchema:
    if len(raw) > MAX_SCHEMA_BYTES:
        raise SchemaError(f"it has {len(raw)} bytes, at most {MAX_SCHEMA_BYTES} are read; shorten it")
    schema = msgspec.json.decode(raw)
    patterns = list(patterns_in(schema))
    if len(patterns) > MAX_PATTERNS or any(len(one) > linear_patterns.MAX_CHARACTERS for one in patterns):
        longest = linear_patterns.MAX_CHARACTERS
        raise SchemaError(f"more than {MAX_PATTERNS} patterns, or one of more than {longest} characters; use fewer")
    library = linear_patterns.library()
    cost = cost_of(schema)
    validator = library.validator_for(
        schema, offline=True, validate_formats=False, pattern_options=linear_patterns.options()
    )
    size = len(raw) * _BYTES_A_BYTE + sum(map(linear_patterns.size, patterns))
    return CompiledSchema(is_valid=validator.is_valid, validate=validator.validate, cost=cost, size=size)


def _decoded(encoded: bytes) -> object:
    """Return the document in these bytes, or why there is none."""
    if len(encoded) > MAX_ANSWER_BYTES:
        return fault(AnswerFault.TOO_COSTLY, f"the answer has {len(encoded)} bytes, beyond {MAX_ANSWER_BYTES}")
    try:
        return msgspec.json.decode(encoded)
    except ValueError as problem:
        return fault(AnswerFault.NOT_JSON, f"it is not JSON: {problem}")
    except RecursionError:
        return fault(AnswerFault.NOT_JSON, "it is not JSON that can be read: it nests too deeply")


def _size(raw: bytes, kept: CompiledSchema | CheckResult) -> int:
    return len(raw) + (kept.size if isinstance(kept, CompiledSchema) else 0)
