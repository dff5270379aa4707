"""The languages that a course may be read in, and texts that are given in several."""

from typing import Final

LANGUAGES: Final = {"en": "English", "ru": "Russian"}
SOURCE_LANGUAGE: Final = "en"
"""Of what carries no mark of a language."""

Text = str | dict[str, str]
"""A text of a settings file: the same in every language, or a table of one for each, by its code."""


def said_in(text: Text, language: str) -> str:
    """The text in a language, else in the source's."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get(SOURCE_LANGUAGE) or next(iter(text.values()))
