"""The value types of a status: numbers, words, times, decimals and sentences."""

from typing import Annotated, Final

from pydantic import Field
from pydantic.config import JsonDict

Figure = Annotated[int | None, Field(ge=0)]
ShortText = Annotated[str, Field(max_length=253)]
Timestamp = Annotated[str | None, Field(json_schema_extra={"format": "date-time"})]
DecimalText = Annotated[str | None, Field(max_length=32)]
Sentence = Annotated[str | None, Field(max_length=1024)]
ATOMIC: Final[JsonDict] = {"x-kubernetes-list-type": "atomic"}
