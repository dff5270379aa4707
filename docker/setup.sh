#!/usr/bin/env bash
# Makes what the room needs and is not there: engine, base image, packages, room. A second run finds it all in a second.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
cd "$root"
lock=docker/room-requirements.lock
official=python:3.11-slim-bookworm homemade=neurograde-base:bookworm
# The old builder takes the packages from this engine's images; others may be set up to look in a registry only.
export DOCKER_BUILDKIT=0

exists() { [ -n "$("$engine" images --quiet "$1")" ]; }

pull() {
  say "asking the registry for $1 (at most 60 s)"
  if command -v timeout >/dev/null; then set -- timeout 60 "$engine" pull --quiet "$1"; else set -- "$engine" pull "$1"; fi
  "$@" >/dev/null 2>&1 </dev/null
}

# Leaves the name of an image with Python 3.11 in `base`.
find_base() {
  for base in "$official" "$homemade"; do
    if exists "$base"; then return; fi
  done
  base=$official
  if pull "$base"; then return; fi
  can_install || fail "no registry gave $base, and only root on Debian or Ubuntu can make a base image without one." \
    "Run \`$engine pull $base\` where the network allows it, or run this as root"
  command -v debootstrap >/dev/null || apt_install "installing debootstrap" debootstrap debian-archive-keyring
  base=$homemade
  step "no registry answers: making a base image from Debian packages (about 1 min, once)" \
    "See that this machine reaches a Debian mirror (apt-get update), then run this again." \
    bash docker/debootstrap.sh "$engine" "$base"
}

# Leaves the folder of the room's wheels in `wheels`. Always for the room's Python and libc, whatever this machine has.
find_wheels() {
  local machine platforms=() version
  wheels=$cache/wheels/$(cksum <"$lock" | cut -d' ' -f1)
  if [ -d "$wheels" ]; then return; fi
  machine=$(uname -m | sed s/arm64/aarch64/)
  for version in _2_34 _2_28 _2_27 _2_24 _2_17 2014 _2_12 2010 _2_5 1; do
    platforms+=(--platform "manylinux${version}_$machine")
  done
  rm -rf "$cache"/wheels/*
  step "downloading the room's wheels (about 300 MB, once)" \
    "See that pip reaches a package index (.venv/bin/python -m pip config list), then run this again." \
    .venv/bin/python -m pip download --only-binary=:all: --python-version 3.11 "${platforms[@]}" \
    --dest "$wheels.part" --requirement "$lock"
  mv "$wheels.part" "$wheels"
}

build_packages() {
  local base wheels
  find_base
  find_wheels
  step "installing the room's packages in an image (1 to 2 min, once)" \
    "If the disk is full, free 3 GB; if a wheel is broken, remove $wheels; then run this again." \
    bash docker/packages.sh "$engine" "$base" "$wheels" "$packages"
}

build_room() {
  local context
  context=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$context'" EXIT
  find autograder/sandbox/inside -name '*.py' | while read -r file; do
    mkdir -p "$(dirname "$context/$file")"
    cp "$file" "$context/$file"
  done
  chmod -R a+rX "$context"
  step "putting our code in the room's image $room" "The lines above say what to mend; then run this again." \
    "$engine" build --network none --build-arg PACKAGES="$packages" --tag "$room" --file docker/Dockerfile "$context"
}

# The two rooms before this one stay: a grading run that began with one still starts containers from it.
remove_old() {
  local old
  {
    "$engine" images --format '{{.Repository}}:{{.Tag}}' neurograde-room | grep -vF "$room" | tail -n +3
    "$engine" images --format '{{.Repository}}:{{.Tag}}' neurograde-packages | grep -vF "$packages"
  } | grep -E ':[0-9a-f]{12}$' | while read -r old; do
    # What a container still uses is refused, and goes the next time.
    if "$engine" rmi "$old" >/dev/null 2>&1; then say "removed the older image $old"; fi
  done || true
}

take_turn room
bash docker/engine.sh
engine=$(ask find_engine)
packages=$(ask packages_tag)
room=$(ask image_tag)
if exists "$room"; then exit; fi
exists "$packages" || build_packages
build_room
remove_old
