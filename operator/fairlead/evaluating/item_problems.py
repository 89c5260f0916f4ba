"""Errors of an item's fields, which become problems of its line."""

from fairlead.fleet.line_problems import LineProblem


class ItemFieldError(ValueError):
    """A field of an item is invalid."""

    def __init__(self, field: str, value: object, *, because: str, remedy: str) -> None:
        super().__init__(because)
        self.field = field
        self.value = value
        self.because = because
        self.remedy = remedy

    def on_line(self, line: int) -> LineProblem:
        """Add the line number."""
        return LineProblem(line=line, field=self.field, value=self.value, because=self.because, remedy=self.remedy)
