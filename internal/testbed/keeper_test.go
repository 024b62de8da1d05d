package testbed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeeperRemovesTheBedUnlessTold(t *testing.T) {
	for order, kept := range map[string]bool{"": false, keepOrder: true} {
		dir := filepath.Join(t.TempDir(), "bed")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if status := keep(dir, strings.NewReader(order)); status != 0 {
			t.Errorf("order %q: exit status %d", order, status)
		}
		if _, err := os.Stat(dir); (err == nil) != kept {
			t.Errorf("order %q: the folder is there: %v", order, err == nil)
		}
	}
}
