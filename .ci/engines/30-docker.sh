#!/bin/bash
# Debian's docker daemon, unpacked beside the machine's own programs and started on a socket of its own.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/env.sh"
tools=$CL/docker.d
if [ ! -x "$tools/usr/sbin/dockerd" ]; then
  stamp docker
  # unpacked, not installed: a package would start a daemon, and put its rules into the machine's firewall
  mkdir -p "$CL/dl/docker" "$tools.tmp"
  ( cd "$CL/dl/docker"
    apt-get -qq download docker.io containerd || { apt-get -qq update; apt-get -qq download docker.io containerd; } )
  for package in "$CL"/dl/docker/*.deb; do dpkg -x "$package" "$tools.tmp"; done
  mv "$tools.tmp" "$tools"
fi
start_docker
stamp "docker $(DOCKER_HOST=$COVLINT_TEST_DOCKER_HOST "$tools/usr/bin/docker" version --format '{{.Server.Version}}')"
