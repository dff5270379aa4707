#!/usr/bin/env bash
# venv.sh make: makes .venv from any Python from 3.11 on. venv.sh fill: installs the locked versions in it.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
cd "$root"

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local candidate
  for candidate in ${PYTHON:-python3 python3.11 python3.12 python3.13 python3.14}; do
    if is_new_enough "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

make_venv() {
  if is_new_enough .venv/bin/python && .venv/bin/python -c 'import pip' 2>/dev/null; then return; fi
  local python package
  python=$(find_python)
  [ -n "$python" ] || fail "no Python 3.11 or newer was found. Install one (Ubuntu 22.04: apt-get install python3.11" \
    "python3.11-venv), or name one that is not on PATH: make setup PYTHON=/path/to/python3"
  # Debian keeps ensurepip, which a virtual environment gets its pip from, in a package of its own.
  if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    can_install || fail "$python cannot make virtual environments. Install $package, then run this again"
    apt_install "installing $package" "$package"
  fi
  rm -rf .venv
  step "making a virtual environment in .venv" "See that $python -m venv works, then run this again." \
    "$python" -m venv .venv
}

fill_venv() {
  if [ .venv/ready -nt pyproject.toml ] && [ .venv/ready -nt requirements.lock ]; then return; fi
  # Compiling all of torch takes half a minute; Python compiles what is used at its first use anyway.
  step "installing the Python packages into .venv (1 to 3 min, once)" \
    "See that pip reaches a package index (.venv/bin/python -m pip config list), then run this again." \
    .venv/bin/python -m pip install --no-compile -c requirements.lock -e '.[dev]'
  # jsonschema does without: it would check addresses that no notebook has, by a grammar that it reads when imported. Of
  # the 3 seconds that importing otter, nbgrader or Jupyter takes, in every process, that is 2.
  .venv/bin/python -m pip uninstall -qq --yes rfc3987-syntax
  touch .venv/ready
}

take_turn venv
"$1_venv"
