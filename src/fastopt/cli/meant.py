"""What a word that is not known was to be."""

import difflib
from collections.abc import Iterable


def meant(word: str, words: Iterable[str]) -> str:
    """Return a sentence, after a blank, that asks for the nearest of some words, if one is near."""
    lower = {each.lower(): each for each in words}
    near = difflib.get_close_matches(word.lower(), lower, 1)
    return f" Did you mean {lower[near[0]]}?" if near else ""
