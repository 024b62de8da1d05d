//go:build cgo

package acctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// EmulatorWithoutRBD makes a QEMU without its RBD driver, as on a host that lacks the package. QEMU looks for modules beside its program,
// so this is a copy of the program beside links to all modules but that one.
//
// Similar to: apt-get remove qemu-block-extra.
func EmulatorWithoutRBD(t *testing.T) string {
	t.Helper()
	modules, err := filepath.Glob("/usr/lib/*/qemu/*.so")
	if err != nil || len(modules) == 0 {
		t.Fatalf("no modules of QEMU: %v", err)
	}
	dir := filepath.Join(Bed(t).Dir, "no-rbd")
	beside := filepath.Join(dir, strings.TrimPrefix(filepath.Dir(modules[0]), "/usr"))
	program, err := os.ReadFile("/usr/bin/qemu-system-x86_64")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "bin", "qemu-system-x86_64")
	for _, folder := range []string{filepath.Dir(copied), beside} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(copied, program, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/share", filepath.Join(dir, "share")); err != nil {
		t.Fatal(err)
	}
	for _, module := range modules {
		if filepath.Base(module) == "block-rbd.so" {
			continue
		}
		if err := os.Symlink(module, filepath.Join(beside, filepath.Base(module))); err != nil {
			t.Fatal(err)
		}
	}
	return copied
}
