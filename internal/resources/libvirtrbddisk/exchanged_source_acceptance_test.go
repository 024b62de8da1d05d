//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// exchangedSource is a way in which somebody gives a disk of ours another source.
type exchangedSource struct {
	device   string // "disk" unless it says otherwise
	imported bool
	// byHand makes the exchange, while the domain runs.
	byHand func(f *exchangedFixture, target string)
	// told are words that a warning must have; none where there is no warning.
	told []string
	// free is set where the disk may be detached.
	free bool
	// whole is set where the saved definition still has our source, so that it may be changed there.
	whole bool
	// later are the words once the domain is shut off; nil means those of told.
	later []string
	// back brings the image back once the domain runs again; nil where the test doesn't try.
	back func(f *exchangedFixture, target string)
}

// commit writes the overlays back into the image.
func commit(f *exchangedFixture, target string) {
	acctest.Virsh(f.t, "kvm1", "blockcommit", f.name, target, "--active", "--pivot", "--wait")
}

// exchangedSources by the target of their disk. The guest has a driver only for the first controller, which has the disks up to sdg.
var exchangedSources = map[string]exchangedSource{
	"sda": { // a snapshot
		byHand: func(f *exchangedFixture, target string) { f.snapshot(target, f.file(target)) },
		told:   []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back:   commit,
	},
	"sdb": { // a snapshot of a snapshot
		byHand: func(f *exchangedFixture, target string) {
			f.snapshot(target, f.file(target)+"1")
			f.snapshot(target, f.file(target))
		},
		told: []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back: commit,
	},
	"sdj": { // a copy, to which the guest went over
		byHand: func(f *exchangedFixture, target string) {
			acctest.Virsh(f.t, "kvm1", "blockcopy", f.name, target, f.file(target), "--transient-job", "--wait", "--pivot")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sdd": { // a snapshot that was made to stand alone
		byHand: func(f *exchangedFixture, target string) {
			f.snapshot(target, f.file(target))
			acctest.Virsh(f.t, "kvm1", "blockpull", f.name, target, "--wait")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sde": { // a file, in the saved definition
		byHand: func(f *exchangedFixture, target string) {
			f.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(f.t, "<disk type='file'><source file='"+f.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only", "virsh detach-disk $DOMAIN $TARGET --config"},
		later: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE"},
	},
	"sdf": { // an overlay that is an RBD image too, in the saved definition
		byHand: func(f *exchangedFixture, target string) {
			f.redefine(target, func(d *acctest.Disk) {
				overlay := acctest.ParseDisk(f.t, acctest.XML(f.t, d))
				overlay.Source.Network.Name += "-overlay"
				if d.Source.Network.Auth == nil {
					d.Source.Network.Auth = d.Auth
				}
				d.BackingStore = acctest.ParseDisk(f.t, "<disk type='file'><backingStore type='file'><format"+
					" type='raw'/></backingStore></disk>").BackingStore
				d.BackingStore.Source, d.Source = d.Source, overlay.Source
				d.Driver.Type = "qcow2"
			})
		},
		told:  []string{"rbd source libvirt-pool/$IMAGE-overlay", "in the saved definition only"},
		later: []string{"rbd source libvirt-pool/$IMAGE-overlay", "hangs on libvirt-pool/$IMAGE", "Start the domain first"},
	},
	"sdg": { // another image, in the running guest
		byHand: func(f *exchangedFixture, target string) {
			image(f.t, "east", f.image(target)+"-other", "8M")
			reattach(f.t, f.name, target, func(d *acctest.Disk) { d.Source.Network.Name += "-other" })
		},
		whole: true,
	},
	"sdh": { // another medium, in the saved definition
		device: "cdrom",
		byHand: func(f *exchangedFixture, target string) {
			f.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(f.t, "<disk type='file'><source file='"+f.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only"},
		later: []string{"file $FILE"},
	},
	"sdi": { // no medium, in the saved definition
		device: "cdrom", free: true,
		byHand: func(f *exchangedFixture, target string) {
			f.redefine(target, func(d *acctest.Disk) { d.Source, d.Auth = nil, nil })
		},
		told: []string{"an empty drive", "terraform taint"},
	},
	"sdk": { // no medium, in the saved definition, in a drive that has no alias of ours
		device: "cdrom", imported: true, free: true,
		byHand: func(f *exchangedFixture, target string) {
			acctest.Virsh(f.t, "kvm1", "change-media", f.name, target, "--eject", "--config")
		},
		told: []string{"Its medium was ejected", "terraform taint"},
	},
	"sdc": { // a snapshot of a disk that has no alias of ours
		imported: true,
		byHand:   func(f *exchangedFixture, target string) { f.snapshot(target, f.file(target)) },
		told:     []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back:     commit,
	},
}

// exchangedFixture is a guest whose disks are exchanged, all of one configuration.
type exchangedFixture struct {
	t    *testing.T
	name string
	dir  string
	rows map[string]exchangedSource
	w    *acctest.Workspace
	g    *testbed.Guest
}

func (f *exchangedFixture) file(target string) string  { return filepath.Join(f.dir, target+".img") }
func (f *exchangedFixture) image(target string) string { return f.name + "-" + target }
func (f *exchangedFixture) targets() []string          { return slices.Sorted(maps.Keys(f.rows)) }

// mib is the size of a disk's image, by which the guest's disks are told apart.
func (f *exchangedFixture) mib(target string) int { return 16 + int(target[2]-'a') }

// snapshot puts an overlay on one disk, and on no other.
func (f *exchangedFixture) snapshot(target, file string) {
	f.t.Helper()
	args := []string{"snapshot-create-as", f.name, "--disk-only", "--no-metadata", "--diskspec", target + ",file=" + file}
	for other := range f.rows {
		if other != target {
			args = append(args, "--diskspec", other+",snapshot=no")
		}
	}
	acctest.Virsh(f.t, "kvm1", args...)
}

// redefine changes one disk of the saved definition.
func (f *exchangedFixture) redefine(target string, change func(*acctest.Disk)) {
	redefined(func(d *acctest.Disk) {
		if d.Target.Dev == target {
			change(d)
		}
	})(f.t, f.name)
}

// write writes the configuration of the disks that are managed.
func (f *exchangedFixture) write(assignments func(target string, row exchangedSource) []string, more ...string) {
	f.t.Helper()
	text := source + acctest.Provider(f.t) + strings.Join(more, "\n")
	for _, target := range f.targets() {
		row := f.rows[target]
		device := row.device
		if device == "" {
			device = "disk"
		}
		set := append([]string{fmt.Sprintf("target_dev = %q", target), `bus = "scsi"`, fmt.Sprintf("device = %q", device)},
			assignments(target, row)...)
		text += strings.Replace(block(f.name, f.image(target), set...), `"test"`, fmt.Sprintf("%q", target), 1)
	}
	f.w.Write(f.t, text)
}

// plain are the settings that the disks begin with.
func (f *exchangedFixture) plain(target string, _ exchangedSource) []string {
	return []string{fmt.Sprintf(`size = "%dMiB"`, f.mib(target))}
}

// changed are settings that do no harm: limits, a cache mode, and the size of an image that has grown.
func (f *exchangedFixture) changed(target string, row exchangedSource) []string {
	if row.device == "cdrom" {
		return f.plain(target, row)
	}
	return []string{fmt.Sprintf(`size = "%dMiB"`, f.mib(target)+32), "iotune = { total_iops_sec = 1000 }", `cache = "writeback"`}
}

// warnings returns the diagnostics of a severity that name a disk, in their text or by their address.
func (f *exchangedFixture) warnings(got outcome, severity, target string) string {
	var text strings.Builder
	for _, d := range got.diagnostics {
		if d.Severity == severity && (strings.Contains(d.Summary+d.Detail, "isk "+target+" ") || d.Address == diskType+"."+target) {
			text.WriteString(d.Summary + "\n" + d.Detail + "\n")
		}
	}
	return text.String()
}

// expectTold looks for these words in the warnings of each disk.
func (f *exchangedFixture) expectTold(when string, got outcome, words func(exchangedSource) []string) {
	f.t.Helper()
	for _, target := range f.targets() {
		text := f.warnings(got, "warning", target)
		replacer := strings.NewReplacer("$FILE", f.file(target), "$IMAGE", f.image(target), "$TARGET", target, "$DOMAIN", f.name)
		for _, want := range words(f.rows[target]) {
			if want = replacer.Replace(want); !strings.Contains(text, want) {
				f.t.Errorf("%s: %s: the operator doesn't read %q: %s", when, target, want, text)
			}
		}
		if len(words(f.rows[target])) == 0 && strings.Contains(text, "another source") {
			f.t.Errorf("%s: %s: %s", when, target, text)
		}
	}
}

var limitsAndCache = regexp.MustCompile(`(?s)\n\s*<iotune>.*?</iotune>| cache='writeback'`)

// definitions returns what virsh shows of the domain, without limits and cache modes.
func (f *exchangedFixture) definitions() string {
	f.t.Helper()
	text := acctest.Virsh(f.t, "kvm1", "dumpxml", f.name) + acctest.Virsh(f.t, "kvm1", "dumpxml", f.name, "--inactive")
	return limitsAndCache.ReplaceAllString(text, "")
}

// openFolder makes a folder in which a hypervisor may make files.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "disks") //nolint:usetesting // a test's own folder is closed to other users.
	if err == nil {
		err = os.Chmod(dir, 0o777) // The hypervisor's daemon is another user's.
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func toldNow(e exchangedSource) []string { return e.told }

func toldLater(e exchangedSource) []string {
	if e.later != nil {
		return e.later
	}
	return e.told
}

// The operator is warned of a disk to which somebody has given another source. The provider never writes that source and never detaches the
// disk, and harmless changes work: while the domain runs, when it is shut off, and when the image is back.
func TestAccLibvirtRBDDisk_exchangedSource(t *testing.T) {
	prepare(t)
	t.Parallel()
	f := &exchangedFixture{t: t, name: "exchanged", dir: openFolder(t), rows: maps.Clone(exchangedSources)}
	f.g, _ = runningWithSCSI(t, f.name, false, func(*acctest.Domain) {})
	imports := ""
	for _, target := range f.targets() {
		image(t, "east", f.image(target), fmt.Sprintf("%dM", f.mib(target)))
		if f.rows[target].imported {
			hand := strings.Replace(handXML(t, "east", f.image(target), target), `bus="virtio"`, `bus="scsi"`, 1)
			if f.rows[target].device != "" {
				hand = strings.Replace(hand, `device="disk"`, fmt.Sprintf("device=%q", f.rows[target].device), 1)
			}
			acctest.VirshIn(t, "kvm1", hand, "attach-device", f.name, "/dev/stdin", "--live", "--config")
			imports += fmt.Sprintf("import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, target, f.name, target)
		}
	}
	f.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	f.write(f.plain, imports)
	apply(t, f.w)
	f.w.Terraform(t, "plan", "-destroy", "-target", diskType+".sda", "-out", "planned")
	for _, target := range f.targets() {
		f.rows[target].byHand(f, target)
	}
	before := f.definitions()
	unchanged := func(when string) {
		t.Helper()
		if after := f.definitions(); after != before {
			t.Errorf("%s: the domain has changed:\n%s\nbefore:\n%s", when, after, before)
		}
	}

	if out, err := f.w.Try(t, "apply", "planned"); err == nil ||
		!acctest.Message("is not detached, and nothing was changed").MatchString(out) {
		t.Errorf("a plan made before the exchange is applied: %v %s", err, out)
	}
	unchanged("planned before")
	f.write(f.plain)
	got := apply(t, f.w)
	expectChanges(t, "exchanged", got, 0, 0, 0, 0)
	f.expectTold("exchanged", got, toldNow)
	unchanged("exchanged")

	f.harmless(unchanged)
	f.refused(unchanged)
	f.kept("running", "sdi", unchanged)

	if err := f.g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before = f.definitions()
	f.write(f.changed)
	got = apply(t, f.w)
	expectChanges(t, "shut off", got, 0, 0, 0, 0)
	f.expectTold("shut off", got, toldLater)
	f.refusedWhenOff()
	unchanged("shut off")
	f.kept("shut off", "sdg", unchanged)

	f.bringBack()
}

// harmless makes harmless changes.
func (f *exchangedFixture) harmless(unchanged func(string)) {
	t := f.t
	t.Helper()
	disks := 0
	for _, target := range f.targets() {
		if f.rows[target].device == "" {
			disks++
			acctest.RBD(t, "east", "resize", "--no-progress", "--size", fmt.Sprintf("%dM", f.mib(target)+32), pool+"/"+f.image(target))
		}
	}
	f.write(f.changed)
	got := apply(t, f.w)
	expectChanges(t, "changed", got, 0, disks, 0, 0)
	for _, target := range f.targets() {
		if f.rows[target].device != "" {
			continue
		}
		for _, saved := range []bool{true, false} {
			if disk := diskOf(t, "kvm1", f.name, target, saved); disk.IOTune == nil || disk.IOTune.TotalIopsSec != 1000 || saved &&
				disk.Driver.Cache != "writeback" {
				t.Errorf("%s, saved=%v: the limits are %+v, the driver %+v", target, saved, disk.IOTune, disk.Driver)
			}
		}
		told := strings.Contains(f.warnings(got, "warning", target), "not told")
		if exchanged := target != "sde" && target != "sdf"; told != exchanged {
			t.Errorf("%s: the operator reads that the guest isn't told: %v", target, told)
		}
		if info := acctest.RBD(t, "east", "info", pool+"/"+f.image(target)); !strings.Contains(info,
			fmt.Sprintf("size %d MiB", f.mib(target)+32)) {
			t.Errorf("%s: the image was resized: %s", target, info)
		}
	}
	if info := acctest.RBD(t, "east", "info", pool+"/"+f.image("sdg")+"-other"); !strings.Contains(info, "size 8 MiB") {
		t.Errorf("somebody's image was resized: %s", info)
	}
	unchanged("changed")
	expectChanges(t, "changed, again", apply(t, f.w), 0, 0, 0, 0)
}

// refused tries to change the source.
func (f *exchangedFixture) refused(unchanged func(string)) {
	t := f.t
	t.Helper()
	for what, assignments := range map[string][]string{
		"user":     {`user = "libvirt2"`},
		"image":    {`image = "elsewhere"`},
		"replaced": {`snapshot = "first"`, `read_only = true`},
	} {
		f.write(func(target string, row exchangedSource) []string {
			if row.whole {
				return f.changed(target, row)
			}
			if what == "replaced" {
				return assignments // A snapshot has no size.
			}
			return append(f.changed(target, row), assignments...)
		})
		got, err := try(t, f.w, "apply", "-auto-approve")
		if err == nil {
			t.Errorf("%s: not refused", what)
		}
		for _, target := range f.targets() {
			row := f.rows[target]
			allowed := row.whole || row.free && what == "replaced"
			if text := f.warnings(got, "error", target); !allowed && !strings.Contains(text, "can't be") {
				t.Errorf("%s: %s: not refused: %s", what, target, text)
			}
		}
		unchanged(what)
	}
}

// refusedWhenOff tries to give another image to the disk with an overlay.
func (f *exchangedFixture) refusedWhenOff() {
	f.t.Helper()
	f.write(func(target string, row exchangedSource) []string {
		if target == "sda" {
			return append(f.changed(target, row), `image = "elsewhere"`, `on_source_change = "replace"`)
		}
		return f.changed(target, row)
	})
	got, err := try(f.t, f.w, "plan")
	if text := f.warnings(got, "error", "sda"); err == nil || !strings.Contains(text, "can't be changed in its source: image") {
		f.t.Errorf("not refused: %v %s", err, text)
	}
}

// kept tries to destroy all disks, which detaches none, and then one that may be detached.
func (f *exchangedFixture) kept(when, only string, unchanged func(string)) {
	t := f.t
	t.Helper()
	f.write(f.changed)
	got, err := try(t, f.w, "destroy", "-auto-approve")
	if err == nil {
		t.Errorf("%s: all are destroyed", when)
	}
	for _, target := range f.targets() {
		stays := target != only && !f.rows[target].free
		if text := f.warnings(got, "error", target); stays != strings.Contains(text, "is not detached") {
			t.Errorf("%s: %s: %s", when, target, text)
		}
	}
	unchanged("destroyed, " + when)
	got, err = try(t, f.w, "destroy", "-auto-approve", "-target", diskType+"."+only)
	if there := diskOf(t, "kvm1", f.name, only, true) != nil || diskOf(t, "kvm1", f.name, only, false) != nil; err != nil || there {
		t.Errorf("%s: %s is there: %v; %v %v", when, only, there, err, got)
	}
	delete(f.rows, only)
}

// bringBack brings back the images that can be, and expects that nothing else has changed.
func (f *exchangedFixture) bringBack() {
	t := f.t
	t.Helper()
	for _, target := range f.targets() {
		if f.rows[target].back == nil {
			f.w.Terraform(t, "state", "rm", diskType+"."+target)
			acctest.Virsh(t, "kvm1", "detach-disk", f.name, target, "--config")
			delete(f.rows, target)
		}
	}
	if err := f.g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for target, row := range f.rows {
		row.back(f, target)
	}
	f.write(f.changed)
	got := apply(t, f.w)
	expectChanges(t, "back", got, 0, 0, 0, 0)
	f.expectTold("back", got, func(exchangedSource) []string { return nil })
	for _, target := range f.targets() {
		// QEMU doesn't tell a guest that its disk has become larger by the commit.
		if err := sees(f.g, int64(f.mib(target))<<20); err != nil {
			t.Error(err)
		}
	}
	f.w.Destroy(t)
	if err := seesNone(f.g); err != nil {
		t.Error(err)
	}
}
