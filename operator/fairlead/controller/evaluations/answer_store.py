"""Answers of one revision, kept in ConfigMaps beside its Deployment, a round at a time.

A line is written before another round is sent, so an operator that is killed repeats only the requests in flight.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.evaluating import journal, verdict_lines
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.judge import PairVerdict
from fairlead.objects import answer_journals
from fairlead.objects.answer_journals import AnswerPlace

LARGEST: Final = 256 * 1024
"""Characters of one ConfigMap, each of at most four bytes: the API server takes a mebibyte and a half with the rest."""
SHOWN: Final = 160
"""Characters of an answer that are kept for people."""
MOST: Final = 128
"""ConfigMaps of one revision."""


async def config_maps(client: ControllerApiClient, place: AnswerPlace) -> AsyncIterator[tuple[int, Manifest]]:
    """Yield the ConfigMaps of one revision with their numbers, whoever owns them, up to the first that is missing."""
    for number in range(MOST):
        live = await client.read(kinds.CONFIG_MAP, place.namespace, place.name(number))
        if live is None:
            return
        yield number, live


class AnswersNotOurs(Exception):
    """A ConfigMap of that name has another owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """What a store keeps."""

    of_any_trial: bool
    """Answers of every try of the revision count."""
    failures: bool = True
    """Failed ones count too; otherwise they are requested again, once for each start of a run."""
    shown: int = SHOWN
    """Characters of an answer; a judge reads them again after a restart."""
    judge: str = ""
    """The digest of the judge whose verdicts count; empty: there is none."""


class AnswerStore:
    """The answers of one side, and a judge's verdicts on them."""

    def __init__(self, client: ControllerApiClient, place: AnswerPlace, settings: StoreSettings) -> None:
        self._client = client
        self._place = place
        self._settings = settings
        self._trial = None if settings.of_any_trial else place.trial
        self._last = ""
        """The lines of the ConfigMap that is written to."""
        self._number = 0
        self._waiting: list[JournalLine] = []
        """Answers not kept yet, since the API server did not accept them."""
        self._unkept: dict[str, PairVerdict] = {}
        """Verdicts not kept yet."""
        self.answers: dict[tuple[str, int], JournalLine] = {}
        self.verdicts: dict[str, PairVerdict] = {}

    async def load(self) -> None:
        """Load what was kept."""
        async for number, live in config_maps(self._client, self._place):
            if not self._place.owns(live):
                raise AnswersNotOurs(
                    f"ConfigMap {self._place.name(number)} does not belong to this revision's Deployment; delete it, "
                    "so that Fairlead can keep the answers under this name"
                )
            found = answer_journals.text(live, self._place.source, self._trial)
            if found is None:
                return
            self._number, self._last = number, found
            lines = journal.lines_of(found)
            self.answers |= journal.read(lines, failures=self._settings.failures)
            self.verdicts |= verdict_lines.read(lines, self._settings.judge) if self._settings.judge else {}

    def drop_failures(self) -> None:
        """Drop failed answers, so that they are requested again."""
        self.answers = {key: one for key, one in self.answers.items() if not one.answer.error}

    async def add(self, lines: Iterable[JournalLine]) -> None:
        """Keep these, in one write; they count only once they are kept."""
        self._waiting += lines
        await self.flush()

    async def add_verdicts(self, verdicts: Mapping[str, PairVerdict]) -> None:
        """Keep a judge's verdicts likewise."""
        self._unkept |= verdicts
        await self.flush()

    async def flush(self) -> None:
        """Keep what an earlier write could not."""
        fresh, verdicts = tuple(self._waiting), dict(self._unkept)
        if not fresh and not verdicts:
            return
        written = [journal.written(one, self._settings.shown) for one in fresh]
        written += [verdict_lines.written(key, one, self._settings.judge) for key, one in verdicts.items()]
        text = "".join(f"{one}\n" for one in written)
        number, whole = self._number, self._last + text
        if len(whole) > LARGEST and self._last:
            number, whole = number + 1, text
        await self._client.apply(answer_journals.manifest(self._place, number, whole))
        self._number, self._last, self._waiting, self._unkept = number, whole, [], {}
        self.answers.update({one.key: one for one in fresh})
        self.verdicts |= verdicts
