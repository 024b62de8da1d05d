// Package faults holds the fault suite: what goes wrong while Terraform runs is made so on real clusters, hypervisors and guests, and each
// time a test looks at what the user saw, whether it ended, what was left behind, and whether the next apply went on. One operation of each
// fault runs in make test, all of them in make test-faults, whose table is kept in internal/endtoend/FAULTS.md. The tests
// need cgo.
package faults
