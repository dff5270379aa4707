#!/usr/bin/env bash
# Finds Fashion-MNIST on this machine; else installs Debian's package of it, else fetches it from its authors.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

neurograde() { "$root/.venv/bin/neurograde" "$@"; }

take_turn dataset
if neurograde data fashion-mnist >/dev/null 2>&1; then exit; fi
# The lists of a fresh machine may be missing, and then apt knows no package at all.
knows() { apt-cache show dataset-fashion-mnist >/dev/null 2>&1; }
if can_install && { knows || { apt-get update >/dev/null 2>&1 && knows; }; }; then
  apt_install "installing Fashion-MNIST (30 MB, once)" dataset-fashion-mnist
else
  say "fetching Fashion-MNIST from its authors (30 MB, once)"
  neurograde data fashion-mnist --download >&2 || fail "Fashion-MNIST is needed and could not be had; see above"
fi
neurograde data fashion-mnist >/dev/null
