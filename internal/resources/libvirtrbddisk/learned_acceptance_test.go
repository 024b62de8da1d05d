//go:build cgo

package libvirtrbddisk_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

var privateState = regexp.MustCompile(`"private": ("[^"]+")`)

// writtenBefore gives a workspace with one disk the state that a release without learnedFields would have written: its private state
// doesn't tell that they are known.
func writtenBefore(t *testing.T, w *acctest.Workspace) {
	t.Helper()
	state := w.State(t)
	encoded := privateState.FindSubmatch(state)
	var text []byte
	var private map[string][]byte
	var record map[string]any
	if len(encoded) == 0 || json.Unmarshal(encoded[1], &text) != nil || json.Unmarshal(text, &private) != nil ||
		json.Unmarshal(private["disk"], &record) != nil || record["learned"] == nil {
		t.Fatalf("the private state doesn't tell what is known: %s", private["disk"])
	}
	delete(record, "learned")
	private["disk"] = jsonOf(t, record)
	changed := bytes.Replace(state, encoded[1], jsonOf(t, jsonOf(t, private)), 1)
	if err := os.WriteFile(filepath.Join(w.Dir, "before.json"), changed, 0o600); err != nil {
		t.Fatal(err)
	}
	w.Terraform(t, "state", "push", "-force", "before.json")
}

func jsonOf(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Settings that somebody gave a disk by hand before there were arguments for them: an upgrade plans nothing, and they stay, whatever else
// changes, until the configuration names them.
func TestAccLibvirtRBDDisk_handMadeBeforeUpgrade(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "learned"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "8M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	write := func(assignments ...string) {
		w.Write(t, source+acctest.Provider(t)+block(name, name, assignments...))
	}
	apply(t, w)
	disk := diskOf(t, "kvm1", name, "vdb", true)
	disk.BlockIO = acctest.ParseDisk(t, "<disk><blockio logical_block_size='4096' physical_block_size='4096'/></disk>").BlockIO
	size := uint(128)
	disk.Driver.QueueSize = &size
	acctest.VirshIn(t, "kvm1", acctest.XML(t, disk), "update-device", name, "/dev/stdin", "--config")
	writtenBefore(t, w)

	shows := func(when, sizes, queue string) {
		t.Helper()
		disk := diskOf(t, "kvm1", name, "vdb", true)
		if blockSizes(disk) != sizes || number(disk.Driver.QueueSize) != queue {
			t.Errorf("%s: virsh shows blocks of %q and a queue of %q, want %q and %q",
				when, blockSizes(disk), number(disk.Driver.QueueSize), sizes, queue)
		}
	}
	w.ExpectEmptyPlan(t)
	expectChanges(t, "upgraded", apply(t, w), 0, 0, 0, 0)
	write(`cache = "none"`)
	expectChanges(t, "another setting", apply(t, w), 0, 1, 0, 0)
	shows("another setting", "4096/4096", "128")
	write(`cache = "none"`, `queue_size = 256`)
	expectChanges(t, "named", apply(t, w), 0, 1, 0, 0)
	shows("named", "4096/4096", "256")
	write(`cache = "none"`)
	expectChanges(t, "removed", apply(t, w), 0, 1, 0, 0)
	shows("removed", "4096/4096", "")
	write(`cache = "none"`, `blockio = { physical_block_size = 4096 }`)
	result := apply(t, w)
	shows("blocks named", "0/4096", "")
	if text := result.texts("test", "warning"); len(text) != 1 || !acctest.Message(`changes from 4096 to 512 bytes`).MatchString(text[0]) {
		t.Errorf("the warnings are %q", text)
	}
}
