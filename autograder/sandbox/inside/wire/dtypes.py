"""The dtypes that cross, by name."""

from typing import Final

import numpy as np
import torch

TORCH_DTYPES: Final = {
    name: getattr(torch, name)
    for name in (
        *("float64", "float32", "float16", "bfloat16", "complex64", "complex128", "bool"),
        *("uint8", "int8", "int16", "int32", "int64"),
    )
}
NUMPY_KINDS: Final = "biufc"
NUMPY_DTYPES: Final = {
    np.dtype(code).name: np.dtype(code) for code in np.typecodes["All"] if np.dtype(code).kind in NUMPY_KINDS
}
