"""Neurograde: autograded PyTorch homework, from the instructor's notebook to the gradebook."""

from importlib.metadata import version

__version__ = version("neurograde")
