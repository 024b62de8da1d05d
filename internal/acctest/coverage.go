//go:build cgo

package acctest

import (
	"path/filepath"
	"testing"

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
