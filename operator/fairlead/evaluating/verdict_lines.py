"""A judge's verdicts as they are kept beside answers: one line of JSON for each pair, so that none is paid twice."""

import json
from collections.abc import Iterable

from fairlead.evaluating.judge import PairVerdict, Preference


def written(key: str, verdict: PairVerdict, judge: str = "") -> str:
    """One line, without its end; `judge`: the digest of who gave it, where several may be kept in one place."""
    of = {"judge": judge} if judge else {}
    return json.dumps({"pair": key, "plain": verdict.plain, "turned": verdict.turned} | of)


def read(lines: Iterable[str], judge: str = "") -> dict[str, PairVerdict]:
    """All of this judge, among lines of other kinds; one that a crash cut is asked again."""
    found: dict[str, PairVerdict] = {}
    for line in lines:
        try:
            one = json.loads(line)
            if one.get("judge", "") == judge:
                found[one["pair"]] = PairVerdict(plain=Preference(one["plain"]), turned=Preference(one["turned"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
