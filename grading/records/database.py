"""The course's database: an SQLite file, or any other by its URL. One writer at a time, and readers need not wait."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autograder.model.errors import ConfigError, PlatformError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.orm import Session

WRITE_LOCK = 0x6E6575726F
"""Of PostgreSQL's advisory locks the one that our writers take turns by."""


class Database:
    """Opened at its first use. `location` is an SQLite file, or a URL such as `postgresql://staff@dbhost/course`."""

    def __init__(
        self, location: Path | str, *, wait_seconds: float = 60, prepare: "Callable[[Session], None] | None" = None
    ) -> None:
        """`prepare` makes what is missing in it, in a transaction of its own, when it is first opened."""
        self._location = location
        self._wait_seconds = wait_seconds
        self._prepare = prepare

    @property
    def url(self) -> "URL":
        from sqlalchemy import URL, make_url

        if isinstance(self._location, str):
            return make_url(self._location)
        return URL.create("sqlite", database=str(self._location), query={"timeout": str(self._wait_seconds)})

    @cached_property
    def _engine(self) -> "Engine":
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError

        try:
            engine = create_engine(self.url)
        except (ArgumentError, ImportError) as error:
            raise ConfigError(
                f"{self._location} cannot be a gradebook: {error}. Give the path of a file, or a URL such as "
                "postgresql://staff@dbhost/course."
            ) from None
        try:
            if engine.dialect.name == "sqlite":
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # who reads does not wait for who writes
            if self._prepare is not None:
                with _begin(engine, write=True) as session:
                    self._prepare(session)
        except BaseException:
            engine.dispose()
            raise
        return engine

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator["Session"]:
        """One transaction: all of it happens, or nothing. Raises PlatformError when the database does not take it."""
        from sqlalchemy.exc import DBAPIError

        try:
            with _begin(self._engine, write=write) as session:
                yield session
        except DBAPIError as error:
            place = self.url.render_as_string(hide_password=True)
            cause = "it is locked by another program" if "locked" in str(error.orig) else error.orig
            raise PlatformError(
                f"The gradebook {place} did not take it: {cause}. Nothing was recorded, and the reports are kept. "
                "Mend that and run the command again."
            ) from error

    def close(self) -> None:
        if "_engine" in vars(self):
            self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _begin(engine: "Engine", *, write: bool) -> Iterator["Session"]:
    from sqlalchemy.orm import Session

    with Session(engine) as session, session.begin():
        if write:  # The write lock first: two writers that both read "no such student" would both insert them.
            if engine.dialect.name == "sqlite":
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            elif engine.dialect.name == "postgresql":
                session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
        yield session
