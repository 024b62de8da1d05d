package testbed

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCopyLogsTakesLogsAlone(t *testing.T) {
	bed, to := &Bed{Dir: filepath.Join(t.TempDir(), "bed-1")}, t.TempDir()
	for _, name := range []string{"east/log/osd.0.log", "east/log/osd.0.out", "east/ceph.client.admin.keyring"} {
		path := filepath.Join(bed.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := bed.CopyLogs(to); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"osd.0.log": true, "osd.0.out": true, "../ceph.client.admin.keyring": false,
	} {
		_, err := os.Stat(filepath.Join(to, "bed-1", "east", "log", name))
		if got := err == nil; got != want {
			t.Errorf("%s is copied: %t, want %t", name, got, want)
		}
	}
}
