import json
import logging

import click
import pytest
from click.testing import CliRunner

from autograder.model.errors import ConfigError, PlatformError, SubmissionError
from neurograde.cli.base import INTERRUPTED, Command, Group, console, leave, logs, plain, say, worst, write_file


@pytest.mark.parametrize(
    ("codes", "wins"),
    [([], 0), ([0, 2], 2), ([3, 2, 3], 3), ([4, 3, 2], 4), ([INTERRUPTED, 4, 3], INTERRUPTED)],
)
def test_of_several_exit_codes_the_highest_wins(codes, wins):
    assert worst(codes) == wins


def test_who_has_to_mend_what_stands_in_the_exit_codes():
    assert [error.exit_code for error in (ConfigError, SubmissionError, PlatformError)] == [2, 3, 4]


def test_a_command_ends_by_its_code_unless_all_is_well():
    leave(0)
    with pytest.raises(click.exceptions.Exit) as ended:
        leave(3)
    assert ended.value.exit_code == 3


@click.command(cls=Command)
@click.option("--name", default="world")
def greet(name):
    """Say hello."""
    logging.getLogger("neurograde.greet").info("greeting", extra={"student": name})
    logging.getLogger("neurograde.greet").debug("details")
    console().print("for people")
    console(always=True).print("an error")
    click.echo(f"hello {name}")


@click.command(cls=Command)
@click.pass_context
def greet_twice(context):
    """Say hello to two."""
    context.invoke(greet)
    context.invoke(greet, name="moon")


def run(command, *arguments):
    return CliRunner().invoke(command, [*map(str, arguments)], catch_exceptions=False)


def test_a_command_calls_another_with_what_it_was_told_of_saying():
    done = run(greet_twice, "-q")
    assert (done.exit_code, done.stdout) == (0, "hello world\nhello moon\n")
    assert done.stderr == "an error\nan error\n"


def test_quiet_says_nothing_but_results_and_errors():
    assert run(greet).stderr == "for people\nan error\n"
    assert (run(greet, "--quiet").stdout, run(greet, "--quiet").stderr) == ("hello world\n", "an error\n")


def test_verbose_says_what_is_done_and_twice_the_details():
    assert run(greet, "-v").stderr.splitlines()[0] == "info: world: greeting"
    assert run(greet, "-vv").stderr.splitlines()[:2] == ["info: world: greeting", "debug: details"]
    assert run(greet, "-v").stdout == run(greet).stdout


def test_a_log_file_gets_a_json_object_a_line_and_is_appended_to(tmp_path):
    for _ in range(2):
        run(greet, "--log-file", tmp_path / "log")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["message"] for line in lines] == ["greeting", "details"] * 2
    first = {key: value for key, value in lines[0].items() if key != "time"}
    assert first == {"level": "info", "logger": "neurograde.greet", "message": "greeting", "student": "world"}
    assert "student" not in lines[1]


def test_a_log_file_tells_what_raised(tmp_path):
    with logs(file=tmp_path / "log"):
        try:
            raise ValueError("Ünder the desk")
        except ValueError:
            logging.getLogger("neurograde").exception("broken")
    (line,) = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert (line["level"], line["message"]) == ("error", "broken")
    assert line["exception"].endswith("ValueError: Ünder the desk")


def test_a_log_file_that_cannot_be_written_is_a_wrong_command(tmp_path):
    done = run(greet, "--log-file", tmp_path / "nowhere/log")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "cannot be written: No such file or directory. Name another --log-file." in done.stderr


def test_after_a_command_the_logger_is_as_it_was(tmp_path):
    logger = logging.getLogger("neurograde")
    before = logger.level, logger.propagate, list(logger.handlers)
    run(greet, "-v", "--log-file", tmp_path / "log")
    assert (logger.level, logger.propagate, logger.handlers) == before


def test_the_commands_of_a_group_are_such_commands_too():
    group = Group("friends")
    group.command("greet")(lambda: click.echo("hello"))
    assert run(group, "greet", "-q").stdout == "hello\n"


def test_what_people_read_is_shown_as_it_is(capsys):
    say("[red]eve[/] " + "x" * 200)
    console().print(plain("[red]eve[/]"))
    assert capsys.readouterr().err == "[red]eve[/] " + "x" * 200 + "\n[red]eve[/]\n"


def test_a_file_that_cannot_be_written_is_said(tmp_path):
    write_file(tmp_path / "board.csv", b"rank")
    assert (tmp_path / "board.csv").read_bytes() == b"rank"
    with pytest.raises(ConfigError, match=r"b\.csv cannot be written: No such file or directory\. Name another file\."):
        write_file(tmp_path / "nowhere/b.csv", b"rank")
