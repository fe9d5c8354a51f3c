#!/usr/bin/env bash
# Installs what the tests start: redis-server, rabbitmq-server, OpenSSH's sshd, slapd and libvirtd with qemu for the integration tests, curl, jq and kubectl, and for
# real storage nodes what builds and boots them; then builds the Kubernetes control plane. Does nothing when all of it is there. Debian or
# Ubuntu; root, or a user who may use sudo.
#
#   setup.sh           all of it
#   setup.sh packages  without the control plane
set -euo pipefail
cd "$(dirname "$0")"

packages=(redis-server rabbitmq-server openssh-server slapd ldap-utils
	libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-utils qemu-system-x86
	sudo mmdebstrap e2fsprogs iproute2 openssh-client util-linux gcc libc6-dev glusterfs-client curl jq)
command -v kubectl >/dev/null || packages+=(kubernetes-client) # any kubectl will do, wherever it is from

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)

install_packages() {
	"${as_root[@]}" apt-get -q update
	# The services are for the tests to start, on ports of their own: a package must not start one by itself.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
		"${as_root[@]}" chmod 755 "$policy"
		trap '"${as_root[@]}" rm -f "$policy"' EXIT
	fi
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "$@"
}

missing=()
for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
if [ "${#missing[@]}" = 0 ]; then
	echo "setup: every package is installed"
else
	install_packages "${missing[@]}"
fi

if [ "${1:-}" != packages ]; then
	control_plane=$(kubernetes/build.sh)
	echo "setup: the Kubernetes control plane is $control_plane"
fi
