"""A judge's verdicts, kept beside the answers: one line of JSON for each pair, so that none is paid for twice."""

import json
from collections.abc import Iterable

from fairlead.documents import json_document
from fairlead.evaluating.judge import PairVerdict, Preference


def written(key: str, verdict: PairVerdict, judge: str = "") -> str:
    """Format one line without its end; `judge` is the judge's digest, where several may share one place."""
    of = {"judge": judge} if judge else {}
    return json.dumps({"pair": key, "plain": verdict.plain, "turned": verdict.turned} | of)


def read(lines: Iterable[str], judge: str = "") -> dict[str, PairVerdict]:
    """Read all verdicts of this judge, among other lines; a pair whose line a crash cut is judged again."""
    found: dict[str, PairVerdict] = {}
    for line in lines:
        try:
            one = json_document.read(line)
            if one.get("judge", "") == judge:
                found[one["pair"]] = PairVerdict(plain=Preference(one["plain"]), turned=Preference(one["turned"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
