# Thin names for what the README prints. The work is in docker/*.sh and the packages.
.DEFAULT_GOAL := help
.PHONY: help setup demo test bench mutants venv room
# nbgrader looks for its helpers on PATH.
run = PATH="$(CURDIR)/.venv/bin:$$PATH"
# Packages are compiled at their first use; where that were not kept, every command would compile them for seconds.
export PYTHONDONTWRITEBYTECODE :=

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

setup: ## install what is missing: Python packages, container engine, the room's image
	@$(MAKE) --no-print-directory -j2 .venv/ready room
	@bash docker/dataset.sh

demo: setup ## grade a small real class, from upload to gradebook
	$(run) neurograde demo

test: setup ## lint, types and every test
	@bash docker/testbed.sh
	$(run) ruff check .
	$(run) ruff format --check .
	$(run) mypy
	$(run) pytest -n 2 -m "not docker"
	$(run) pytest -m docker

bench: setup ## measure the speed of grading
	$(run) python -m tests.bench

mutants: setup ## grade every assignment's corpus, and its solution with many seeds: what the tests caught, missed and falsely failed
	$(run) neurograde release
	$(run) python -m tests.mutants
	$(run) python -m tests.seeds

# The packages of host and room are installed side by side; each waits for something else most of the time.
.venv/ready: pyproject.toml requirements.lock | venv
	@bash docker/venv.sh fill

room: | venv
	@bash docker/setup.sh

venv:
	@PYTHON="$(PYTHON)" bash docker/venv.sh make
