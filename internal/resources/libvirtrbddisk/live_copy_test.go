//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// copyMark is the metadata of an image that is being filled. Other releases have to find it.
const copyMark = "terraform-provider-ceph/live_copy"

// copyFixture is a running guest whose disk is copied from one image to another.
type copyFixture struct {
	t    *testing.T
	name string
	g    *testbed.Guest
	w    *acctest.Workspace
	// last are the counter's rounds when the guest was last looked at.
	last int
}

// newCopyFixture starts the guest with a disk on cluster east of so many MiB, which it writes from then on.
func newCopyFixture(t *testing.T, name string, mebibytes int64, transient bool, assignments ...string) *copyFixture {
	t.Helper()
	f := &copyFixture{t: t, name: name, g: running(t, "kvm1", testbed.GuestOptions{Name: name, Transient: transient})}
	image(t, "east", name, fmt.Sprintf("%dM", mebibytes))
	f.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+f.block("east", pool, name, assignments...))
	apply(t, f.w)
	if err := sees(f.g, mebibytes<<20); err != nil {
		t.Fatal(err)
	}
	f.guestWrites(0, "written before")
	if err := f.g.StartCounter(t.Context(), "vda"); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *copyFixture) block(cluster, pool, image string, assignments ...string) string {
	assignments = append(assignments, fmt.Sprintf("cluster = %q", cluster), fmt.Sprintf("pool = %q", pool),
		`on_source_change = "live_copy"`, `serial = "moves"`, `iotune = { total_iops_sec = 5000 }`)
	if cluster == "west" && !strings.Contains(strings.Join(assignments, "\n"), "secret_uuid") {
		assignments = append(assignments, fmt.Sprintf("secret_uuid = %q", westSecret))
	}
	return block(f.name, image, assignments...)
}

func (f *copyFixture) write(text string) {
	f.t.Helper()
	f.w.Write(f.t, source+acctest.Provider(f.t)+text)
}

func (f *copyFixture) guestWrites(offset int64, text string) {
	f.t.Helper()
	if err := f.g.Write(f.t.Context(), "vda", offset, text); err != nil {
		f.t.Fatal(err)
	}
}

// guestReads checks what the guest reads, and that nothing of what it has written meanwhile has failed.
func (f *copyFixture) guestReads(when string, offset int64, want string) {
	f.t.Helper()
	if got, err := f.g.Read(f.t.Context(), "vda", offset, len(want)); err != nil || got != want {
		f.t.Errorf("%s: the guest reads %q at %d, want %q; %v", when, got, offset, want, err)
	}
	var counter testbed.CounterState
	expect.Eventually(f.t, when+": the guest's counter to go on", func() bool {
		var err error
		counter, err = f.g.Counter(f.t.Context())
		return err == nil && counter.Rounds > f.last
	})
	if counter.Errors > 0 {
		f.t.Errorf("%s: %d writes of the guest have failed: %s", when, counter.Errors, counter.LastError)
	}
	f.last = counter.Rounds
}

// exported is the beginning of an image, as rbd reads it.
func (f *copyFixture) exported(cluster, image string, bytes int) string {
	f.t.Helper()
	file := filepath.Join(f.t.TempDir(), "exported")
	acctest.RBD(f.t, cluster, "export", "--no-progress", image, file)
	content, err := os.ReadFile(file)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(content[:bytes])
}

// marked tells whether an image has the mark of a copy.
func (f *copyFixture) marked(cluster, image string) bool {
	f.t.Helper()
	return strings.Contains(acctest.RBD(f.t, cluster, "image-meta", "list", image), copyMark)
}

// moved checks, by virsh and rbd, that both definitions have the image, with all else of the disk as it was before.
func (f *copyFixture) moved(before *acctest.Disk, cluster, image string) {
	f.t.Helper()
	for _, saved := range []bool{false, true} {
		if saved && before == nil {
			continue
		}
		disk := diskOf(f.t, "kvm1", f.name, "vdb", saved)
		if disk == nil {
			f.t.Fatalf("saved %v: the disk is gone", saved)
		}
		secret := map[string]string{"east": eastSecret, "west": westSecret}[cluster]
		monitors, port := acctest.Ceph(f.t, cluster, "mon", "dump"), disk.Source.Network.Hosts[0].Port
		if disk.Source.Network.Name != image || disk.Mirror != nil || port != "" && !strings.Contains(monitors, ":"+port+"/") {
			f.t.Errorf("saved %v: the disk reads %+v, mirror %v, want %s at %s", saved, disk.Source.Network, disk.Mirror, image, monitors)
		}
		if auth := disk.Auth; auth == nil || auth.Secret.UUID != secret {
			f.t.Errorf("saved %v: the disk has the credentials %+v", saved, auth)
		}
		if before != nil && (disk.Alias.Name != before.Alias.Name || disk.Serial != "moves" || *disk.Address.PCI.Bus != *before.Address.PCI.Bus) {
			f.t.Errorf("saved %v: the disk is another device: %+v", saved, disk)
		}
	}
	var info struct{ ID string }
	if err := json.Unmarshal([]byte(acctest.RBD(f.t, cluster, "info", "--format", "json", image)), &info); err != nil {
		f.t.Fatal(err)
	}
	state := stateOf(f.t, f.w, "test")
	if fsid := acctest.Ceph(f.t, cluster, "fsid"); state["image_id"] != info.ID || state["fsid"] != fsid || state["cluster"] != cluster {
		f.t.Errorf("the state has cluster %v, fsid %v and image %v; want %s, %s, %s", state["cluster"], state["fsid"], state["image_id"], cluster,
			fsid, info.ID)
	}
	if f.marked(cluster, image) {
		f.t.Errorf("image %s still has the mark of an unfinished copy", image)
	}
}

// The disk of a running guest moves to another cluster, to an image of the same name, and to another image there, which is made in the same
// apply. The guest writes on, and notices nothing.
func TestAccLibvirtRBDDisk_liveCopy(t *testing.T) {
	prepare(t)
	for name, transient := range map[string]bool{"copied": false, "copied-transient": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCopyFixture(t, name, 32, transient)
			var before *acctest.Disk
			if !transient {
				before = diskOf(t, "kvm1", name, "vdb", false)
			}
			from, to := pool+"/"+name, pool+"/"+name
			image(t, "west", name, "32M")
			f.write(f.block("west", pool, name))
			log, end := f.w.Trace(t)
			got := apply(t, f.w)
			end()
			if !log.Has("DomainBlockCopy") { // what other tests look for in vain
				t.Error("the log does not tell of the copy")
			}
			expectChanges(t, "to another cluster", got, 0, 1, 0, 0)
			if text := strings.Join(got.texts("test", "warning"), "\n"); !strings.Contains(text, "will be copied") ||
				strings.Contains(text, "next started") || strings.Contains(text, "detached") {
				t.Errorf("the operator reads %s", text)
			}
			f.moved(before, "west", to)
			if state := stateOf(t, f.w, "test"); state["pending_restart"] != false || state["monitors_stale"] != false {
				t.Errorf("the state tells that the guest differs from the saved definition: %+v", state)
			}
			f.guestReads("on the other cluster", 0, "written before")
			f.guestWrites(4096, "written after")
			f.w.ExpectEmptyPlan(t)
			if held := f.exported("west", to, 8192); !strings.HasPrefix(held, "written before") || held[4096:4109] != "written after" {
				t.Errorf("the image holds %q", strings.Trim(held, "\x00"))
			}
			if held := f.exported("east", from, 8192); !strings.HasPrefix(held, "written before") || held[4096] != 0 {
				t.Errorf("the former image holds %q", strings.Trim(held, "\x00"))
			}
			acctest.RBD(t, "east", "rm", "--no-progress", from)

			next := fmt.Sprintf("resource \"ceph_rbd_image\" \"next\" {\n  cluster = \"west\"\n  pool = %q\n  name = \"%s-next\"\n  size ="+
				" \"32MiB\"\n  force_destroy = true\n}\n", pool, name)
			f.write(next + strings.Replace(f.block("west", pool, "NEXT"), `"NEXT"`, "ceph_rbd_image.next.name", 1))
			expectChanges(t, "to an image of the same apply", apply(t, f.w), 1, 1, 0, 0)
			f.moved(before, "west", to+"-next")
			f.guestReads("on the next image", 0, "written before")
			f.guestReads("on the next image", 4096, "written after")
			f.w.ExpectEmptyPlan(t)

			if !transient {
				powerCycle(t, f.g)
				if got, err := f.g.Read(t.Context(), "vda", 4096, 13); err != nil || got != "written after" {
					t.Errorf("after a restart the guest reads %q, %v", got, err)
				}
				f.w.ExpectEmptyPlan(t)
			}
			acctest.Record(t, diskType, "on_source_change", acctest.Changed)
			f.w.Destroy(t)
			if err := seesNone(f.g); err != nil {
				t.Error(err)
			}
		})
	}
}

// slowed lets a copy to an image of 48 MiB take three quarters of a minute, until the limit is lifted.
func (f *copyFixture) slowed(cluster, name string) (image string, lift func()) {
	f.t.Helper()
	image = pool + "/" + name
	acctest.RBD(f.t, cluster, "create", "--size", "48M", image)
	acctest.RBD(f.t, cluster, "config", "image", "set", image, "rbd_qos_bps_limit", "1048576")
	return image, func() { acctest.RBD(f.t, cluster, "config", "image", "remove", image, "rbd_qos_bps_limit") }
}

// A copy that is cut off goes on in QEMU, and the next apply waits for it. One that has ended with the guest begins anew, over what it has
// written.
func TestAccLibvirtRBDDisk_liveCopyInterrupted(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := newCopyFixture(t, "cut-off", 48, false)
	if _, err := f.g.Run(t.Context(), "dd if=/dev/urandom of=/dev/vda bs=1M count=40 seek=4 conv=notrunc,fsync"); err != nil {
		t.Fatal(err)
	}
	before := diskOf(t, "kvm1", f.name, "vdb", false)
	cutOff := func(cluster, image string) {
		t.Helper()
		f.write(f.block(cluster, pool, strings.TrimPrefix(image, pool+"/"), `timeouts = { update = "25s" }`))
		state := stateOf(t, f.w, "test")
		got, err := try(t, f.w, "apply", "-auto-approve")
		if text := got.said("error"); err == nil || !acctest.Message("QEMU goes on with it").MatchString(text) ||
			!acctest.Message("of 48 MiB are copied").MatchString(text) {
			t.Fatalf("the copy was not cut off: %v %s", err, text)
		}
		if now := stateOf(t, f.w, "test"); now["image_id"] != state["image_id"] || now["fsid"] != state["fsid"] || now["pool"] != state["pool"] {
			t.Errorf("the state has %v, before %v", now, state)
		}
		if disk := diskOf(t, "kvm1", f.name, "vdb", false); disk.Mirror == nil || disk.Mirror.Source.Network.Name != image {
			t.Fatalf("virsh shows no copy: %+v", disk.Mirror)
		}
		if !f.marked(cluster, image) {
			t.Error("the unfinished image has no mark")
		}
		f.guestReads("while the copy goes on", 0, "written before")
	}

	image, lift := f.slowed("west", "cut-off-1")
	cutOff("west", image)
	planned, err := try(t, f.w, "plan")
	text := strings.Join(planned.texts("test", "warning"), "\n")
	if err != nil || !strings.Contains(text, "is being copied") || !strings.Contains(text, "is under way") {
		t.Errorf("the operator isn't told of the copy: %v %s", err, text)
	}
	lift()
	f.write(f.block("west", pool, "cut-off-1"))
	log, end := f.w.Trace(t)
	apply(t, f.w)
	end()
	if log.Has("DomainBlockCopy") || !log.Has("DomainBlockJobAbort") {
		t.Error("the copy was not waited for, but begun anew")
	}
	f.moved(before, "west", image)
	f.guestReads("after the first copy", 0, "written before")

	image, lift = f.slowed("east", "cut-off-2")
	cutOff("east", image)
	if err := f.g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.write(f.block("east", pool, "cut-off-2"))
	got, err := try(t, f.w, "apply", "-auto-approve")
	if text := got.said("error"); err == nil || !acctest.Message("Its domain is shut off").MatchString(text) {
		t.Errorf("a guest that is shut off: %v %s", err, text)
	}
	f.write(strings.Replace(f.block("east", pool, "cut-off-2"), "live_copy", "refuse", 1))
	got, err = try(t, f.w, "apply", "-auto-approve")
	if text := got.said("error"); err == nil || !acctest.Message("holds a copy that was not completed").MatchString(text) {
		t.Errorf("an image that is half full: %v %s", err, text)
	}
	if err := f.g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.last = 0
	if err := f.g.StartCounter(t.Context(), "vda"); err != nil {
		t.Fatal(err)
	}
	lift()
	f.write(f.block("east", pool, "cut-off-2"))
	apply(t, f.w)
	f.moved(before, "east", image)
	f.guestReads("after the second copy", 0, "written before")
	if err := f.g.StopCounter(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Beside the counter's place, both images are the same.
	sum := func(cluster, image string) string { return f.exported(cluster, image, 48<<20)[2<<20:] }
	if sum("east", image) != sum("west", pool+"/cut-off-1") {
		t.Error("the images differ")
	}
	f.w.Destroy(t)
}

// A copy that was cut off, and that somebody lets the guest go over to by hand, is complete: the next apply takes its mark away, changes of
// the disk are not refused, and no later copy writes over what the guest has written since.
func TestAccLibvirtRBDDisk_liveCopyPivotedByHand(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "pivoted"
	f := newCopyFixture(t, name, 48, false)
	before := diskOf(t, "kvm1", name, "vdb", false)
	to, lift := f.slowed("east", name+"-2")
	if _, err := f.g.Run(t.Context(), "dd if=/dev/urandom of=/dev/vda bs=1M count=40 seek=4 conv=notrunc,fsync"); err != nil {
		t.Fatal(err)
	}
	f.write(f.block("east", pool, name+"-2", `timeouts = { update = "15s" }`))
	got, err := try(t, f.w, "apply", "-auto-approve")
	if text := got.said("error"); err == nil || !acctest.Message("QEMU goes on with it").MatchString(text) {
		t.Fatalf("the copy was not cut off: %v %s", err, text)
	}
	lift()
	expect.Eventually(t, "the copy to be ready", func() bool {
		mirror := diskOf(t, "kvm1", name, "vdb", false).Mirror
		return mirror != nil && mirror.Ready == "yes"
	})
	acctest.Virsh(t, "kvm1", "blockjob", name, "vdb", "--pivot")
	f.guestWrites(4096, "written after")
	if !f.marked("east", to) {
		t.Error("the image has no mark before the apply")
	}
	f.write(f.block("east", pool, name+"-2"))
	got = apply(t, f.w)
	expectChanges(t, "the same configuration", got, 0, 1, 0, 0)
	if text := strings.Join(got.texts("test", "warning"), "\n"); !strings.Contains(text, "was copied by hand") {
		t.Errorf("the operator reads %s", text)
	}
	f.moved(before, "east", to)
	f.w.ExpectEmptyPlan(t)
	f.write(f.block("east", pool, name+"-2", `user = "libvirt2"`))
	apply(t, f.w)
	f.guestReads("in the end", 4096, "written after")
	f.w.ExpectEmptyPlan(t)
	f.w.Destroy(t)
}

// What a copy would destroy, or could not fill, is refused before anything is touched.
func TestAccLibvirtRBDDisk_liveCopyRefused(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "refused-copy"
	f := newCopyFixture(t, name, 16, false)
	refused := func(what, words, text string) {
		t.Helper()
		before := definitions(t, name)
		f.write(text)
		got, err := try(t, f.w, "apply", "-auto-approve")
		if said := got.said("error"); err == nil || !acctest.Message(words).MatchString(said) {
			t.Errorf("%s: not refused with %q: %v %s", what, words, err, said)
		}
		if now := definitions(t, name); now != before {
			t.Errorf("%s: the domain has changed:\n%s\nbefore:\n%s", what, now, before)
		}
		f.guestReads(what, 0, "written before")
	}
	on := func(cluster, name string, assignments ...string) string {
		return f.block(cluster, pool, name, assignments...)
	}

	image(t, "west", name+"-large", "24M")
	refused("a larger image", "QEMU copies only to an image of exactly the same size", on("west", name+"-large"))

	file := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(file, append([]byte("somebody's data"), make([]byte, 16<<20-15)...), 0o600); err != nil {
		t.Fatal(err)
	}
	full := pool + "/" + name + "-full"
	acctest.RBD(t, "west", "import", "--no-progress", file, full)
	refused("an image with data", "It holds data", on("west", name+"-full"))
	acctest.RBD(t, "west", "image-meta", "set", full, copyMark, `{"fsid":"another","pool_id":1,"image_id":"1"}`)
	refused("an image with the copy of another disk", "It holds data", on("west", name+"-full"))
	if held := f.exported("west", full, 15); held != "somebody's data" {
		t.Errorf("the image holds %q", held)
	}

	image(t, "west", name+"-snapshot", "16M")
	acctest.RBD(t, "west", "snap", "create", "--no-progress", pool+"/"+name+"-snapshot@s")
	refused("an image with a snapshot", "It holds snapshots", on("west", name+"-snapshot"))
	acctest.RBD(t, "west", "snap", "protect", pool+"/"+name+"-snapshot@s")
	acctest.RBD(t, "west", "clone", pool+"/"+name+"-snapshot@s", pool+"/"+name+"-clone")
	refused("a clone", "It is a clone", on("west", name+"-clone"))

	image(t, "west", name, "16M")
	refused("the other cluster's secret", "does not hold the key of client.libvirt on cluster \"west\"",
		on("west", name, fmt.Sprintf("secret_uuid = %q", eastSecret)))
	refused("another target", "can't be copied to another image by a change that replaces", on("west", name, `target_dev = "vdd"`))
	f.write(on("east", name, `size = "16MiB"`))
	apply(t, f.w)
	refused("another size", "can't be copied to an image of another size", on("west", name, `size = "24MiB"`))
	closeImage := acctest.OpenImage(t, "west", "libvirt", pool+"/"+name)
	refused("an image that is open", "is open elsewhere", on("west", name, `timeouts = { update = "15s" }`))
	closeImage()
	expect.Eventually(t, "the image to be closed", func() bool {
		return !strings.Contains(acctest.RBD(t, "west", "status", pool+"/"+name), "watcher=")
	})
	f.write(on("west", name))
	apply(t, f.w)
	f.guestReads("in the end", 0, "written before")
	f.w.Destroy(t)
}

// A guest that has gone over already, by hand or by an apply that was killed in that moment, keeps the image, and is not copied once more.
func TestAccLibvirtRBDDisk_liveCopyDoneByHand(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "gone-over"
	f := newCopyFixture(t, name, 16, false)
	before := diskOf(t, "kvm1", name, "vdb", false)
	image(t, "west", name, "16M")
	acctest.VirshIn(t, "kvm1", strings.ReplaceAll(handXML(t, "west", name, "vdb"), `<target dev="vdb" bus="virtio"></target>`, ""),
		"blockcopy", name, "vdb", "--reuse-external", "--transient-job", "--wait", "--pivot", "--xml", "/dev/stdin")
	f.guestWrites(4096, "written after")
	f.w.Apply(t, "-refresh-only")
	f.moved(before, "west", pool+"/"+name)
	// A configuration that names the former cluster doesn't point the saved definition back at the image as it was before.
	if out, err := f.w.Try(t, "apply", "-auto-approve", "-input=false"); err == nil ||
		!acctest.Message("can't be copied to image "+pool+"/"+name+" on cluster \"east\"").MatchString(out) {
		t.Errorf("the apply was not refused: %v\n%s", err, out)
	}
	f.moved(before, "west", pool+"/"+name)
	f.write(f.block("west", pool, name))
	log, end := f.w.Trace(t)
	apply(t, f.w)
	end()
	if log.Has("DomainBlockCopy") {
		t.Error("the disk was copied")
	}
	f.moved(before, "west", pool+"/"+name)
	f.guestReads("as it was", 4096, "written after")
	f.w.ExpectEmptyPlan(t)

	// The present image gets another name, and a new one gets the name under which the guest has opened it: that one is another image.
	acctest.RBD(t, "west", "rename", pool+"/"+name, pool+"/"+name+"-former")
	f.write(f.block("west", pool, name+"-former"))
	apply(t, f.w)
	image(t, "west", name, "16M")
	f.write(f.block("west", pool, name))
	apply(t, f.w)
	f.moved(before, "west", pool+"/"+name)
	f.guestReads("on the image that took the name", 4096, "written after")
	if held := f.exported("west", pool+"/"+name, 8192); held[4096:4109] != "written after" {
		t.Errorf("the new image holds %q", strings.Trim(held, "\x00"))
	}
	f.w.ExpectEmptyPlan(t)
	f.w.Destroy(t)
}
