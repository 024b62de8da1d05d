// Package endtoend applies the very files of examples/ through a filesystem mirror, as users do, to real clusters, a real
// hypervisor and a running guest. All of it are tests, which need cgo.
package endtoend
