"""Why an emulated engine cannot start: the exception apart from what raises it, since every kind has its own words."""


class CannotStart(Exception):
    """The start fails as the real engine's would, with exit code 1; the text is its last line."""
