"""The words of a text, as the search compares them."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_LONGEST = 24


def words_of(text: str) -> list[str]:
    """Return the distinct words of a text, in lower case and without accents, in the order of the alphabet."""
    plain = text.lower()
    if not plain.isascii():
        parts = unicodedata.normalize("NFKD", plain)
        plain = "".join(sign for sign in parts if sign.isascii() or not unicodedata.combining(sign))
    return sorted({word[:_LONGEST] for word in _WORD.findall(plain) if len(word) > 1})
