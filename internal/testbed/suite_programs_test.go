package testbed

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// A release that still has folders beside usr gets its files where every machine of today has them, with the links that scripts of packages
// would have made.
func TestProgramsOfAnOldRelease(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the programs of a release need Linux")
	}
	tree := t.TempDir()
	write := func(path string) {
		t.Helper()
		path = filepath.Join(tree, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(path), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"bin/dash", "usr/bin/gawk", "lib/x86_64-linux-gnu/libc.so.6", "usr/lib/x86_64-linux-gnu/librbd.so.1"} {
		write(path)
	}
	if err := os.Symlink("libc.so.6", filepath.Join(tree, "lib", "x86_64-linux-gnu", "libc.so")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("usr/sbin", filepath.Join(tree, "sbin")); err != nil { // as releases of today have all of them
		t.Fatal(err)
	}
	if err := mergeIntoUsr(t.Context(), tree); err != nil {
		t.Fatal(err)
	}
	if err := linkPrograms(tree); err != nil {
		t.Fatal(err)
	}
	for path, from := range map[string]string{
		"bin/dash": "bin/dash", "bin/sh": "bin/dash", "bin/awk": "usr/bin/gawk", "lib/x86_64-linux-gnu/libc.so": "lib/x86_64-linux-gnu/libc.so.6",
		"lib/x86_64-linux-gnu/librbd.so.1": "usr/lib/x86_64-linux-gnu/librbd.so.1",
	} {
		content, err := os.ReadFile(filepath.Join(tree, "usr", path))
		if err != nil || string(content) != filepath.Join(tree, from) {
			t.Errorf("usr/%s holds %q, %v", path, content, err)
		}
	}
	if info, err := os.Lstat(filepath.Join(tree, "usr", "local")); err != nil || !info.IsDir() {
		t.Errorf("there is no place for what is this machine's own: %v", err)
	}
}
