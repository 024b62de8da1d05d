package testbed

import (
	"os"
	"path/filepath"
	"testing"
)

func TestCopyLogsTakesNoFilesWithKeys(t *testing.T) {
	bed, to := &Bed{Dir: filepath.Join(t.TempDir(), "bed-1")}, t.TempDir()
	for name, isLog := range map[string]bool{
		"east/log/osd.0.log": true, "east/log/osd.0.out": true, "kvm1/libvirtd.out": true, "kvm1/console/guest.log": true,
		"east/mon.a/store.db/000006.log": false, "east/ceph.client.admin.keyring": false,
	} {
		path := filepath.Join(bed.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := bed.CopyLogs(to); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(to, "bed-1", name)); (err == nil) != isLog {
			t.Errorf("%s is copied: %t, want %t", name, err == nil, isLog)
		}
	}
}
