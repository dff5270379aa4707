"""Engines are found as people have them: here as small programs on PATH that answer the way the real ones do."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.model.errors import EngineUnavailableError
from autograder.sandbox import image

NO_DAEMON = "echo 'Cannot connect to the Docker daemon. Is it running?' >&2; exit 1"

# What a student's first homework does, as one of the room's throw-away users.
FIRST_HOMEWORK = """
import json, os, pathlib, stat, warnings
warnings.simplefilter("error")
import IPython, matplotlib.pyplot as plt, numpy, pandas, sklearn.linear_model, torch, tqdm
model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 10))
optimizer = torch.optim.Adam(model.parameters())
torch.nn.functional.cross_entropy(model(torch.ones(4, 1, 8, 8)), torch.arange(4)).backward()
optimizer.step()
figure, axes = plt.subplots()
axes.set_title("loss")
figure.savefig("/tmp/loss.png")
print(json.dumps({
    "threads": torch.get_num_threads(),
    "plotted": os.path.getsize("/work/loss.png") > 1000,
    "ours": sorted(str(path) for path in pathlib.Path("/opt/neurograde").rglob("*.py")),
    "setuid": [str(path) for path in pathlib.Path("/usr/bin").iterdir() if path.lstat().st_mode & stat.S_ISUID],
    "compiled": pathlib.Path(torch.nn.__cached__).exists(),
}))
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make a PATH of our own; return what puts a command with this shell script on it."""
    commands = tmp_path / "bin"
    commands.mkdir()
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.delenv("NEUROGRADE_ENGINE", raising=False)

    def put(name: str, script: str) -> None:
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)

    return put


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the files that the room's image is made from."""
    copy = tmp_path / "checkout"
    for name in image.ROOM_RECIPE:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(image.CHECKOUT / name, copy / name)
    shutil.copytree(image.CHECKOUT / "autograder/sandbox/inside", copy / "autograder/sandbox/inside")
    return copy


def test_docker_is_used_before_podman(install: Callable[[str, str], None]) -> None:
    install("docker", "exit 0")
    install("podman", "exit 0")
    assert image.find_engine() == "docker"


def test_podman_is_used_when_no_docker_daemon_runs(install: Callable[[str, str], None]) -> None:
    install("docker", NO_DAEMON)
    install("podman", "exit 0")
    assert image.find_engine() == "podman"


def test_the_environment_chooses_the_engine(
    install: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    install("docker", "exit 0")
    install("podman", "exit 0")
    monkeypatch.setenv("NEUROGRADE_ENGINE", "podman")
    assert image.find_engine() == "podman"


def test_an_engine_we_do_not_know_is_named_with_those_we_do(
    install: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEUROGRADE_ENGINE", "rkt")
    with pytest.raises(EngineUnavailableError, match=r"'rkt': set it to docker or podman"):
        image.find_engine()


def test_without_an_engine_the_message_says_what_each_answered_and_what_to_do(
    install: Callable[[str, str], None],
) -> None:
    install("docker", NO_DAEMON)
    with pytest.raises(EngineUnavailableError, match=r"docker: Cannot connect.*podman: not installed.*make setup"):
        image.find_engine()


def test_an_engine_that_hangs_is_given_up(install: Callable[[str, str], None]) -> None:
    install("docker", "exec /bin/sleep 60")
    with pytest.raises(EngineUnavailableError, match=r"docker: no answer within 0\.2 s"):
        image.find_engine(patience=0.2)


@pytest.mark.parametrize(("answer", "there"), [("echo 6b2555ce4d3b", True), ("exit 0", False)])
def test_an_image_is_there_when_the_engine_lists_it(
    install: Callable[[str, str], None], answer: str, there: bool
) -> None:
    install("docker", answer)
    assert image.image_exists("docker", "neurograde-room:000000000000") is there


def test_an_engine_that_cannot_list_images_is_not_taken_for_a_missing_image(
    install: Callable[[str, str], None],
) -> None:
    install("docker", NO_DAEMON)
    with pytest.raises(EngineUnavailableError, match="docker cannot list its images"):
        image.image_exists("docker", "neurograde-room:000000000000")


def test_the_same_contents_have_the_same_tag_wherever_they_lie(checkout: Path) -> None:
    assert image.image_tag(checkout) == image.image_tag()
    (checkout / "autograder/sandbox/inside/__pycache__").mkdir(exist_ok=True)
    (checkout / "autograder/sandbox/inside/__pycache__/clerk.cpython-311.pyc").write_bytes(b"compiled")
    assert image.image_tag(checkout) == image.image_tag()


@pytest.mark.parametrize("name", [*image.ROOM_RECIPE, "autograder/sandbox/inside/new.py"])
def test_a_change_of_any_ingredient_changes_the_tag(checkout: Path, name: str) -> None:
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert image.image_tag(checkout) != image.image_tag()


def test_our_code_in_the_room_changes_without_new_packages(checkout: Path) -> None:
    (checkout / "autograder/sandbox/inside/wire/frames.py").write_text("# changed\n")
    assert image.packages_tag(checkout) == image.packages_tag()


def test_an_incomplete_checkout_is_an_error_that_names_the_missing_file(checkout: Path) -> None:
    (checkout / "docker/Dockerfile").unlink()
    with pytest.raises(EngineUnavailableError, match=r"docker/Dockerfile is missing"):
        image.image_tag(checkout)


def test_room_and_host_have_the_same_versions() -> None:
    def pins(name: str) -> set[str]:
        return {line for line in (image.CHECKOUT / name).read_text().splitlines() if "==" in line}

    # Values cross the wall as bytes, so both sides must agree on what the bytes mean. pip stays outside the room.
    room = {pin for pin in pins("docker/room-requirements.lock") if not pin.startswith("pip==")}
    assert room <= pins("requirements.lock")


@pytest.mark.docker
def test_a_first_homework_runs_in_the_room_and_finds_nothing_there_that_is_not_its_own() -> None:
    limits = ["--network=none", "--read-only", "--cap-drop=ALL", "--user=23456:23456", "--tmpfs=/work:mode=1777"]
    command = [image.find_engine(), "run", "--rm", "--interactive", *limits, "--entrypoint=python3", image.image_tag()]
    run = subprocess.run([*command, "-"], input=FIRST_HOMEWORK, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr) == (0, "")
    seen = json.loads(run.stdout)
    inside = (image.CHECKOUT / image.INSIDE).rglob("*.py")
    assert seen == {
        "threads": 1,
        "plotted": True,
        "ours": sorted(f"/opt/neurograde/{path.relative_to(image.CHECKOUT)}" for path in inside),
        "setuid": [],
        "compiled": True,
    }
