package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStaleSeesEveryKindOfDifference(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docs")
	pages := map[string]string{"index.md": "one\ntwo\n", "resources/pool.md": "pool\n"}
	if err := write(dir, pages); err != nil {
		t.Fatal(err)
	}
	if err := stale(dir, pages); err != nil {
		t.Fatalf("just written, and already stale: %v", err)
	}
	for name, text := range map[string]string{"index.md": "one\nTWO\n", "resources/old.md": "old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "resources", "pool.md")); err != nil {
		t.Fatal(err)
	}
	err := stale(dir, pages)
	if err == nil {
		t.Fatal("nothing seen")
	}
	for _, line := range []string{
		"index.md: differs from line 2", "resources/old.md: nothing makes", "resources/pool.md: missing",
		"make generate",
	} {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("%q is missing in: %v", line, err)
		}
	}
}
