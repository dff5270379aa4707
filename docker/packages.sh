#!/usr/bin/env bash
# packages.sh ENGINE BASE WHEELS TAG: makes the image TAG, which is BASE with the packages of the folder WHEELS.
# Not a Dockerfile, because that would store a gigabyte three times: the wheels, what they become, and the copy of it.
set -euo pipefail
engine=$1 base=$2 wheels=$3 tag=$4
container=$("$engine" create --network none "$base" sh /wheels/install-packages.sh)
trap '"$engine" rm --force "$container" >/dev/null' EXIT
"$engine" cp "$wheels" "$container:/wheels"
"$engine" cp "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" "$container:/wheels/install-packages.sh"
"$engine" start --attach "$container"
"$engine" commit --change 'CMD ["python3"]' "$container" "$tag"
