"""The wall, in real containers. Programs that attack it say what they got; the test says what they must get."""

import subprocess

import pytest

from autograder.model.assignment import Limits
from autograder.model.errors import IsolationMissingError, RoomLostError
from autograder.model.report import Status
from autograder.sandbox.channel import Channel
from autograder.sandbox.container import DockerRoom, check_facts, container_flags
from autograder.sandbox.room import SessionEndedError
from neurograde.services.admin.doctor import HUNGRY

LIMITS = Limits(memory_mb=1024, cell_seconds=20, wall_seconds=60, disk_mb=32, output_kb=16)
FACTS = {
    **{
        "uid": 100_001,
        "groups": [],
        "capabilities": 0,
        "bounding": 0xE0,
        "no_new_privs": True,
        "seccomp": True,
        "interfaces": ["lo"],
    },
    **{"root_read_only": True, "descriptors": [0, 1, 2, 3], "environment": ["HOME"], "memory_limit": 1024 << 20},
    **{"pids_limit": 128, "dirty": []},
}


@pytest.mark.parametrize(
    ("fact", "value", "said"),
    [
        ("uid", 0, "user of its own"),
        ("capabilities", 1, "capability"),
        ("bounding", 1 << 21, "capability"),
        ("no_new_privs", False, "no_new_privs"),
        ("seccomp", False, "seccomp"),
        ("interfaces", ["eth0", "lo"], "network"),
        ("root_read_only", False, "read-only"),
        ("descriptors", [0, 1, 2, 3, 7], "descriptor"),
        ("environment", ["HOSTNAME"], "environment"),
        ("memory_limit", None, "memory is limited"),
        ("memory_limit", 1 << 62, "memory is limited"),
        ("pids_limit", None, "processes"),
        ("dirty", ["process 7"], "left behind"),
    ],
)
def test_each_layer_that_does_not_hold_is_named(fact, value, said):
    assert check_facts(FACTS, LIMITS) == []
    (missing,) = check_facts({**FACTS, fact: value}, LIMITS)
    assert said in missing


docker = pytest.mark.docker


@pytest.fixture(scope="module")
def room():
    with DockerRoom(LIMITS, {"points.csv": b"x,y\n1,2\n"}) as room:
        yield room


@pytest.fixture
def inside(room):
    session = room.open(wall_seconds=60)
    yield Channel(session, seed=0, seconds=20, left=lambda: 60)
    session.close()


def value_of(inside, source):
    """Run a cell, then read the name `got`."""
    reply = inside.cell(source, 1, 20)
    assert reply["error"] is None, reply
    return inside.ask("get", name="got")


ATTACKS = {
    "speak to the host in the supervisor's place": (
        "try: open('/run/host/pipes/out', 'w')\nexcept OSError as e: got = e.errno",
        13,
    ),
    "become root": ("import os\ntry: os.setuid(0)\nexcept OSError as e: got = e.errno", 1),
    "signal the supervisor": ("import os\ntry: os.kill(1, 9)\nexcept OSError as e: got = e.errno", 1),
    "read the supervisor's memory": ("try: open('/proc/1/mem')\nexcept OSError as e: got = e.errno", 13),
    "read the supervisor's environment": (
        "try: open('/proc/1/environ').read()\nexcept OSError as e: got = e.errno",
        13,
    ),
    "list the supervisor's descriptors": (
        "import os\ntry: os.listdir('/proc/1/fd')\nexcept OSError as e: got = e.errno",
        13,
    ),
    "trace the supervisor": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.ptrace(16, 1, 0, 0)\ngot = ctypes.get_errno()",
        1,
    ),
    "open a network connection": (
        "import socket\ntry: socket.create_connection(('192.0.2.1', 80), 2)\nexcept OSError as e: got = e.errno",
        101,
    ),
    "write to the libraries": (
        "import torch\ntry: open(torch.__file__, 'a')\nexcept OSError as e: got = e.errno in (13, 30)",
        True,
    ),
    "change the course data": ("try: open('points.csv', 'w')\nexcept OSError as e: got = e.errno", 13),
    "mount something": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "libc.mount(b'none', b'/work', b'tmpfs', 0, None)\ngot = ctypes.get_errno()",
        1,
    ),
    "enter a new user namespace": (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.unshare(0x10000000)\ngot = ctypes.get_errno()",
        1,
    ),
    "find tests, labels or bundles": (
        "import subprocess\n"
        'got = subprocess.run(\'find / -xdev \\( -name bundle.json -o -name labels.npy -o -name "q*.py" -path "*tests*"'
        " -o -name docker.sock \\) 2>/dev/null', shell=True, capture_output=True, text=True).stdout",
        "",
    ),
    "find a secret in the environment": (
        "import os\ngot = sorted(set(os.environ) - {'HOME','TMPDIR','MPLCONFIGDIR',"
        "'PATH','LANG','OMP_NUM_THREADS','USER','CLICOLOR','CLICOLOR_FORCE','FORCE_COLOR','PAGER','GIT_PAGER','TERM',"
        "'LINES','COLUMNS'})",
        [],
    ),
    "find another descriptor": (
        "import os\nowned = []\nfor n in os.listdir('/proc/self/fd'):\n"
        "    try: owned.append(os.readlink(f'/proc/self/fd/{n}'))\n    except OSError: pass\n"
        "got = sorted({o.split(':')[0] for o in owned if not o.startswith('/proc')} - {'anon_inode'})",
        ["/dev/null", "pipe", "socket"],
    ),
    "fill the disk": (
        "try:\n    with open('big', 'wb') as f:\n        for _ in range(100): f.write(b'x' * (1 << 20))\n"
        "except OSError as e: got = e.errno in (27, 28)",
        True,
    ),
    "start processes without end": (
        "import os, time\nn = 0\ntry:\n    while n < 500:\n        if os.fork() == 0: time.sleep(30); os._exit(0)\n"
        "        n += 1\nexcept OSError: pass\ngot = n < 128",
        True,
    ),
    "dump core": ("import resource\ngot = resource.getrlimit(resource.RLIMIT_CORE)", (0, 0)),
}


@docker
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_gets_nothing(inside, attack):
    source, expected = ATTACKS[attack]
    got = value_of(inside, source)
    assert (
        sorted(set(got) & {"/dev/null", "pipe", "socket"}) == got
        if attack == "find another descriptor"
        else got == expected
    )


ENDINGS = {
    "exits": ("import os; os._exit(0)", Status.ERRORED),
    "crashes": ("import os; os.kill(os.getpid(), 11)", Status.ERRORED),
    "forges frames": ("import os; os.write(3, b'x' * 100)", Status.ERRORED),
    "forges a length": ("import os; os.write(3, b'\\x0d' + b'\\xff' * 8)", Status.ERRORED),
    "ignores every interrupt": (
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        Status.TIMED_OUT,
    ),
}


@docker
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_program_that_ends_itself_leaves_a_room_that_serves_the_next(room, ending):
    source, status = ENDINGS[ending]
    session = room.open(wall_seconds=60)
    with pytest.raises(SessionEndedError) as ended:
        session.request({"op": "cell", "source": source, "number": 1}, [], 3 if status is Status.TIMED_OUT else 30)
    session.close()
    assert ended.value.status is status
    session = room.open(wall_seconds=60)
    assert value_of(Channel(session, seed=0, seconds=20, left=lambda: 60), "got = 6 * 7") == 42
    session.close()


@docker
@pytest.mark.parametrize(
    "source", ["while True: pass", "import time; time.sleep(100)", "import torch\nwhile True: torch.ones(1)"]
)
def test_a_loop_is_interrupted_and_the_notebook_goes_on(inside, source):
    assert inside.cell(source, 1, 1)["interrupted"] is True
    assert value_of(inside, "got = 1") == 1


@docker
@pytest.mark.parametrize("source", ["x = bytearray(4 << 30)", "import torch; x = torch.ones(1 << 30)"])
def test_more_memory_than_there_is_raises_and_the_notebook_goes_on(inside, source):
    from autograder.sandbox.exceptions import is_out_of_memory

    assert is_out_of_memory(inside.cell(source, 1, 20)["error"])
    assert value_of(inside, "got = 1") == 1


@docker
def test_processes_together_get_no_more_memory_than_the_room_has(inside):
    assert value_of(inside, HUNGRY.format(megabytes=LIMITS.memory_mb)) is True
    assert value_of(inside, "got = 1") == 1


@docker
def test_nothing_of_a_submission_is_there_for_the_next(room):
    session = room.open(wall_seconds=60)
    value_of(
        Channel(session, seed=0, seconds=20, left=lambda: 60),
        "import subprocess, os, torch\nsubprocess.Popen(['sleep', '300'], start_new_session=True)\n"
        "os.makedirs('/work/trap/a/b'); open('/work/trap/a/b/c', 'w').write('x'); os.chmod('/work/trap', 0)\n"
        "open('/dev/shm/trap', 'w').write('x'); torch.planted = 1; got = os.getuid()",
    )
    session.close()
    session = room.open(wall_seconds=60)
    seen = value_of(
        Channel(session, seed=0, seconds=20, left=lambda: 60),
        "import os, torch, subprocess\ngot = [os.path.exists('/work/trap'), os.path.exists('/dev/shm/trap'),"
        " hasattr(torch, 'planted'), 'sleep' in subprocess.run('cat /proc/*/comm', shell=True,"
        " capture_output=True, text=True).stdout]",
    )
    session.close()
    assert seen == [False] * 4


@docker
def test_magics_shell_lines_plots_and_progress_bars_work_and_are_kept(inside):
    source = (
        "%matplotlib inline\n!ls\n%pip --version\nimport matplotlib.pyplot as plt\nfrom tqdm.auto import tqdm\n"
        "for _ in tqdm(range(3)): pass\nplt.plot([1, 2]); plt.show()\nimport pandas as pd\npd.read_csv('points.csv')"
    )
    reply = inside.cell(source, 1, 20)
    assert reply["error"] is None
    shown = [mime for output in reply["outputs"] for mime in output.get("data", {})]
    assert "image/png" in shown
    assert "text/html" in shown
    assert "points.csv" in reply["outputs"][0]["text"]


@docker
def test_a_flood_of_output_is_cut(inside):
    reply = inside.cell("for i in range(10**6): print(i)", 1, 20)
    assert reply["cut"] is True
    assert sum(len(output["text"]) for output in reply["outputs"]) <= LIMITS.output_kb << 10


@docker
def test_fifty_forks_train_a_convolution_with_adam_and_none_hangs(room):
    source = (
        "import torch\nfrom torch import nn\nnet = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(),"
        " nn.Linear(4 * 26 * 26, 10))\nadam = torch.optim.Adam(net.parameters())\nx = torch.rand(16, 1, 28, 28)\n"
        "y = torch.arange(16) % 10\n"
        "for _ in range(3):\n    adam.zero_grad()\n    loss = nn.functional.cross_entropy(net(x), y)\n"
        "    loss.backward()\n    adam.step()\ngot = loss.item()"
    )
    for _ in range(50):
        session = room.open(wall_seconds=30)
        assert value_of(Channel(session, seed=0, seconds=20, left=lambda: 30), source) > 0
        session.close()


@docker
def test_submissions_run_as_different_users_with_different_seeds_where_asked(room):
    seen = set()
    for seed in (1, 2, 1):
        session = room.open(wall_seconds=30)
        inside = Channel(session, seed=seed, seconds=20, left=lambda: 30)
        seen.add(
            value_of(
                inside,
                "import os, random, numpy, torch\ngot = (os.getuid(), random.random(),"
                " numpy.random.rand(), torch.rand(1).item())",
            )
        )
        session.close()
    assert len({user for user, *_ in seen}) == 3
    assert len({tuple(drawn) for _, *drawn in seen}) == 2


@docker
def test_a_killed_container_is_our_fault_and_the_next_submission_finds_a_new_one():
    with DockerRoom(LIMITS, {}) as room:
        session = room.open(wall_seconds=30)
        subprocess.run([room._engine, "kill", room._container.id], check=True, capture_output=True)
        with pytest.raises(RoomLostError, match="No mark was given"):
            session.request({"op": "cell", "source": "1", "number": 1}, [], 10)
        session.close()
        session = room.open(wall_seconds=30)
        assert value_of(Channel(session, seed=0, seconds=20, left=lambda: 30), "got = 1") == 1
        session.close()


@docker
def test_fresh_containers_are_used_once():
    with DockerRoom(LIMITS, {}, fresh=True) as room:
        names = set()
        for _ in range(2):
            session = room.open(wall_seconds=30)
            names.add(room._container.id)
            session.close()
    assert len(names) == 2


LAYERS = {
    "--read-only": "--init",
    "--cap-drop ALL": "--cap-add CHOWN",
    "no-new-privileges": "seccomp=unconfined",
    "--network none": "--network bridge",
    "--memory 1024m --memory-swap 1024m": "--memory 3g --memory-swap 3g",
}


@docker
@pytest.mark.parametrize("layer", LAYERS)
def test_a_room_with_a_layer_off_refuses_to_open(monkeypatch, layer):
    def without(*wanted):
        return " ".join(container_flags(*wanted)).replace(layer, LAYERS[layer]).split()

    monkeypatch.setattr("autograder.sandbox.container.container_flags", without)
    with DockerRoom(LIMITS, {}) as room, pytest.raises(IsolationMissingError, match="What should be true and is not"):
        room.open(wall_seconds=10)
