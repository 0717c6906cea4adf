#!/bin/bash
# From nothing to podman, docker, kind and a node image; a minute when all of it stands.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
. "$here/env.sh"
bash "$here/00-packages.sh"
bash "$here/30-docker.sh"
bash "$here/20-node-image.sh" --root-only & root=$!
bash "$here/10-build-k8s.sh"
wait $root
bash "$here/20-node-image.sh"
