#!/usr/bin/env bash
# Installs what only the tests need and is not there: PostgreSQL, as another home of the gradebook, and Chromium.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

has_postgres() { command -v initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb'; } >/dev/null
# Ubuntu's package of that name is a stub without its snap, so ask it to say something.
has_chromium() {
  local name
  for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome; do
    if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then return; fi
  done
  return 1
}

install_postgres() {
  can_install || fail "PostgreSQL is missing, which the tests need. Install it (apt-get install postgresql)," \
    "then run this again"
  apt_install "installing PostgreSQL (about 20 s, once)" postgresql
}

install_chromium() {
  can_install || fail "Chromium is missing, which the tests need. Install it (apt-get install chromium), or name" \
    "another one's program in CHROMIUM, then run this again"
  apt_install "installing Chromium (about 1 min, once)" chromium
  has_chromium || fail "this system's package of Chromium brings none that runs here. Install one (Ubuntu:" \
    "snap install chromium), or name its program in CHROMIUM, then run this again"
}

take_turn testbed
has_postgres || install_postgres
has_chromium || install_chromium
