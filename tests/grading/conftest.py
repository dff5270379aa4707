"""A PostgreSQL server of the tests' own; `docker/testbed.sh` installs what it is made of."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest

SETTINGS = {"listen_addresses": "", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@pytest.fixture(scope="session")
def postgres():
    """The folder of the socket of a server that answers there only, made anew and gone afterwards."""
    programs = programs_of_postgres()
    # A socket's path may have 107 characters. The server refuses to be root, so as root it is Debian's user for it.
    with tempfile.TemporaryDirectory(prefix="neurograde-") as folder:
        user = "postgres" if os.getuid() == 0 else None
        if user:
            shutil.chown(folder, user)
        data, log = Path(folder, "data"), Path(folder, "log")
        run(user, programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8")
        options = " ".join(
            f"-c {key}='{value}'" for key, value in {**SETTINGS, "unix_socket_directories": folder}.items()
        )
        run(user, programs / "pg_ctl", "-D", data, "-l", log, "-w", "-o", options, "start")
        try:
            yield folder
        finally:
            run(user, programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture
def database(postgres):
    """The URL of an empty database."""
    with psycopg.connect(host=postgres, user="postgres", dbname="postgres") as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return f"postgresql://postgres@/postgres?host={postgres}"


def programs_of_postgres() -> Path:
    found = [*Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    assert found or on_path, "PostgreSQL is missing. Install it: bash docker/testbed.sh"
    return Path(on_path or found[-1]).parent


def run(user, *command):
    subprocess.run(command, user=user, check=True, capture_output=True, cwd="/")
