"""What an engine is to run, with all that is known of the model and the GPU: the input of every check."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from fairlead.engines import extra_args
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import DesiredEngine, DesiredRevision
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import ModelShape

Facts = ParamSpec("Facts")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSetup:
    """Unknown facts are absent, and a check that needs one finds nothing: the engine itself still refuses later."""

    wanted: DesiredRevision
    shape: ModelShape | None = None
    draft_shape: ModelShape | None = None
    accelerator: Accelerator | None = None
    kv_bytes: int | None = None
    """The KV cache that the engine is told, where it computes on a processor; None: it is not known."""
    kv_tokens: int | None = None
    """The tokens that this cache holds, for engines that are told those."""

    @property
    def engine(self) -> DesiredEngine:
        """The engine's own settings."""
        return self.wanted.engine

    @property
    def on_cpu(self) -> bool:
        """Whether it computes on a node's processor."""
        return self.wanted.cpu is not None

    @property
    def weights(self) -> WeightFormat:
        """The format of weights in memory: as the spec sets it, else as the checkpoint stores them."""
        if self.engine.weights is WeightFormat.NONE and self.shape is not None:
            return self.shape.stored.format
        return self.engine.weights

    @property
    def context_tokens(self) -> int | None:
        """The longest request, as the spec sets it, else as the model allows."""
        return self.engine.max_context_tokens or (self.shape.positions if self.shape else None)

    def gives(self, *flags: str) -> bool:
        """Whether an extra argument names one of these flags."""
        return any(extra_args.flag(argument) in flags for argument in self.engine.extra_args)

    def value(self, flag: str) -> str | None:
        """The value an extra argument gives to a flag; the last one counts."""
        words = self.engine.extra_args
        found = None
        for index, word in enumerate(words):
            if extra_args.flag(word) == flag:
                _, equals, written = word.partition("=")
                found = written if equals else "".join(words[index + 1 : index + 2])
        return found

    def variable(self, name: str) -> str | None:
        """The value of an extra environment variable."""
        return dict(self.engine.extra_env).get(name)


RefusalCheck = Callable[[EngineSetup], SpecRefusal | None]
"""One rule; its docstring cites what it mirrors. It relies on no other rule having run before."""

WarningCheck = Callable[[EngineSetup], SpecWarning | None]
"""One rule about what is legal and has a cost or a risk that the user should know."""


def cited(
    source: str,
    check: Callable[Concatenate[EngineSetup, Facts], Found],
    *facts: Facts.args,
    **named: Facts.kwargs,
) -> Callable[[EngineSetup], Found]:
    """A check that several engines need, as that of one: with its facts, and where its own release says so.

    The page of engines quotes the docstring of each check, so the source becomes it.
    """

    def of_one(setup: EngineSetup) -> Found:
        return check(setup, *facts, **named)

    of_one.__module__, of_one.__name__, of_one.__doc__ = check.__module__, check.__name__, source
    return of_one


def refusals(setup: EngineSetup, checks: Sequence[RefusalCheck]) -> tuple[SpecRefusal, ...]:
    """All refusals, in the order of the checks, so that a user can mend several fields in one edit."""
    return tuple(no for check in checks if (no := check(setup)) is not None)


def warnings_of(setup: EngineSetup, doubts: Sequence[WarningCheck]) -> tuple[SpecWarning, ...]:
    """All warnings, in the order of the checks."""
    return tuple(word for doubt in doubts if (word := doubt(setup)) is not None)
