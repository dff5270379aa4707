"""The course's database: an SQLite file, or any other by its URL. One writer at a time, and readers need not wait.

Reading changes nothing: what is not there yet reads as empty, and a file in a directory that cannot be written is
opened as it lies there.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from autograder.model.errors import ConfigError, PlatformError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.orm import Session

Prepare = Callable[["Session"], None]
"""Makes what is missing in a database."""

WRITE_LOCK = 0x6E6575726F
"""Of PostgreSQL's advisory locks the one that our writers take turns by."""


class Database:
    """Opened at its first use, once for reading and once for writing; may be used from several threads.

    `location` is an SQLite file, or a URL such as `postgresql://staff@dbhost/course`. Who made the object closes it.
    """

    def __init__(self, location: Path | str, *, wait_seconds: float = 60) -> None:
        self._location = location
        self._wait_seconds = wait_seconds
        self._prepare: list[Prepare] = []
        self._prepared = 0
        self._engines: dict[bool, Engine] = {}
        self._lock = threading.RLock()

    def before_writing(self, prepare: Prepare) -> None:
        """Have what is missing made, in a transaction of its own, before the first write."""
        with self._lock:
            self._prepare.append(prepare)

    @property
    def url(self) -> "URL":
        from sqlalchemy import URL, make_url
        from sqlalchemy.exc import ArgumentError

        if isinstance(self._location, str):
            try:
                return make_url(self._location)
            except ArgumentError as error:
                raise self._no_database(error) from None
        return URL.create("sqlite", database=str(self._location), query={"timeout": str(self._wait_seconds)})

    @contextmanager
    def transaction(self, *, write: bool = False) -> Iterator["Session"]:
        """One transaction: all of it happens, or nothing. Raises PlatformError when the database does not take it."""
        from sqlalchemy.exc import DBAPIError

        try:
            with _begin(self._engine(write=write), write=write) as session:
                yield session
        except DBAPIError as error:
            place = self.url.render_as_string(hide_password=True)
            cause = "it is locked by another program" if "locked" in str(error.orig) else error.orig
            raise PlatformError(
                f"The gradebook {place} did not take it: {cause}. Nothing was recorded, and the reports are kept. "
                "Mend that and run the command again."
            ) from error

    def _engine(self, *, write: bool) -> "Engine":
        with self._lock:
            if write:
                engine = self._engines.get(True) or self._open(self.url)
                self._make_ready(engine)
                return engine
            if self._is_file and not self._file.exists():
                return self._nothing_yet()  # not kept: another process may begin it
            if False not in self._engines:
                self._engines[False] = self._open_for_reading()
            return self._engines[False]

    def _make_ready(self, engine: "Engine") -> None:
        """Bring a database that is written to up to date, once."""
        try:
            if engine.dialect.name == "sqlite" and True not in self._engines:
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")  # who reads does not wait for who writes
            for prepare in self._prepare[self._prepared :]:
                with _begin(engine, write=True) as session:
                    prepare(session)
                self._prepared += 1
        except BaseException:
            if True not in self._engines:
                engine.dispose()
            raise
        self._engines[True] = engine

    def _open_for_reading(self) -> "Engine":
        from sqlalchemy.exc import OperationalError

        if not self._is_file:
            return self._open(self.url)
        if os.access(self._file, os.W_OK) and os.access(self._file.parent, os.W_OK):
            return self._open_query_only()
        engine = self._open(self._file_url({"mode": "ro"}))
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        except OperationalError as error:
            engine.dispose()
            if "locked" in str(error.orig) or self._has_unmerged_writes:  # it would be read without the latest of them
                raise
            # In a directory that cannot be written, WAL mode opens only as a file that nobody changes.
            return self._open(self._file_url({"mode": "ro", "immutable": "1"}))
        return engine

    def _open_query_only(self) -> "Engine":
        """Opened as a writer would, so that SQLite clears away what others left half done, and written to by nobody."""
        from sqlalchemy import event

        engine = self._open(self._file_url({"mode": "rw"}))
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA query_only = 1"))
        return engine

    @property
    def _is_file(self) -> bool:
        return self.url.get_backend_name() == "sqlite" and bool(self.url.database) and self.url.database != ":memory:"

    @property
    def _file(self) -> Path:
        return Path(str(self.url.database))

    @property
    def _has_unmerged_writes(self) -> bool:
        logs = (Path(f"{self._file}{ending}") for ending in ("-wal", "-journal"))
        return any(log.exists() and log.stat().st_size > 0 for log in logs)

    def _file_url(self, query: dict[str, str]) -> "URL":
        from urllib.parse import quote

        options = {**query, "uri": "true", "timeout": str(self._wait_seconds)}
        return self.url.set(database=f"file:{quote(str(self._file.absolute()))}", query=options)

    def _nothing_yet(self) -> "Engine":
        """An empty database in memory, in the place of a file that nothing was written to yet."""
        from sqlalchemy.pool import StaticPool

        engine = self._open("sqlite://", poolclass=StaticPool)
        for prepare in self._prepare:
            with _begin(engine, write=False) as session:
                prepare(session)
        return engine

    def _open(self, url: "URL | str", **options: object) -> "Engine":
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError

        try:
            return create_engine(url, **options)
        except (ArgumentError, ImportError) as error:
            raise self._no_database(error) from None

    def _no_database(self, error: Exception) -> ConfigError:
        return ConfigError(
            f"{self._location} cannot be a gradebook: {error}. Give the path of a file, or a URL such as "
            "postgresql://staff@dbhost/course."
        )

    def close(self) -> None:
        """Close what was opened. It opens again when it is used again."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def has_table(session: "Session", name: str) -> bool:
    """Whether a table is there: reading makes none."""
    from sqlalchemy import inspect

    return inspect(session.connection()).has_table(name)


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
