#!/usr/bin/env bash
# Makes the image $2 from Debian packages, with the engine $1: Debian 12 with its Python 3.11 and little else.
set -euo pipefail
engine=$1 image=$2 suite=bookworm
# Not /tmp, which may be mounted so that devices and programs in it do not work.
dir=$(mktemp -d /var/tmp/neurograde-base.XXXXXX)
trap 'rm -rf --one-file-system "$dir"' EXIT

# The mirror this machine uses itself; none on other distributions, where debootstrap knows Debian's own.
# shellcheck disable=SC1091,SC2016 # the $(...) are apt's
mirror=$(. /etc/os-release && [ "$ID" = debian ] &&
  apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v name="${VERSION_CODENAME:-}" \
    '$1 ~ /^https?:/ && $2 ~ "^(" name "|stable|testing|unstable|sid)$" && $3 == "main" { print $1; exit }') || true

debootstrap --variant=minbase --include=python3 "$suite" "$dir" ${mirror:+"$mirror"}
cd "$dir"
rm -rf var/cache/apt/* var/lib/apt/lists/* var/cache/debconf/*-old var/log/* \
  usr/share/{doc,man,locale,info,lintian,bash-completion}/*
tar -c --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' . |
  "$engine" import --change 'CMD ["python3"]' - "$image"
