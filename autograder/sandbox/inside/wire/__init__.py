"""What crosses the wall: frames of a JSON header and raw buffers. One package, used on both sides.

    frame    kind (u8), header length (u32), body length (u32), header (JSON), body (buffers, end to end)
    value    JSON for None, bool, int, finite float, str and list; everything else is {"$": tag, ...}

The side that trusts the other least decides what is allowed: the decoder knows a fixed set of tags and dtypes, checks
every size against the bytes that are there, and refuses duplicate keys, NaN literals and deep nesting. Nothing is ever
unpickled, evaluated, or looked up by a name that the other side sent; what is not plain data crosses as a numbered
reference, and what a reference means is for the caller to say.
"""

from autograder.sandbox.inside.wire.decode import Decoder
from autograder.sandbox.inside.wire.dtypes import TORCH_DTYPES
from autograder.sandbox.inside.wire.encode import Encoder
from autograder.sandbox.inside.wire.frames import (
    CLOSE,
    CLOSED,
    ENDED,
    FRAME,
    MAX_BODY,
    OPEN,
    OPENED,
    PIPES,
    READY,
    REPLY,
    REQUEST,
    STAGE,
    NotPlainError,
    WireError,
    frame_size,
    pack,
    unpack_header,
)

__all__ = [
    "CLOSE",
    "CLOSED",
    "ENDED",
    "FRAME",
    "MAX_BODY",
    "OPEN",
    "OPENED",
    "PIPES",
    "READY",
    "REPLY",
    "REQUEST",
    "STAGE",
    "TORCH_DTYPES",
    "Decoder",
    "Encoder",
    "NotPlainError",
    "WireError",
    "frame_size",
    "pack",
    "unpack_header",
]
