"""What every command stands on: exit codes, console, progress, options, logs.

Exit codes

    0    done
    1    a bug of ours, with its traceback
    2    the instructor's to mend, or a command that was typed wrongly
    3    a student's to mend
    4    ours: no mark was given, the same command goes on
    130  interrupted

Where several apply the highest counts, so that what is ours is never taken for a student's; an interrupt counts before
all others.
"""

import contextlib
import importlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from autograder.model.errors import ConfigError, CourseError, nearest

if TYPE_CHECKING:
    from neurograde.services.author.release import Trial
    from neurograde.services.submissions.grade import GradeMany

INTERRUPTED = 130
WIDTH_OF_A_FILE = 140
log = logging.getLogger("neurograde.cli")

VERBOSE, QUIET, LOG_FILE = "neurograde.verbose", "neurograde.quiet", "neurograde.log_file"
"""Keys of click's context under which a command remembers how much it is to say."""

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True, slots=True)
class Doors:
    """What the commands reach the world through; None for the real one. Tests hand in others, as click's `obj`."""

    grade_many: "GradeMany | None" = None
    trial: "Trial | None" = None


def worst(codes: Iterable[int]) -> int:
    """The exit code that counts where several apply; 0 where none does."""
    return max(codes, default=0)


def leave(code: int) -> None:
    """End the command with a code, unless that is 0."""
    if code:
        raise click.exceptions.Exit(code)


# --- commands


class Command(click.Command):
    """A command that can be told how much to say: -v, -q and --log-file."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params += [
            _saying(VERBOSE, "--verbose", "-v", count=True, help="Say what is done; twice for details."),
            _saying(QUIET, "--quiet", "-q", is_flag=True, help="Say nothing but results and errors."),
            _saying(
                LOG_FILE,
                "--log-file",
                type=click.Path(dir_okay=False, path_type=Path),
                help="Append what happens, one JSON object a line.",
            ),
        ]

    def invoke(self, ctx: click.Context) -> Any:
        with logs(verbose=ctx.meta[VERBOSE], file=ctx.meta[LOG_FILE]):
            try:
                return super().invoke(ctx)
            except CourseError as error:
                log.error("%s", error)
                raise
            except KeyboardInterrupt:
                log.warning("interrupted")
                raise


def _saying(key: str, *names: str, **settings: Any) -> click.Option:
    """An option of every command, remembered under a key: no argument of its function, which others may call."""

    def remember(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        ctx.meta[key] = value

    return click.Option(names, expose_value=False, callback=remember, **settings)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command
    group_class = type


class Commands(Group):
    """The top of the command line: an explicit list, from which a command is imported when it is typed.

    Turns what went wrong into a message and an exit code; anything else is a bug and shows its traceback.
    """

    def __init__(self, *arguments: Any, sections: Mapping[str, Mapping[str, tuple[str, str]]], **settings: Any) -> None:
        """`sections` are commands by name, each with where it is ("module:function") and what it does."""
        super().__init__(*arguments, **settings)
        self.sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for commands in self.sections.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for commands in self.sections.values():
            if cmd_name in commands:
                module, _, function = commands[cmd_name][0].partition(":")
                command = getattr(importlib.import_module(module), function)
                assert isinstance(command, click.Command)
                return command
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            near = "".join(f" Did you mean {name}?" for name in nearest(args[0], self.list_commands(ctx)))
            ctx.fail(f"No such command '{args[0]}'.{near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, said) for name, (_, said) in commands.items()], col_max=14)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except CourseError as error:
            console(always=True).print(f"[bold red]Error:[/] {plain(str(error))}", highlight=False, soft_wrap=True)
            ctx.exit(error.exit_code)
        except PermissionError as error:
            said = f"{error.filename} may not be looked into: {error.strerror}. Ask whoever owns it, or name another."
            console(always=True).print(f"[bold red]Error:[/] {plain(said)}", highlight=False, soft_wrap=True)
            ctx.exit(ConfigError.exit_code)
        except KeyboardInterrupt:
            console(always=True).print("\nStopped. What was graded is kept; run the same command to go on.")
            ctx.exit(INTERRUPTED)


# --- options


def place_options(command: Decorated) -> Decorated:
    """--course and --house: where what happens is kept, and where the course's source is."""
    return course_option(house_option(command))


house_option = click.option(
    "--house",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that holds source/course.toml [the one you stand in].",
)
course_option = click.option(
    "--course",
    type=click.Path(file_okay=False, path_type=Path),
    help="The course directory [$NEUROGRADE_COURSE, else course/ in the house].",
)


def default_jobs() -> int:
    """One room per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(1, 64), default=default_jobs, help="Rooms at work [one per core]."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="JSON objects on stdout, one a line; all else on stderr."
)


# --- what people read


def console(stream: Any = None, *, always: bool = False) -> Console:
    """Where people read: stderr, so that stdout stays for data. A file gets lines as long as they need to be.

    On stderr nothing is said where --quiet was given, unless `always`.
    """
    context = click.get_current_context(silent=True)
    quiet = stream is None and not always and context is not None and bool(context.meta.get(QUIET))
    shown = Console(file=stream or sys.stderr, quiet=quiet)
    return shown if shown.is_terminal else Console(file=stream or sys.stderr, width=WIDTH_OF_A_FILE, quiet=quiet)


def write_file(path: Path, content: bytes) -> None:
    """Write what was asked for where it was asked for. Raises ConfigError where that cannot be."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}. Name another file.") from None


def say(text: str) -> None:
    """One line for people, on stderr, as it is."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def progress() -> Progress:
    """A bar on stderr; silent where nobody watches."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """Say what is being done while it takes long."""
    shown = console()
    if not shown.is_terminal:
        shown.print(f"{text} ...", highlight=False)
    with shown.status(text):
        yield


def plain(text: str) -> str:
    """Text in which rich finds no markup."""
    return text.replace("[", r"\[")


# --- logs

ABOUT = {"assignment": 40, "student": 40, "submission": 12}
"""What a line of the log may be about, and how much of it a terminal shows."""


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{name: getattr(record, name) for name in ABOUT if hasattr(record, name)},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class ForPeople(logging.Formatter):
    """A line for a terminal: what happened, and what about."""

    def format(self, record: logging.LogRecord) -> str:
        about = " ".join(str(getattr(record, name))[:most] for name, most in ABOUT.items() if hasattr(record, name))
        return f"{record.levelname.lower()}: {about + ': ' if about else ''}{record.getMessage()}"


@contextlib.contextmanager
def logs(*, verbose: int = 0, file: Path | None = None) -> Iterator[None]:
    """Have the logger `neurograde` write to stderr as far as asked for, and to a file."""
    logger = logging.getLogger("neurograde")
    handlers: list[logging.Handler] = []
    if verbose:
        shown = logging.StreamHandler(sys.stderr)
        shown.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
        shown.setFormatter(ForPeople())
        handlers.append(shown)
    if file is not None:
        try:
            kept = logging.FileHandler(file, encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"{file} cannot be written: {error.strerror}. Name another --log-file.") from None
        kept.setFormatter(JsonLines())
        handlers.append(kept)
    before = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    handlers = handlers or [logging.NullHandler()]
    for handler in handlers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
        logger.level, logger.propagate = before
