// Package tfkit is what all resources share on the Terraform side: the way from a label to the cluster or hypervisor
// behind it and the check that it is still the same one, diagnostics, sizes, ids and the attributes common to all.
package tfkit
