from pathlib import Path


def prepare(folder: Path) -> None:
    (folder / "numbers.csv").write_text("1.5\n7.25\n-3.0\n")
