"""Numbers as SGLang 0.5.23 reads them in its flags; what it does not read is a `ValueError` with its own words."""

import re
from decimal import Decimal
from typing import Final

_SCALED: Final = re.compile(r"(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|k|M|G|T)")
_TENS: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_TWOS: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def tokens(written: str) -> int:
    """`srt/utils/common.py: human_readable_int`, by which it reads lengths in tokens, also as 25.6k or 32Ki."""
    value = written.strip()
    found = _SCALED.fullmatch(value)
    if found is None:
        try:
            return int(value)
        except ValueError:
            raise ValueError(
                f"Invalid integer value: '{value}'. Use a plain integer, SI suffixes (1k, 1M), or IEC suffixes "
                "(1Ki, 1Mi). Suffixes are case-sensitive."
            ) from None
    number, suffix = found.groups()
    if suffix in _TENS:
        return int(Decimal(number) * _TENS[suffix])
    if "." in number:
        raise ValueError(
            f"Decimals are not allowed with IEC suffixes like '{suffix}'. Use an integer IEC value such as "
            f"'{int(Decimal(number))}{suffix}', or an SI value such as '{number}{suffix[0]}'."
        )
    return int(number) * _TWOS[suffix]
