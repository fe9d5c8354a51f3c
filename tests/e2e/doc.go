// Package e2e runs the real program on real storage nodes: GlusterFS, LVM, XFS and sshd, none of them simulated. It makes
// volumes, mounts them, cuts nodes off in the middle of the work, and looks on every node at what is left. It is built with the
// tag e2e and skipped without nodes:
//
//	YARDMASTER_E2E_NODES=nodes.json                  the nodes: names, addresses, empty devices, key, known_hosts
//	YARDMASTER_E2E_FAULTS="fault.sh WORKDIR"         the command that breaks a node and mends it; without it no node is broken
//	go test -tags e2e -v -timeout 30m ./tests/e2e/
//
// The machine that runs it must resolve the nodes' names and be able to mount over FUSE. All that the tests make on the nodes
// they remove.
package e2e
