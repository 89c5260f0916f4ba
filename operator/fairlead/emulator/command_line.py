"""Shared by the command-line readers of all kinds: a parser that raises, and its errors."""

import argparse
from typing import NoReturn


class InvalidCommandLine(ValueError):
    """The arguments are not an engine command."""


class ParserExit(InvalidCommandLine):
    """The engine's own parser would exit with code 2; the text is its last line."""


class FlagParser(argparse.ArgumentParser):
    """Raises instead of exiting, so that the caller decides how the process ends."""

    def error(self, message: str) -> NoReturn:
        raise ParserExit(f"{self.prog}: error: {message}")
