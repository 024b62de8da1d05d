//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	warnsReattach   = "Detached because of a change of: "
	asksForReattach = `on_change = "reattach"`
)

// reattachFixture is a running guest with one disk of which the settings change.
type reattachFixture struct {
	t    *testing.T
	name string
	g    *testbed.Guest
	w    *acctest.Workspace
}

func newReattachFixture(t *testing.T, options testbed.GuestOptions, assignments ...string) *reattachFixture {
	t.Helper()
	f := &reattachFixture{t: t, name: options.Name, g: running(t, "kvm1", options)}
	image(t, "east", f.name, "16M")
	f.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(f.name, f.name, assignments...))
	expectChanges(t, "attached", apply(t, f.w), 1, 0, 0, 0)
	return f
}

// change applies a configuration, and returns the arguments for which the plan detaches the disk.
func (f *reattachFixture) change(when string, assignments ...string) (detachedFor []string) {
	f.t.Helper()
	f.w.Write(f.t, source+acctest.Provider(f.t)+block(f.name, f.name, assignments...))
	result := apply(f.t, f.w)
	expectChanges(f.t, when, result, 0, 1, 0, 0)
	f.w.ExpectEmptyPlan(f.t)
	return listed(strings.Join(result.texts("test", "warning"), "\n"), warnsReattach)
}

// refused applies a configuration, which must be refused with these words, and returns the error.
func (f *reattachFixture) refused(when, words string, assignments ...string) outcome {
	f.t.Helper()
	f.w.Write(f.t, source+acctest.Provider(f.t)+block(f.name, f.name, assignments...))
	result, err := try(f.t, f.w, "apply", "-auto-approve")
	if text := strings.Join(result.texts("test", "error"), "\n"); err == nil || !acctest.Message(words).MatchString(text) {
		f.t.Errorf("%s: want %q, and it says: %v %s", when, words, err, text)
	}
	return result
}

// disk returns what virsh shows of the disk in the running domain or in the saved definition.
func (f *reattachFixture) disk(saved bool) *acctest.Disk {
	f.t.Helper()
	disk := diskOf(f.t, "kvm1", f.name, "vdb", saved)
	if disk == nil {
		f.t.Fatalf("saved=%v: virsh shows no disk", saved)
	}
	return disk
}

// sourceIndex is libvirt's number of the opened image, another one after each attach.
var sourceIndex = regexp.MustCompile(` index='\d+'`)

// place returns what must stay of a disk.
func place(d *acctest.Disk) string { return d.Alias.Name + " " + pci(d) + " " + d.Target.Dev }

// watcher waits until the image is open by one client, and returns it.
func (f *reattachFixture) watcher() string {
	f.t.Helper()
	return onlyWatcher(f.t, f.name)
}

// inGuest waits for the disk in the guest, and returns files of the guest's kernel about it.
func (f *reattachFixture) inGuest(files ...string) (device testbed.GuestDisk, texts []string) {
	f.t.Helper()
	device, err := f.g.WaitDisk(f.t.Context(), func(d testbed.GuestDisk) bool { return d.Bytes == 16<<20 && d.Readable })
	if err != nil {
		f.t.Fatal(err)
	}
	for _, file := range files {
		text, err := f.g.Run(f.t.Context(), fmt.Sprintf("cat /sys/block/%s/%s", device.Name, file))
		if err != nil {
			f.t.Fatal(err)
		}
		texts = append(texts, strings.TrimSpace(text))
	}
	return device, texts
}

// A running guest gets changed settings at once where on_change asks for it: it sees its disk go and come back, at the same place, with the
// same serial and content. Without a change of the disk, on_change touches nothing; what an earlier change has left for the next start
// comes along with the next change.
func TestAccLibvirtRBDDisk_reattach(t *testing.T) {
	prepare(t)
	t.Parallel()
	serial := `serial = "keep-1"`
	f := newReattachFixture(t, testbed.GuestOptions{Name: "reattach"}, serial)
	device, _ := f.inGuest()
	if err := f.g.Write(t.Context(), device.Name, 4096, "still here"); err != nil {
		t.Fatal(err)
	}
	before, watcher, saved := place(f.disk(false)), f.watcher(), place(f.disk(true))

	// The change waits, as without on_change, and stays waiting when on_change comes.
	if got := f.change("next boot", serial, `on_change = "next_boot"`, `discard = "unmap"`); len(got) > 0 {
		t.Errorf("next boot: detached for %v", got)
	}
	if got := f.change("on_change alone", serial, asksForReattach, `discard = "unmap"`); len(got) > 0 {
		t.Errorf("on_change alone: detached for %v", got)
	}
	if got := f.change("limits alone", serial, asksForReattach, `discard = "unmap"`, `iotune = { total_iops_sec = 900 }`); len(got) > 0 {
		t.Errorf("limits alone: detached for %v", got)
	}
	if now := f.watcher(); now != watcher || f.disk(false).Driver.Discard != "" || stateOf(t, f.w, "test")["pending_restart"] != true {
		t.Errorf("the image was open by %s and is by %s; discard is %q, pending_restart %v",
			watcher, now, f.disk(false).Driver.Discard, stateOf(t, f.w, "test")["pending_restart"])
	}

	wanted := []string{
		serial, asksForReattach, `discard = "unmap"`, `cache = "none"`, `iotune = { total_iops_sec = 700 }`,
		`blockio = { logical_block_size = 4096, physical_block_size = 4096 }`,
	}
	if got := f.change("settings", wanted...); !slices.Equal(got, []string{"blockio", "cache", "discard"}) {
		t.Errorf("settings: detached for %v", got)
	}
	for _, saved := range []bool{false, true} {
		d := f.disk(saved)
		seen := fmt.Sprint(d.Driver.Cache, d.Driver.Discard, blockSizes(d), d.Serial, d.IOTune.TotalIopsSec)
		if want := fmt.Sprint("none", "unmap", "4096/4096", "keep-1", 700); seen != want {
			t.Errorf("saved=%v: virsh shows %s, want %s", saved, seen, want)
		}
	}
	if now := place(f.disk(false)); now != before {
		t.Errorf("the disk was at %s and is at %s", before, now)
	}
	if now := place(f.disk(true)); now != saved {
		t.Errorf("the disk of the saved definition was at %s and is at %s", saved, now)
	}
	if now := f.watcher(); now == watcher {
		t.Errorf("the image was open by %s and is by %s", watcher, now)
	}
	if pending := stateOf(t, f.w, "test")["pending_restart"]; pending != false {
		t.Errorf("pending_restart is %v", pending)
	}
	device, seen := f.inGuest("serial", "queue/logical_block_size")
	if want := []string{"keep-1", "4096"}; !slices.Equal(seen, want) {
		t.Errorf("the guest sees %v, want %v", seen, want)
	}
	if text, err := f.g.Read(t.Context(), device.Name, 4096, 10); err != nil || text != "still here" {
		t.Errorf("the guest reads %q, %v", text, err)
	}

	// An apply that was killed after the detach leaves the guest without its disk: the next one attaches it, as the plan asks for it.
	detachByHand(t, f.g, "--live")
	if got := f.change("killed", append(wanted, `queue_size = 64`)...); len(got) > 0 {
		t.Errorf("killed: detached for %v", got)
	}
	if got := number(f.disk(false).Driver.QueueSize) + number(f.disk(true).Driver.QueueSize); got != "6464" {
		t.Errorf("queue_size is %s", got)
	}

	// Removed, it is next_boot again.
	watcher = f.watcher()
	if got := f.change("removed", append(slices.Delete(wanted, 1, 2), `queue_size = 128`)...); len(got) > 0 || f.watcher() != watcher {
		t.Errorf("removed: detached for %v; the image was open by %s and is by %s", got, watcher, f.watcher())
	}
	if !t.Failed() {
		for _, mark := range []acctest.Mark{acctest.Set, acctest.Changed, acctest.Cleared, acctest.Running} {
			acctest.Record(t, diskType, "on_change", mark)
		}
	}
}

// A transient domain has no next start: its disk is attached again too, and not without being asked.
func TestAccLibvirtRBDDisk_reattachTransient(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := newReattachFixture(t, testbed.GuestOptions{Name: "reattach-transient", Transient: true}, `serial = "first"`)
	before := place(f.disk(false))
	f.refused("unasked", `set on_change = "reattach"`, `serial = "second"`)
	if got := f.change("asked", `serial = "second"`, asksForReattach); !slices.Equal(got, []string{"serial"}) {
		t.Errorf("detached for %v", got)
	}
	if now := place(f.disk(false)); now != before || f.disk(false).Serial != "second" {
		t.Errorf("the disk was at %s and is at %s, with the serial %q", before, now, f.disk(false).Serial)
	}
	if _, seen := f.inGuest("serial"); seen[0] != "second" {
		t.Errorf("the guest sees the serial %q", seen[0])
	}
	if !t.Failed() {
		acctest.Record(t, diskType, "on_change", acctest.Transient)
	}
}

// A guest that keeps its disk has it as it was, in both definitions and in the state, and the next apply tries again.
func TestAccLibvirtRBDDisk_reattachRefusedByGuest(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := newReattachFixture(t, testbed.GuestOptions{Name: "reattach-kept", NoDrivers: true})
	before := definitions(t, f.name)
	wanted := []string{asksForReattach, `cache = "none"`, `timeouts = { update = "20s" }`}
	result := f.refused("kept", "The running guest has it with the former ones", wanted...)
	if text := result.said("error"); !acctest.Message("The guest did not let go of the disk").MatchString(text) {
		t.Errorf("the error doesn't say why: %s", text)
	}
	if now := definitions(t, f.name); now != before {
		t.Errorf("the domain has changed:\n%s\nbefore:\n%s", now, before)
	}
	if cache := stateOf(t, f.w, "test")["cache"]; cache != nil {
		t.Errorf("cache is %v in the state", cache)
	}
	result, err := try(t, f.w, "plan")
	if err != nil || result.Change != 1 || !acctest.Message("may still give up disk vdb").MatchString(result.said("warning")) {
		t.Errorf("the plan after it: %v %+v", err, result)
	}
	if err := f.g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.change("shut off", wanted...); len(got) > 0 || f.disk(true).Driver.Cache != "none" {
		t.Errorf("shut off: detached for %v, and the cache is %q", got, f.disk(true).Driver.Cache)
	}
}

// Where the disk can't be attached as it is asked for, the guest gets it back as it was; and what can be known before is refused before
// the guest loses it.
func TestAccLibvirtRBDDisk_reattachFails(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := newReattachFixture(t, testbed.GuestOptions{Name: "reattach-fails"}, `serial = "keep-2"`)
	described := func() string { return sourceIndex.ReplaceAllString(definitions(t, f.name), "") }
	before, watcher := described(), f.watcher()
	unharmed := func(when string) {
		t.Helper()
		if now := described(); now != before {
			t.Errorf("%s: the domain has changed:\n%s\nbefore:\n%s", when, now, before)
		}
		if serial := stateOf(t, f.w, "test")["serial"]; serial != "keep-2" {
			t.Errorf("%s: the serial is %v in the state", when, serial)
		}
	}
	f.refused("no thread", "has no I/O thread 3", asksForReattach, `iothread = 3`)
	f.refused("taken address", "has this address: controller", asksForReattach, `address = { type = "pci", slot = "0x1f", function = "2" }`)
	closeImage := acctest.OpenImage(t, "east", "libvirt", pool+"/"+f.name)
	f.refused("open elsewhere", "is open elsewhere", asksForReattach, `serial = "other"`, `timeouts = { update = "15s" }`)
	closeImage()
	if now := f.watcher(); now != watcher {
		t.Errorf("the image was open by %s and is by %s", watcher, now)
	}
	unharmed("refused before")

	// libvirt finds fault with the slot only when it attaches the disk.
	f.refused("put back", "It was attached again with its former settings", asksForReattach, `serial = "other"`,
		`address = { type = "pci", bus = "0x07", slot = "0x03" }`)
	unharmed("put back")
	if _, seen := f.inGuest("serial"); seen[0] != "keep-2" {
		t.Errorf("the guest sees the serial %q", seen[0])
	}
	if now := f.watcher(); now == watcher {
		t.Errorf("the disk was not taken from the guest: the image was open by %s and is by %s", watcher, now)
	}
	if got := f.change("corrected", asksForReattach, `serial = "other"`); !slices.Equal(got, []string{"serial"}) {
		t.Errorf("corrected: detached for %v", got)
	}
}

// A disk that can't be plugged in waits for the next start, and the plan says why.
func TestAccLibvirtRBDDisk_reattachHindered(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "reattach-sata"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name, Paused: true})
	image(t, "east", name, "16M")
	onSATA := []string{`bus = "sata"`, `target_dev = "sda"`, asksForReattach}
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, onSATA...))
	apply(t, w)
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Write(t, source+acctest.Provider(t)+block(name, name, append(onSATA, `serial = "later"`)...))
	result := apply(t, w)
	expectChanges(t, "changed", result, 0, 1, 0, 0)
	text := strings.Join(result.texts("test", "warning"), "\n")
	if waits := listed(text, warnsLater); !acctest.Message(`there is no hot-plug on bus "sata"`).MatchString(text) ||
		!slices.Equal(waits, []string{"serial"}) {
		t.Errorf("the warnings are %s", text)
	}
	live, saved := diskOf(t, "kvm1", name, "sda", false), diskOf(t, "kvm1", name, "sda", true)
	if live == nil || saved == nil || live.Serial != "" || saved.Serial != "later" || stateOf(t, w, "test")["pending_restart"] != true {
		t.Errorf("virsh shows %+v, %+v; pending_restart is %v", live, saved, stateOf(t, w, "test")["pending_restart"])
	}
}

// A disk that was attached by hand and imported is attached again too, then with an alias of ours.
func TestAccLibvirtRBDDisk_reattachImported(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "reattach-by-hand"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.VirshIn(t, "kvm1", handXML(t, "east", name, "vdb"), "attach-device", name, "/dev/stdin", "--live", "--config")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, asksForReattach)+
		fmt.Sprintf("import {\n  provider = ceph\n  to = %s\n  id = \"kvm1/%s/vdb\"\n}\n", address, name))
	expectChanges(t, "imported", apply(t, w), 0, 1, 1, 0) // on_change is stored nowhere
	f := &reattachFixture{t: t, name: name, g: g, w: w}
	watcher := f.watcher()
	if got := f.change("changed", asksForReattach, `serial = "imported"`); !slices.Equal(got, []string{"serial"}) || f.watcher() == watcher {
		t.Errorf("detached for %v; the image was open by %s and is by %s", got, watcher, f.watcher())
	}
	if alias := f.disk(false).Alias.Name; !strings.HasPrefix(alias, "ua-terraform-vdb-") || f.disk(true).Serial != "imported" {
		t.Errorf("the alias is %s, the saved serial %s", alias, f.disk(true).Serial)
	}
	if got := f.change("once more", asksForReattach, `serial = "once-more"`); !slices.Equal(got, []string{"serial"}) {
		t.Errorf("once more: detached for %v", got)
	}
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
