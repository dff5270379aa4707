"""The languages that a course may be read in, texts that are given in several, and nouns beside a number. Pure."""

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


def plural(count: int, noun: str, several: str = "") -> str:
    """An English noun as it stands after a number: "day" after 1, else "days", or `several` where no s makes it."""
    return noun if count == 1 else several or f"{noun}s"
