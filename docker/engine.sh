#!/usr/bin/env bash
# Sees that a container engine answers: one that runs is used as it is; else, as root on Debian, Docker is installed and started.
source "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
log=/var/log/neurograde-dockerd.log

# forget PIDFILE NAME: a pid file that outlived its machine names a stranger, and Docker would take it for itself.
forget() {
  [ -e "$1" ] || return 0
  [ "$(cat "/proc/$(cat "$1")/comm" 2>/dev/null)" = "$2" ] || rm -f "$1"
}

start() {
  (close_files && exec setsid dockerd "$@" </dev/null >>"$log" 2>&1) &
  daemon=$!
}

answers_soon() {
  local deadline=$((SECONDS + 60))
  while [ $SECONDS -lt $deadline ]; do
    timeout 10 docker ps >/dev/null 2>&1 && return
    kill -0 "$daemon" 2>/dev/null || return 1
    sleep 0.5
  done
  return 1
}

start_docker() {
  if [ -d /run/systemd/system ]; then
    step "starting Docker" "See systemctl status docker." systemctl start docker
    return
  fi
  forget /var/run/docker.pid dockerd
  forget /var/run/docker/containerd/containerd.pid containerd
  say "starting dockerd (its log: $log)"
  : >"$log"
  start
  answers_soon && return
  kill "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  # Inside a container the firewall is often out of reach. Rooms have no network, so they do not need it.
  say "dockerd did not start; trying once more without its bridge and firewall rules"
  start --bridge=none --iptables=false --ip6tables=false
  answers_soon && return
  tail -n 30 "$log" >&2
  fail "dockerd does not answer. The lines above are the end of $log; mend what they name, or install podman," \
    "then run this again"
}

if why=$(ask find_engine 2>&1); then exit; fi
[ "${NEUROGRADE_ENGINE:-docker}" = docker ] || fail "$why"
[ -z "${DOCKER_HOST:-}" ] || fail "Docker at DOCKER_HOST=$DOCKER_HOST does not answer. Start it, or unset DOCKER_HOST"
can_install || fail "$why"
if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
  apt_install "installing Docker (about 1 min, once)" docker.io iptables
  # Newer Debians keep the command apart from the daemon.
  command -v docker >/dev/null || apt_install "installing the docker command" docker-cli
fi
why=$(ask find_engine 2>&1) || start_docker
why=$(ask find_engine 2>&1) || fail "$why"
