"""How any command ends that cannot finish: its output cannot be written, or a person stopped it.

A reader that has seen enough (`fairlead top | head -1`) is no failure, and exit codes such as 1 mean something else
for many commands. So these endings have codes of their own, as in a shell.
"""

import codecs
import errno
import io
import os
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

READER_GONE: Final = 141
"""As if SIGPIPE had ended it. The signal itself stays ignored: it would also end a router that loses a client."""
INTERRUPTED: Final = 130
UNWRITABLE: Final = os.EX_IOERR

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def is_of_output(problem: OSError) -> bool:
    """Whether the output cannot be written: its reader is gone, or there is no space. Files have names."""
    return problem.filename is None and (isinstance(problem, BrokenPipeError) or problem.errno in _FULL)


def complete(words: Sequence[str], run: Callable[[Sequence[str]], int]) -> int:
    """Run a command to the end, its output included, and return its exit code."""
    _open_streams()
    command = " ".join(["fairlead", *words[:1]])
    try:
        try:
            return run(words)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _is_reader_gone():
            raise
        _discard_output()
        return READER_GONE
    except OSError as problem:
        if not is_of_output(problem):
            raise
        _discard_output()
        print(f"{command}: output cannot be written: {problem.strerror}; free space, then try again", file=sys.stderr)
        return UNWRITABLE
    except KeyboardInterrupt:
        print(f"{command}: interrupted", file=sys.stderr)
        return INTERRUPTED


def _open_streams() -> None:
    """Give closed streams a place to write to, and let a terminal without UTF-8 show `?` for a mark it lacks.

    In the locale C without Python's UTF-8 mode the handler of standard output is `surrogateescape`, which fails too.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 -- as long as the process
        elif isinstance(stream, io.TextIOWrapper):
            escapes = stream.errors == "surrogateescape" and codecs.lookup(stream.encoding).name != "utf-8"
            stream.reconfigure(errors="replace" if stream.errors == "strict" or escapes else stream.errors)


def _is_reader_gone() -> bool:
    """Whether standard output is the broken pipe, rather than a socket of the command."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), select.POLLOUT)
    return any(state & (select.POLLERR | select.POLLHUP) for _, state in poll.poll(0))


def _discard_output() -> None:
    """Send what is still buffered nowhere, since the interpreter writes it at its end and would fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
