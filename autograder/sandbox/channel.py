"""The channel through which a test asks for what is inside.

    plain data              crosses by value, as exactly the base type (see inside/wire)
    a tensor with grad      a leaf with the same values; `backward()` outside continues inside
    anything else           a StandIn: attributes, calls, indexing, len, bounded iteration, isinstance as a claim
    going in                the same, and library callables by name; a test's own function is refused

A test that compares stand-ins, or changes a tensor it was given a copy of, is told what to do instead.
"""

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import torch

from autograder.model.report import Status
from autograder.sandbox.exceptions import exception_of, is_out_of_memory
from autograder.sandbox.inside import wire
from autograder.sandbox.library import library_name
from autograder.sandbox.room import Session, SessionEndedError
from autograder.sandbox.standin import StandIn, number_of


class StoppedError(BaseException):
    """The step cannot go on. Not an Exception, so that no test catches it.

    `alive` says whether the student's process is still there, only interrupted.
    """

    def __init__(self, status: Status, message: str, *, alive: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.alive = alive


class Channel:
    """The examiner's line to one submission. Remembers, for each case, what explains a failure."""

    def __init__(self, session: Session, *, seed: int, seconds: float, left: Callable[[], float]) -> None:
        self._session = session
        self._seconds = seconds
        self._left = left
        self.begin_case(seed)

    def begin_case(self, seed: int) -> None:
        """Forget what the last case left behind; `seed` goes in with the next request."""
        self._seed: int | None = seed
        self.raised: BaseException | None = None
        self.out_of_memory = False
        self.stopped: StoppedError | None = None
        self.missing: list[str] = []
        self._given: list[tuple[torch.Tensor, bytes, dict[str, Any]]] = []
        self._sent: dict[int, torch.Tensor] = {}
        self._keys = itertools.count(1)

    def ask(self, op: str, **arguments: Any) -> Any:
        """One request. Raises what student code raised, StoppedError, or wire.NotPlainError for what cannot go in."""
        encoder = wire.Encoder(self._reference)
        keys = next(self._keys)
        header = {"op": op, **{name: encoder.encode(value) for name, value in arguments.items()}}
        inputs = {key: tensor for key, tensor in self._sent.items() if key >= keys}
        reply, body = self._request(header, encoder.body)
        if reply.get("missing") is True:
            raise KeyError(arguments.get("name"))
        if "raised" in reply:
            reply["raised"] = reply["raised"] if type(reply["raised"]) is dict else {}
            error = exception_of(reply["raised"])
            if "cell" in reply["raised"]:  # through a line of the student's own, not only of the test's or a library's
                self.raised = error
            self.out_of_memory = self.out_of_memory or is_out_of_memory(reply["raised"])
            raise error
        decoder = wire.Decoder(body, functools.partial(StandIn, self), functools.partial(self._leaf, inputs))
        try:
            return decoder.decode(reply["value"])
        except (wire.WireError, KeyError) as error:
            raise self._stop(Status.ERRORED, f"the room sent what is not a value: {error}") from None

    def cell(self, source: str, number: int, seconds: float) -> dict[str, Any]:
        """Run one cell; the clerk's word on what came of it. Raises StoppedError."""
        return self._request({"op": "cell", "source": source, "number": number}, [], seconds)[0]

    def _request(
        self, header: Mapping[str, Any], body: list[bytes], seconds: float | None = None
    ) -> tuple[dict[str, Any], bytes]:
        left = self._left()
        if left <= 0:
            raise self._stop(Status.TIMED_OUT, "the submission had used all its time")
        if self._seed is not None:
            header, self._seed = {**header, "seed": self._seed}, None
        try:
            reply, data = self._session.request(header, body, min(seconds or self._seconds, left))
        except SessionEndedError as ended:
            raise self._stop(ended.status, str(ended)) from None
        except wire.WireError as error:
            raise self._stop(Status.ERRORED, f"the room sent what is not a reply: {error}") from None
        if reply.get("interrupted") is True and header["op"] != "cell":
            raise self._stop(Status.TIMED_OUT, "it did not return within its time", alive=True)
        return reply, data

    def _stop(self, status: Status, message: str, *, alive: bool = False) -> StoppedError:
        self.stopped = StoppedError(status, message, alive=alive)
        return self.stopped

    def changed_copies(self) -> bool:
        """Whether the test changed a tensor whose original stays inside, which would have had no effect there."""
        return any(_bytes_of(tensor) != original for tensor, original, _ in self._given)

    def _leaf(self, inputs: dict[int, torch.Tensor], tensor: torch.Tensor, form: dict[str, Any]) -> torch.Tensor:
        link = form["leaf"]
        if type(link) is not dict or type(link.get("id")) is not int:
            raise wire.WireError("a tensor that requires grad names its original")
        origin = StandIn(self, link)
        if inputs and form.get("graph") is True:
            tensor = GradientAcross.apply(  # type: ignore[no-untyped-call]
                self, origin, list(inputs), tensor.detach(), *inputs.values()
            )
        else:
            tensor.register_hook(  # type: ignore[no-untyped-call]
                lambda grad: self._continue(origin, grad)
            )
        self._given.append((tensor, _bytes_of(tensor), link))
        return tensor

    def _continue(self, origin: StandIn, grad: torch.Tensor) -> None:
        self.ask("backward", on=origin, grad=grad.detach(), keys=[])

    def _reference(self, value: Any) -> dict[str, Any]:
        if type(value) is StandIn:
            return {"$": "ref", "id": number_of(value)}
        if isinstance(value, torch.Tensor):
            for tensor, original, link in self._given:
                if tensor is value and _bytes_of(tensor) == original:
                    return {"$": "ref", "id": link["id"]}
            key = next(self._keys)
            self._sent[key] = value
            return {"key": key}
        library = library_name(value)
        if library is None:
            raise wire.NotPlainError(
                f"a {type(value).__name__} of the test's own cannot go into the room; "
                'write it there: student.inside("...source...", name=value)'
            )
        return {"$": "ref", "library": list(library)}


class GradientAcross(torch.autograd.Function):
    """Joins tensors that a test passed in to a result that was computed from them inside."""

    @staticmethod
    def forward(ctx: Any, inside: Channel, origin: StandIn, keys: list[int], value: Any, *inputs: Any) -> Any:
        ctx.inside, ctx.origin, ctx.keys = inside, origin, keys
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        passed_in = ctx.inside.ask("backward", on=ctx.origin, grad=grads[0].detach(), keys=ctx.keys)
        return (None, None, None, None, *passed_in)


def _bytes_of(tensor: torch.Tensor) -> bytes:
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
