"""Frames: a JSON header and raw buffers end to end, packed and read strictly, and the errors of the protocol."""

import json
import math
import struct
from collections.abc import Sequence
from typing import Any, Final

FRAME: Final = struct.Struct("<BII")
MAX_HEADER: Final = 8 << 20
MAX_BODY: Final = 96 << 20
MAX_DEPTH: Final = 32
MAX_NODES: Final = 500_000
MAX_DIMENSIONS: Final = 16

# Frame kinds, host to supervisor. Frames that the supervisor only passes on are REQUEST and REPLY.
STAGE, OPEN, REQUEST, CLOSE, PIPES = range(1, 6)
# Supervisor to host.
READY, OPENED, REPLY, ENDED, CLOSED = range(11, 16)


class WireError(ValueError):
    """The bytes are not a frame or value of this protocol."""


class NotPlainError(TypeError):
    """A value that cannot cross, and what to do instead."""


def pack(kind: int, header: dict[str, Any], body: Sequence[bytes | memoryview] = ()) -> bytes:
    """One frame. Raises NotPlainError when it would be larger than the other side accepts."""
    text = _WRITER.encode(header).encode()
    size = sum(len(part) for part in body)
    if len(text) > MAX_HEADER or size > MAX_BODY:
        raise NotPlainError(
            f"a value of {(len(text) + size) >> 20} MiB is too large to cross; send a smaller part of it"
        )
    return b"".join((FRAME.pack(kind, len(text), size), text, *body))


def frame_size(prefix: bytes) -> tuple[int, int, int]:
    """Kind, header length and body length from the first FRAME.size bytes. Raises WireError when out of bounds."""
    kind, header, body = FRAME.unpack(prefix)
    if header > MAX_HEADER or body > MAX_BODY:
        raise WireError(f"a frame of {header} + {body} bytes is too large")
    return kind, header, body


def unpack_header(text: bytes) -> dict[str, Any]:
    """The JSON header of a frame, read strictly. Raises WireError."""
    try:
        header = _READER.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise WireError(f"not a header: {error}") from None
    if type(header) is not dict:
        raise WireError("a header is a JSON object")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise WireError("a key is given twice")
    return table


def _no_constant(text: str) -> float:
    raise WireError(f"{text} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise WireError("a number is out of range")
    return value


def _bounded(text: str) -> int:
    if len(text) > 1000:
        raise WireError("an integer is too long")
    return int(text)


_WRITER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"))
_READER: Final = json.JSONDecoder(
    object_pairs_hook=_once, parse_constant=_no_constant, parse_float=_finite, parse_int=_bounded
)
