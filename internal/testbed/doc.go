// Package testbed starts throwaway Ceph clusters, hypervisors and guests (a bed) as ordinary processes on loopback, in seconds and
// without a container, and ends them by process ID.
//
// All files of a bed are in one folder: data, sockets, logs, keys. Nothing is written under /etc or /var, and nothing is read from
// there. The clusters require cephx and have keys of their own. The hypervisors are unprivileged libvirt daemons with a fixed host
// UUID. The guests are emulated and report on their serial console which disks they see and what is on them. A hypervisor can also be
// reached as from another machine: over tcp and TLS (Listen) and through an OpenSSH server of its own (ServeSSH).
//
// The package needs root, because the hypervisors run as another, plain user. Missing says what else it needs.
package testbed
