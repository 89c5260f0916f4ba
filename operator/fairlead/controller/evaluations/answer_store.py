"""Answers of one revision, kept in ConfigMaps beside its Deployment, a round at a time.

A line is written before another round is sent, so an operator that is killed sends again what was in flight and nothing
else.
"""

from collections.abc import Iterable
from typing import Final

from fairlead.cluster import kinds
from fairlead.controller.interfaces import ControllerApiClient
from fairlead.evaluating import journal
from fairlead.evaluating.journal import JournalLine
from fairlead.objects import answer_journals
from fairlead.objects.answer_journals import AnswerPlace

LARGEST: Final = 256 * 1024
"""Characters of one ConfigMap, each of at most four bytes: the API server takes a mebibyte and a half with the rest."""
SHOWN: Final = 160
"""Characters of an answer that are kept for people."""
MOST: Final = 64
"""ConfigMaps of one revision."""


class AnswersNotOurs(Exception):
    """A ConfigMap of that name belongs to somebody else."""


class AnswerStore:
    """The answers of one side."""

    def __init__(self, server: ControllerApiClient, place: AnswerPlace, *, of_any_trial: bool) -> None:
        self._server = server
        self._place = place
        self._trial = None if of_any_trial else place.trial
        self._last = ""
        """The lines of the ConfigMap that is written to."""
        self._number = 0
        self._waiting: list[JournalLine] = []
        """Given, and not kept yet: the API server did not take them."""
        self.answers: dict[tuple[str, int], JournalLine] = {}

    async def load(self) -> None:
        """All that were kept."""
        for number in range(MOST):
            live = await self._server.read(kinds.CONFIG_MAP, self._place.namespace, self._place.name(number))
            if live is not None and not self._place.owns(live):
                raise AnswersNotOurs(
                    f"ConfigMap {self._place.name(number)} is not of this revision's Deployment; delete it, and the "
                    "answers are kept there"
                )
            found = answer_journals.text(live, self._place.source, self._trial) if live is not None else None
            if found is None:
                return
            self._number, self._last = number, found
            self.answers |= journal.read(found.splitlines(), failures=True)

    async def add(self, lines: Iterable[JournalLine]) -> None:
        """Keep these, in one write; they count only once they are kept."""
        self._waiting += lines
        await self.flush()

    async def flush(self) -> None:
        """Keep what an earlier write could not."""
        fresh = tuple(self._waiting)
        if not fresh:
            return
        text = "".join(f"{journal.written(one, SHOWN)}\n" for one in fresh)
        number, whole = self._number, self._last + text
        if len(whole) > LARGEST and self._last:
            number, whole = number + 1, text
        await self._server.apply(answer_journals.manifest(self._place, number, whole))
        self._number, self._last, self._waiting = number, whole, []
        self.answers.update({one.key: one for one in fresh})
