#!/usr/bin/env bash
# Prints the path of the control plane that the tests start, and builds it before unless the cache has it: minutes on a machine that never
# did, nothing afterwards. Needs Go, the module proxy, and 3 GB beside; two at once wait for each other.
#
#   build.sh [FLAG...]  flags are go build's: -p 1 leaves the machine to others
#   build.sh --path     builds nothing, but waits for a build that is under way; 1 if it is not there
#   YARDMASTER_KUBE_CACHE  where it is kept (default: ~/.cache/yardmaster-kubernetes)
set -euo pipefail
cd "$(dirname "$0")"
cache=${YARDMASTER_KUBE_CACHE:-$HOME/.cache/yardmaster-kubernetes}
# The same on every machine: a C compiler, a workspace or flags of the caller's would make another one.
export CGO_ENABLED=0 GOWORK=off GOFLAGS=

mapfile -t sources < <(find . -name '*.go' | LC_ALL=C sort)
key=$({ go env GOVERSION GOOS GOARCH && sha256sum go.mod go.sum build.sh "${sources[@]}"; } | sha256sum | cut -c1-32)
binary=$cache/$key/control-plane

there() { [ -x "$binary" ] && touch "$cache/$key"; }
if there; then echo "$binary"; exit 0; fi
if [ "${1:-}" = --path ] && ! [ -e "$cache/lock" ]; then exit 1; fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if there; then echo "$binary"; exit 0; fi # another one built it meanwhile
if [ "${1:-}" = --path ]; then exit 1; fi

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
says="-X k8s.io/component-base/version.gitVersion=$version -X k8s.io/client-go/pkg/version.gitVersion=$version"
says+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=${minor%%.*}"
# Neither debug information nor inlining: a third less to compile, and nobody measures a control plane here.
flags=(-trimpath -buildvcs=false -gcflags=all='-dwarf=false -l' "$@")
scratch=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
echo "building the control plane for tests ($version); this takes minutes, once" >&2
go build "${flags[@]}" -ldflags "-s -w $says" -o "$scratch/control-plane" . >&2
go test "${flags[@]}" -vet=off ./kubelet >&2 # vet would read all of Kubernetes again
rm -rf "${cache:?}/$key"
mv "$scratch" "$cache/$key"
trap - EXIT
# What no checkout has asked for lately.
find "$cache" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} +
echo "$binary"
