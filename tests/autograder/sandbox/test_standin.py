import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from autograder.model.report import Status
from autograder.sandbox.channel import Channel, StoppedError
from autograder.sandbox.environment import Environment, StudentNamespace
from autograder.sandbox.exceptions import StudentError
from autograder.sandbox.room import SessionEndedError
from autograder.sandbox.standin import StandInRefusedError
from tests.fakes import FakeRoom


def inside_of(**namespace):
    return Channel(FakeRoom(namespace).open(wall_seconds=60), seed=0, seconds=10, left=lambda: 60)


def standin_of(value):
    return inside_of(it=value).ask("get", name="it")


class Neuron(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return x @ self.weight


class OddError(ValueError):
    pass


def test_a_function_is_called_inside_and_its_value_comes_out():
    assert standin_of(lambda a, *, b: a + b)(2, b=3) == 5


def test_a_module_says_that_it_is_one():
    neuron, kind = standin_of(Neuron()), standin_of(Neuron)
    assert isinstance(neuron, nn.Module)
    assert not isinstance(neuron, nn.Linear)
    assert isinstance(kind, type)
    assert issubclass(kind, nn.Module)
    assert isinstance(kind(), nn.Module)


def test_attributes_items_length_membership_and_iteration_work():
    class Box(list):
        colour = "red"

    box = standin_of(
        type(
            "Bag",
            (),
            {
                "items": Box([1, 2]),
                "__getitem__": lambda s, i: s.items[i],
                "__len__": lambda s: 2,
                "__contains__": lambda s, x: x in s.items,
            },
        )()
    )
    assert (box[1], len(box), 2 in box, 5 in box, list(box)) == (2, 2, True, False, [1, 2])


def test_an_endless_generator_is_read_as_far_as_asked():
    def count():
        n = 0
        while True:
            yield (n := n + 1)

    numbers = standin_of(count())
    assert next(numbers) == 1
    with pytest.raises(StandInRefusedError, match="did not end"):
        list(numbers)


def test_backward_outside_continues_inside():
    neuron = standin_of(Neuron())
    F.mse_loss(neuron(torch.tensor([[1.0, 2.0]])), torch.tensor([0.0])).backward()
    assert torch.equal(neuron.weight.grad, torch.tensor([6.0, 12.0]))


def test_a_gradient_flows_back_to_a_tensor_that_the_test_passed_in():
    x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    doubled = standin_of(lambda x: 2 * x)(x)
    doubled.pow(2).sum().backward()
    assert torch.equal(x.grad, 8 * x.detach())


def test_a_result_passed_back_in_keeps_its_graph():
    inside = inside_of(neuron=Neuron(), loss=lambda y: (y**2).sum())
    neuron, loss = inside.ask("get", name="neuron"), inside.ask("get", name="loss")
    loss(neuron(torch.tensor([[1.0, 2.0]]))).backward()
    assert torch.equal(neuron.weight.grad, torch.tensor([6.0, 12.0]))


def test_parameters_come_as_parameters_and_weights_can_be_loaded():
    neuron = standin_of(Neuron())
    (weight,) = neuron.parameters()
    assert type(weight) is nn.Parameter
    neuron.load_state_dict({"weight": torch.tensor([3.0, 4.0])})
    assert torch.equal(neuron(torch.eye(2)).detach(), torch.tensor([3.0, 4.0]))


def test_a_change_to_a_copy_is_noticed():
    inside = inside_of(neuron=Neuron())
    weight = inside.ask("get", name="neuron").weight
    assert not inside.changed_copies()
    weight.data.fill_(0)
    assert inside.changed_copies()


def test_library_callables_go_in_and_a_tests_own_function_does_not():
    apply = standin_of(lambda f, *args: f(*args))
    assert apply(F.mse_loss, torch.ones(1), torch.zeros(1)) == 1
    assert apply(np.mean, [1, 3]) == 2
    assert apply(len, [1, 3]) == 2
    with pytest.raises(TypeError, match=r"student\.inside"):
        apply(lambda x: x, 1)


def test_source_runs_among_the_students_names():
    student = StudentNamespace(inside_of(double=lambda x: 2 * x))
    assert student.inside("y = double(x)\ny + 1", x=3) == 7
    assert student.inside("z = 1") is None
    with pytest.raises(NameError):
        student.inside("y")


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s == s,
        lambda s: s != 1,
        lambda s: s < 2,
        bool,
        float,
        lambda s: abs(s - 1),
        lambda s: np.asarray(s),
        lambda s: np.allclose(s, 1),
    ],
)
def test_a_standin_is_not_compared(use):
    class Agreeable:
        __eq__ = __lt__ = lambda self, other: True
        __hash__ = None

    with pytest.raises(StandInRefusedError, match="stays inside"):
        use(standin_of(Agreeable()))


def test_an_error_inside_is_the_builtin_of_that_name():
    def fail(error):
        raise error

    inside = inside_of(
        value=lambda: fail(ValueError("bad")), odd=lambda: fail(OddError("odd")), out=lambda: fail(SystemExit(1))
    )
    with pytest.raises(ValueError, match="bad"):
        inside.ask("get", name="value")()
    with pytest.raises(StudentError, match="OddError: odd"):
        inside.ask("get", name="odd")()
    with pytest.raises(StudentError, match="SystemExit"):
        inside.ask("get", name="out")()


def test_a_name_that_is_missing_is_none_and_is_noted():
    inside = inside_of(a=1)
    environment = Environment(inside, {"rng": "ours"})
    assert environment.get("a") == 1
    assert environment.get("b") is None
    assert inside.missing == ["b"]
    assert "a" in environment
    assert "b" not in environment


def test_the_examiners_own_names_come_first():
    assert Environment(inside_of(np="forged"), {"np": np})["np"] is np


class Ending:
    """A session that ends at the first request."""

    def request(self, header, body, seconds):
        raise SessionEndedError("memory")


def test_no_test_can_catch_the_end_of_the_room():
    inside = Channel(Ending(), seed=0, seconds=1, left=lambda: 1)
    assert not issubclass(StoppedError, Exception)
    with pytest.raises(StoppedError) as stop:
        inside.ask("get", name="f")
    assert stop.value.status is Status.OUT_OF_MEMORY


class Answering:
    """A session that gives one made-up reply to everything."""

    def __init__(self, reply, body=b""):
        self._reply = reply, body

    def request(self, header, body, seconds):
        return self._reply


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"value": {"$": "ref"}},
        {"value": {"$": "ref", "id": "1"}},
        {"value": {"$": "tensor", "dtype": "float32", "shape": [], "at": [0, 4], "leaf": 3}},
        {"value": {"$": "eval", "v": ["1"]}},
    ],
    ids=str,
)
def test_a_forged_reply_ends_the_question_without_a_value(reply):
    inside = Channel(Answering(reply, b"\0" * 4), seed=0, seconds=1, left=lambda: 1)
    with pytest.raises(StoppedError, match="not a value"):
        inside.ask("get", name="f")


@pytest.mark.parametrize(
    "raised", [3, {}, {"type": 1, "builtin": "KeyboardInterrupt"}, {"builtin": ["x"], "text": 1}], ids=str
)
def test_a_forged_error_is_a_students_error(raised):
    with pytest.raises(StudentError):
        Channel(Answering({"raised": raised}), seed=0, seconds=1, left=lambda: 1).ask("get", name="f")


def test_a_class_that_no_library_has_is_not_claimed():
    forged = {"$": "ref", "id": 1, "type": "X", "claims": ["os.system", "torch.nn.modules.module.Module", 3, None]}
    claimed = Channel(Answering({"value": forged}), seed=0, seconds=1, left=lambda: 1).ask("get", name="f")
    assert isinstance(claimed, nn.Module)
