"""What the readers of all kinds' commands share: a parser that raises, and the errors that it raises."""

import argparse
from typing import NoReturn


class InvalidCommandLine(ValueError):
    """The words are no command of an engine."""


class ParserExit(InvalidCommandLine):
    """The engine's own parser would exit with code 2; the text is its last line."""


class FlagParser(argparse.ArgumentParser):
    """Raises instead of exiting, so that the command decides how the process ends."""

    def error(self, message: str) -> NoReturn:
        raise ParserExit(f"{self.prog}: error: {message}")
