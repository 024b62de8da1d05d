//go:build cgo

package faults_test

// terraformFaults are those of Terraform and the machine that it runs on.
func terraformFaults() []fault { return nil }
