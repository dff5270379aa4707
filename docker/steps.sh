# shellcheck shell=bash
# Sourced by the scripts beside it: say what is being done, keep the noise in a log, end every failure in a next step.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/neurograde
mkdir -p "$cache/logs" "$cache/wheels"

say() { printf '==> %s\n' "$*" >&2; }

fail() {
  printf 'neurograde: %s\n' "$*" >&2
  exit 4
}

# What a command leaves running (a daemon, above all) must hold none of our files open: not the lock, and not the pipe
# of whoever reads our output and waits for its end.
close_files() {
  local fd
  for fd in /proc/self/fd/*; do
    fd=${fd##*/}
    if [[ $fd =~ ^[0-9]+$ ]] && [ "$fd" -gt 2 ]; then exec {fd}>&-; fi
  done
}

# step LABEL NEXT-STEP COMMAND...: run one long command; if it fails, show the end of its log and what to do next.
# Functions do not go in here: bash would ignore their errors half-way.
step() {
  local label=$1 next=$2 started=$SECONDS log
  shift 2
  log=$cache/logs/$(date +%Y%m%d-%H%M%S)-$$.log
  say "$label"
  if ! (close_files && exec "$@") >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    fail "this failed after $((SECONDS - started)) s: $label. The lines above are the end of $log. $next"
  fi
  rm -f "$log"
  say "done in $((SECONDS - started)) s: ${label%% (*}"
}

# take_turn NAME: one at a time on a machine; the second waits, and then finds everything there.
take_turn() {
  command -v flock >/dev/null || return 0
  exec 9>"$cache/$1.lock"
  flock -n 9 && return 0
  say "another set-up is busy with the $1; waiting for its end"
  flock 9
}

# Names and discovery are the Python side's; ask it rather than say them twice.
ask() {
  PYTHONPATH=$root "$root/.venv/bin/python" - "$1" <<'PYTHON'
import sys
from autograder.model import errors
from autograder.sandbox import image
try:
    print(getattr(image, sys.argv[1])())
except errors.CourseError as error:
    sys.exit(str(error))
PYTHON
}

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# apt_install LABEL PACKAGE...: only as root on Debian and its kin; callers ask can_install first.
apt_install() {
  local label=$1
  shift
  # The lists may be missing or stale, but fetching them first would cost every machine where they are not.
  step "$label" "See that apt-get reaches its mirrors (apt-get update), then run this again." \
    env DEBIAN_FRONTEND=noninteractive bash -c '
      install() { apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; }
      install "$@" || { apt-get -o DPkg::Lock::Timeout=300 update && install "$@"; }' bash "$@"
}
