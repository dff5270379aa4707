"""Whether two folders hold the same."""

from pathlib import Path

from autograder.authoring.release.proofs import listing


def differences(first: Path, second: Path) -> list[str]:
    """How two folders differ, one line a file; empty if they hold the same bytes under the same names."""
    files = {folder: set(listing(folder)) for folder in (first, second)}
    lines = [f"only in {first}: {path}" for path in files[first] - files[second]]
    lines += [f"only in {second}: {path}" for path in files[second] - files[first]]
    for path in files[first] & files[second]:
        if (first / path).read_bytes() != (second / path).read_bytes():
            lines.append(f"differs: {path}")
    return sorted(lines)
