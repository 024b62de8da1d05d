// Package tfkit is what all resources share on the Terraform side: it finds the cluster or hypervisor of a label and checks
// that it is still the same one; it has diagnostics, sizes, ids and the attributes that all resources have.
package tfkit
