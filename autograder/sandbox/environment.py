"""What a test is given: the examiner's own names, and the student's when it asks for them."""

from collections.abc import Mapping
from typing import Any

from autograder.sandbox.channel import Channel


class StudentNamespace:
    """What a hidden test gets under the name `student`: the notebook's names, and a way to run source among them."""

    def __init__(self, inside: Channel) -> None:
        self._inside = inside

    def inside(self, source: str, **values: Any) -> Any:
        """Run `source` among the student's names and `values`; the value of its last expression."""
        return self._inside.ask("inside", source=source, values=values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._inside.ask("get", name=name)


class Environment(dict[str, Any]):
    """The namespace that a test is given: the examiner's own names first, then the student's, fetched when asked for.

    A name that the notebook does not define is None to the test, as with otter, and is noted.
    """

    def __init__(self, inside: Channel, offered: Mapping[str, Any]) -> None:
        super().__init__(offered)
        self._inside = inside

    def __missing__(self, name: str) -> Any:
        try:
            value = self._inside.ask("get", name=name)
        except KeyError:
            self._inside.missing.append(name)
            raise
        self[name] = value
        return value

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or self.get(str(name), _ABSENT) is not _ABSENT

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


_ABSENT = object()
