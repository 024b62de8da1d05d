//go:build cgo

package upgrade_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made returns what ceph, rbd and virsh show of everything that exists, as files, in a form that these commands can read too, where
// there is one.
func made(t *testing.T) map[string]string {
	t.Helper()
	all := bedTokens(t)
	files := map[string]string{"clients.keyring": clients(t), "cluster.json": onCluster(t)}
	maps.Copy(files, secrets(t))
	maps.Copy(files, disks(t))
	for name := range files {
		files[name] = all.contract(strings.TrimSpace(files[name])) + "\n"
	}
	return files
}

// madeBefore returns the files of the folder made: what the earlier provider has made.
func madeBefore(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(filepath.Join(folder, "made"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		files[entry.Name()] = string(readFile(t, folder, "made", entry.Name()))
	}
	return files
}

// expectMade fails the test when ceph, rbd and virsh show something else than these files.
func expectMade(t *testing.T, want map[string]string, when string) {
	t.Helper()
	got := made(t)
	names := maps.Clone(want)
	maps.Copy(names, got)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if got[name] != want[name] {
			t.Errorf("%s %s:\n%s\nwant:\n%s", name, when, got[name], want[name])
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}
