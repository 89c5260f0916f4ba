"""What is wrong with an argument of a sweep."""


class SweepArgumentError(Exception):
    """An argument is invalid; the message names it and says what to do."""
