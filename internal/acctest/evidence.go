//go:build cgo

package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/evidence"
)

// Mark is a step in the course of an attribute.
type Mark = evidence.Mark

// The marks of the table in CONTRIBUTING.
const (
	Set      = evidence.Set
	Changed  = evidence.Changed
	Cleared  = evidence.Cleared
	Imported = evidence.Imported
	Drifted  = evidence.Drifted

	Running   = evidence.Running
	Transient = evidence.Transient
)

// Record notes that a second witness has agreed: the attribute was set, changed, cleared, imported or found drifted. The
// notes of a whole run become the table in CONTRIBUTING.
func Record(t testing.TB, resourceType, attribute string, mark Mark) {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.Append(filepath.Join(root, "build", "evidence"), resourceType, attribute, mark); err != nil {
		t.Fatal(err)
	}
}

// moduleRoot is the folder of go.mod above the folder of the test.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}
