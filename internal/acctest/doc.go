// Package acctest is what acceptance tests share. They run the provider against a testbed: real clusters, hypervisors and guests.
// A test compares with what ceph, rbd, virsh or a guest's console show (the second view), never with the provider alone. All of it
// needs cgo.
package acctest
