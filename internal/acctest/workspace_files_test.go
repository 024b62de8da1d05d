//go:build cgo

package acctest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFilesIn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"main.tf", "terraform.tfstate", ".terraform/providers/binary", ".terraform/modules.json", "providers/kept"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filesIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{".terraform/modules.json", "providers/kept", "terraform.tfstate"}
	if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if files, err := filesIn(filepath.Join(dir, "missing")); err == nil {
		t.Errorf("no error, and files %q", slices.Collect(maps.Keys(files)))
	}
}
