//go:build cgo

package endtoend_test

import (
	"os/exec"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccOpenTofu does with OpenTofu what TestAccImports does: the examples of the pages applied, imported, and destroyed.
func TestAccOpenTofu(t *testing.T) {
	acctest.Bed(t)
	tofu, err := exec.LookPath("tofu")
	if err != nil {
		t.Skip("tofu is not on PATH")
	}
	t.Setenv("TF_ACC_TERRAFORM_PATH", tofu)
	testImports(t)
}
