//go:build cgo

package acctest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// EmulatorWithoutRBD makes a QEMU without its RBD driver, as on a host that lacks the package: a copy of the program that looks for its
// modules in a folder with links to all but that one.
//
// Similar to: apt-get remove qemu-block-extra.
func EmulatorWithoutRBD(t *testing.T) string {
	t.Helper()
	modules, err := filepath.Glob("/usr/lib/*/qemu/*.so")
	if err != nil || len(modules) == 0 {
		t.Fatalf("no modules of QEMU: %v", err)
	}
	dir := filepath.Join(Bed(t).Dir, "no-rbd")
	program, err := os.ReadFile("/usr/bin/qemu-system-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	// The name of the folder stands in the program, and the other one, which is shorter, has room in its place.
	folder := append([]byte(filepath.Dir(modules[0])), 0)
	other := make([]byte, len(folder))
	copy(other, dir)
	if len(dir) >= len(folder) || !bytes.Contains(program, folder) {
		t.Fatalf("QEMU can't be told to look for its modules in %s instead of %s", dir, folder)
	}
	copied := filepath.Join(dir, "bin", "qemu-system-x86_64")
	if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, bytes.ReplaceAll(program, folder, other), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/share", filepath.Join(dir, "share")); err != nil {
		t.Fatal(err)
	}
	for _, module := range modules {
		if filepath.Base(module) == "block-rbd.so" {
			continue
		}
		if err := os.Symlink(module, filepath.Join(dir, filepath.Base(module))); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}
