//go:build cgo

package acctest

import (
	"path/filepath"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"
)

// Mark is a step of an attribute, or a kind of domain in which all its steps were taken.
type Mark = coverage.Mark

// The columns of the table in CONTRIBUTING.
const (
	Set      = coverage.Set
	Changed  = coverage.Changed
	Cleared  = coverage.Cleared
	Imported = coverage.Imported
	Drifted  = coverage.Drifted

	Running   = coverage.Running
	Transient = coverage.Transient
)

// Record notes that a second view has confirmed a step of an attribute. The notes of a whole run become the table in CONTRIBUTING.
func Record(t testing.TB, resourceType, attribute string, mark Mark) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if err := coverage.Append(filepath.Join(root, "build", "coverage"), resourceType, attribute, mark); err != nil {
		t.Fatal(err)
	}
}

// Recorded is a check that never fails: it records a step of attributes once the checks before it have passed.
func Recorded(t testing.TB, resourceType string, mark Mark, attributes ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		t.Helper()
		for _, attribute := range attributes {
			Record(t, resourceType, attribute, mark)
		}
		return nil
	}
}
