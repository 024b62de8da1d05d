// Package endtoend holds tests that apply the files of examples/ as users do, with the provider in a filesystem mirror, to real
// clusters, real hypervisors and running guests. They need cgo.
package endtoend
