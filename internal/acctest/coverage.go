//go:build cgo

package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/coverage"
)

// Mark is a step of an attribute, or a kind of domain in which all its steps were taken.
type Mark = coverage.Mark

// The marks of the table in CONTRIBUTING.
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
