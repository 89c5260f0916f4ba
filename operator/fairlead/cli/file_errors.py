"""What is said of a file that a command cannot read or write: its name, why, and what to do."""

import errno
from typing import Final

_REMEDIES: Final = {
    errno.ENOENT: "correct the path",
    errno.ENOTDIR: "correct the path: one of its folders is a file",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "let your user read and write there, or take another",
    errno.ENAMETOOLONG: "write a shorter path",
}


def sentence(problem: OSError) -> str:
    """Name the file, if the error does, and what to do, if that is known."""
    why = problem.strerror or str(problem)
    remedy = _REMEDIES.get(problem.errno or 0) if problem.filename is not None else None
    named = why if problem.filename is None else f"{problem.filename}: {why}"
    return named if remedy is None else f"{named}; {remedy}"
