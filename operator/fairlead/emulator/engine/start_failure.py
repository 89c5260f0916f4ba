"""Why an emulated engine cannot start: an exception in its own module, since every kind raises it with its own text."""


class CannotStart(Exception):
    """The start fails as the real engine's would, with exit code 1; the text is its last line."""
