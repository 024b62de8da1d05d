// Package acctest runs the provider against a testbed: real clusters, real hypervisors, real guests. What a test
// believes is what ceph, rbd, virsh or a guest's console say, never the provider alone. All of it needs cgo.
package acctest
