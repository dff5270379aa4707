"""What lies beside the notebook. Runs on the instructor's machine only, and is never released."""

from pathlib import Path

import numpy as np
import pandas as pd


def prepare(folder: Path) -> None:
    """Write what students get: the same bytes every time."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"height": rng.normal(170, 9, 50).round(1), "weight": rng.normal(70, 12, 50).round(1)})
    table.to_csv(folder / "measurements.csv", index=False, lineterminator="\n")


# For a competition: what submissions are scored on, with a secret seed.
# def heldout(seed: int) -> tuple[np.ndarray, np.ndarray]:
#     """Draw inputs (n, ...) and integer labels (n,)."""
