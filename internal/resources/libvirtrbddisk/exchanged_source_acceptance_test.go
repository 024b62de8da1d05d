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
	byHand func(b *exchangedFixture, target string)
	// told are words that a warning must have; none where there is no warning.
	told []string
	// free is set where the disk may be detached.
	free bool
	// whole is set where the saved definition still has our source, so that it may be changed there.
	whole bool
	// later are the words once the domain is shut off; nil means those of told.
	later []string
	// back brings the image back once the domain runs again; nil where the test doesn't try.
	back func(b *exchangedFixture, target string)
}

// commit writes the overlays back into the image.
func commit(b *exchangedFixture, target string) {
	acctest.Virsh(b.t, "kvm1", "blockcommit", b.name, target, "--active", "--pivot", "--wait")
}

// exchangedSources by the target of their disk. The guest has a driver only for the first controller, which has the disks up to sdg.
var exchangedSources = map[string]exchangedSource{
	"sda": { // a snapshot
		byHand: func(b *exchangedFixture, target string) { b.snapshot(target, b.file(target)) },
		told:   []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back:   commit,
	},
	"sdb": { // a snapshot of a snapshot
		byHand: func(b *exchangedFixture, target string) {
			b.snapshot(target, b.file(target)+"1")
			b.snapshot(target, b.file(target))
		},
		told: []string{"file $FILE", "hangs on libvirt-pool/$IMAGE", "virsh blockcommit $DOMAIN $TARGET --active --pivot"},
		back: commit,
	},
	"sdj": { // a copy, to which the guest went over
		byHand: func(b *exchangedFixture, target string) {
			acctest.Virsh(b.t, "kvm1", "blockcopy", b.name, target, b.file(target), "--transient-job", "--wait", "--pivot")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sdd": { // a snapshot that was made to stand alone
		byHand: func(b *exchangedFixture, target string) {
			b.snapshot(target, b.file(target))
			acctest.Virsh(b.t, "kvm1", "blockpull", b.name, target, "--wait")
		},
		told: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE", "terraform state rm"},
	},
	"sde": { // a file, in the saved definition
		byHand: func(b *exchangedFixture, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(b.t, "<disk type='file'><source file='"+b.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only", "virsh detach-disk $DOMAIN $TARGET --config"},
		later: []string{"file $FILE", "doesn't tell that it hangs on libvirt-pool/$IMAGE"},
	},
	"sdf": { // an overlay that is an RBD image too, in the saved definition
		byHand: func(b *exchangedFixture, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				overlay := acctest.ParseDisk(b.t, acctest.XML(b.t, d))
				overlay.Source.Network.Name += "-overlay"
				if d.Source.Network.Auth == nil {
					d.Source.Network.Auth = d.Auth
				}
				d.BackingStore = acctest.ParseDisk(b.t, "<disk type='file'><backingStore type='file'><format"+
					" type='raw'/></backingStore></disk>").BackingStore
				d.BackingStore.Source, d.Source = d.Source, overlay.Source
				d.Driver.Type = "qcow2"
			})
		},
		told:  []string{"rbd source libvirt-pool/$IMAGE-overlay", "in the saved definition only"},
		later: []string{"rbd source libvirt-pool/$IMAGE-overlay", "hangs on libvirt-pool/$IMAGE", "Start the domain first"},
	},
	"sdg": { // another image, in the running guest
		byHand: func(b *exchangedFixture, target string) {
			image(b.t, "east", b.image(target)+"-other", "8M")
			reattach(b.t, b.name, target, func(d *acctest.Disk) { d.Source.Network.Name += "-other" })
		},
		whole: true,
	},
	"sdh": { // another medium, in the saved definition
		device: "cdrom",
		byHand: func(b *exchangedFixture, target string) {
			b.redefine(target, func(d *acctest.Disk) {
				d.Source, d.Auth = acctest.ParseDisk(b.t, "<disk type='file'><source file='"+b.file(target)+"'/></disk>").Source, nil
			})
		},
		told:  []string{"file $FILE", "in the saved definition only"},
		later: []string{"file $FILE"},
	},
	"sdi": { // no medium, in the saved definition
		device: "cdrom", free: true,
		byHand: func(b *exchangedFixture, target string) {
			b.redefine(target, func(d *acctest.Disk) { d.Source, d.Auth = nil, nil })
		},
		told: []string{"an empty drive", "terraform taint"},
	},
	"sdc": { // a snapshot of a disk that has no alias of ours
		imported: true,
		byHand:   func(b *exchangedFixture, target string) { b.snapshot(target, b.file(target)) },
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

func (b *exchangedFixture) file(target string) string  { return filepath.Join(b.dir, target+".img") }
func (b *exchangedFixture) image(target string) string { return b.name + "-" + target }
func (b *exchangedFixture) targets() []string          { return slices.Sorted(maps.Keys(b.rows)) }

// mib is the size of a disk's image, by which the guest's disks are told apart.
func (b *exchangedFixture) mib(target string) int { return 16 + int(target[2]-'a') }

// snapshot puts an overlay on one disk, and on no other.
func (b *exchangedFixture) snapshot(target, file string) {
	b.t.Helper()
	args := []string{"snapshot-create-as", b.name, "--disk-only", "--no-metadata", "--diskspec", target + ",file=" + file}
	for other := range b.rows {
		if other != target {
			args = append(args, "--diskspec", other+",snapshot=no")
		}
	}
	acctest.Virsh(b.t, "kvm1", args...)
}

// redefine changes one disk of the saved definition.
func (b *exchangedFixture) redefine(target string, change func(*acctest.Disk)) {
	redefined(func(d *acctest.Disk) {
		if d.Target.Dev == target {
			change(d)
		}
	})(b.t, b.name)
}

// write writes the configuration of the disks that are managed.
func (b *exchangedFixture) write(assignments func(target string, row exchangedSource) []string, more ...string) {
	b.t.Helper()
	text := source + acctest.Provider(b.t) + strings.Join(more, "\n")
	for _, target := range b.targets() {
		row := b.rows[target]
		device := row.device
		if device == "" {
			device = "disk"
		}
		set := append([]string{fmt.Sprintf("target_dev = %q", target), `bus = "scsi"`, fmt.Sprintf("device = %q", device)},
			assignments(target, row)...)
		text += strings.Replace(block(b.name, b.image(target), set...), `"test"`, fmt.Sprintf("%q", target), 1)
	}
	b.w.Write(b.t, text)
}

// plain are the settings that the disks begin with.
func (b *exchangedFixture) plain(target string, _ exchangedSource) []string {
	return []string{fmt.Sprintf(`size = "%dMiB"`, b.mib(target))}
}

// changed are settings that do no harm: limits, a cache mode, and the size of an image that has grown.
func (b *exchangedFixture) changed(target string, row exchangedSource) []string {
	if row.device == "cdrom" {
		return b.plain(target, row)
	}
	return []string{fmt.Sprintf(`size = "%dMiB"`, b.mib(target)+32), "iotune = { total_iops_sec = 1000 }", `cache = "writeback"`}
}

// warnings returns the diagnostics of a severity that name a disk, in their text or by their address.
func (b *exchangedFixture) warnings(got outcome, severity, target string) string {
	var text strings.Builder
	for _, d := range got.diagnostics {
		if d.Severity == severity && (strings.Contains(d.Summary+d.Detail, "isk "+target+" ") || d.Address == diskType+"."+target) {
			text.WriteString(d.Summary + "\n" + d.Detail + "\n")
		}
	}
	return text.String()
}

// expectTold looks for these words in the warnings of each disk.
func (b *exchangedFixture) expectTold(when string, got outcome, words func(exchangedSource) []string) {
	b.t.Helper()
	for _, target := range b.targets() {
		text := b.warnings(got, "warning", target)
		replacer := strings.NewReplacer("$FILE", b.file(target), "$IMAGE", b.image(target), "$TARGET", target, "$DOMAIN", b.name)
		for _, want := range words(b.rows[target]) {
			if want = replacer.Replace(want); !strings.Contains(text, want) {
				b.t.Errorf("%s: %s: the operator doesn't read %q: %s", when, target, want, text)
			}
		}
		if len(words(b.rows[target])) == 0 && strings.Contains(text, "another source") {
			b.t.Errorf("%s: %s: %s", when, target, text)
		}
	}
}

var limitsAndCache = regexp.MustCompile(`(?s)\n\s*<iotune>.*?</iotune>| cache='writeback'`)

// definitions returns what virsh shows of the domain, without limits and cache modes.
func (b *exchangedFixture) definitions() string {
	b.t.Helper()
	text := acctest.Virsh(b.t, "kvm1", "dumpxml", b.name) + acctest.Virsh(b.t, "kvm1", "dumpxml", b.name, "--inactive")
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
	b := &exchangedFixture{t: t, name: "exchanged", dir: openFolder(t), rows: maps.Clone(exchangedSources)}
	b.g, _ = runningWithSCSI(t, b.name, false, func(*acctest.Domain) {})
	imports := ""
	for _, target := range b.targets() {
		image(t, "east", b.image(target), fmt.Sprintf("%dM", b.mib(target)))
		if b.rows[target].imported {
			hand := strings.Replace(handXML(t, "east", b.image(target), target), `bus="virtio"`, `bus="scsi"`, 1)
			acctest.VirshIn(t, "kvm1", hand, "attach-device", b.name, "/dev/stdin", "--live", "--config")
			imports += fmt.Sprintf("import {\n  provider = ceph\n  to = %s.%s\n  id = \"kvm1/%s/%s\"\n}\n", diskType, target, b.name, target)
		}
	}
	b.w = acctest.NewWorkspaceOf(t, source+acctest.Provider(t))
	b.write(b.plain, imports)
	apply(t, b.w)
	b.w.Terraform(t, "plan", "-destroy", "-target", diskType+".sda", "-out", "planned")
	for _, target := range b.targets() {
		b.rows[target].byHand(b, target)
	}
	before := b.definitions()
	unchanged := func(when string) {
		t.Helper()
		if after := b.definitions(); after != before {
			t.Errorf("%s: the domain has changed:\n%s\nbefore:\n%s", when, after, before)
		}
	}

	if out, err := b.w.Try(t, "apply", "planned"); err == nil ||
		!acctest.Message("is not detached, and nothing was changed").MatchString(out) {
		t.Errorf("a plan made before the exchange is applied: %v %s", err, out)
	}
	unchanged("planned before")
	b.write(b.plain)
	got := apply(t, b.w)
	expectChanges(t, "exchanged", got, 0, 0, 0, 0)
	b.expectTold("exchanged", got, toldNow)
	unchanged("exchanged")

	b.harmless(unchanged)
	b.refused(unchanged)
	b.kept("running", "sdi", unchanged)

	if err := b.g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	before = b.definitions()
	b.write(b.changed)
	got = apply(t, b.w)
	expectChanges(t, "shut off", got, 0, 0, 0, 0)
	b.expectTold("shut off", got, toldLater)
	b.refusedWhenOff()
	unchanged("shut off")
	b.kept("shut off", "sdg", unchanged)

	b.bringBack()
}

// harmless makes harmless changes.
func (b *exchangedFixture) harmless(unchanged func(string)) {
	t := b.t
	t.Helper()
	disks := 0
	for _, target := range b.targets() {
		if b.rows[target].device == "" {
			disks++
			acctest.RBD(t, "east", "resize", "--no-progress", "--size", fmt.Sprintf("%dM", b.mib(target)+32), pool+"/"+b.image(target))
		}
	}
	b.write(b.changed)
	got := apply(t, b.w)
	expectChanges(t, "changed", got, 0, disks, 0, 0)
	for _, target := range b.targets() {
		if b.rows[target].device != "" {
			continue
		}
		for _, saved := range []bool{true, false} {
			if disk := diskOf(t, "kvm1", b.name, target, saved); disk.IOTune == nil || disk.IOTune.TotalIopsSec != 1000 || saved &&
				disk.Driver.Cache != "writeback" {
				t.Errorf("%s, saved=%v: the limits are %+v, the driver %+v", target, saved, disk.IOTune, disk.Driver)
			}
		}
		told := strings.Contains(b.warnings(got, "warning", target), "not told")
		if exchanged := target != "sde" && target != "sdf"; told != exchanged {
			t.Errorf("%s: the operator reads that the guest isn't told: %v", target, told)
		}
		if info := acctest.RBD(t, "east", "info", pool+"/"+b.image(target)); !strings.Contains(info,
			fmt.Sprintf("size %d MiB", b.mib(target)+32)) {
			t.Errorf("%s: the image was resized: %s", target, info)
		}
	}
	if info := acctest.RBD(t, "east", "info", pool+"/"+b.image("sdg")+"-other"); !strings.Contains(info, "size 8 MiB") {
		t.Errorf("somebody's image was resized: %s", info)
	}
	unchanged("changed")
	expectChanges(t, "changed, again", apply(t, b.w), 0, 0, 0, 0)
}

// refused tries to change the source.
func (b *exchangedFixture) refused(unchanged func(string)) {
	t := b.t
	t.Helper()
	for what, assignments := range map[string][]string{
		"user":     {`user = "libvirt2"`},
		"image":    {`image = "elsewhere"`},
		"replaced": {`snapshot = "first"`, `read_only = true`},
	} {
		b.write(func(target string, row exchangedSource) []string {
			if row.whole {
				return b.changed(target, row)
			}
			if what == "replaced" {
				return assignments // A snapshot has no size.
			}
			return append(b.changed(target, row), assignments...)
		})
		got, err := try(t, b.w, "apply", "-auto-approve")
		if err == nil {
			t.Errorf("%s: not refused", what)
		}
		for _, target := range b.targets() {
			row := b.rows[target]
			allowed := row.whole || row.free && what == "replaced"
			if text := b.warnings(got, "error", target); !allowed && !strings.Contains(text, "can't be") {
				t.Errorf("%s: %s: not refused: %s", what, target, text)
			}
		}
		unchanged(what)
	}
}

// refusedWhenOff tries to give another image to the disk with an overlay.
func (b *exchangedFixture) refusedWhenOff() {
	b.t.Helper()
	b.write(func(target string, row exchangedSource) []string {
		if target == "sda" {
			return append(b.changed(target, row), `image = "elsewhere"`, `on_source_change = "replace"`)
		}
		return b.changed(target, row)
	})
	got, err := try(b.t, b.w, "plan")
	if text := b.warnings(got, "error", "sda"); err == nil || !strings.Contains(text, "can't be changed in its source: image") {
		b.t.Errorf("not refused: %v %s", err, text)
	}
}

// kept tries to destroy all disks, which detaches none, and then one that may be detached.
func (b *exchangedFixture) kept(when, only string, unchanged func(string)) {
	t := b.t
	t.Helper()
	b.write(b.changed)
	got, err := try(t, b.w, "destroy", "-auto-approve")
	if err == nil {
		t.Errorf("%s: all are destroyed", when)
	}
	for _, target := range b.targets() {
		if text := b.warnings(got, "error", target); (target != only) != strings.Contains(text, "is not detached") {
			t.Errorf("%s: %s: %s", when, target, text)
		}
	}
	unchanged("destroyed, " + when)
	got, err = try(t, b.w, "destroy", "-auto-approve", "-target", diskType+"."+only)
	if there := diskOf(t, "kvm1", b.name, only, true) != nil || diskOf(t, "kvm1", b.name, only, false) != nil; err != nil || there {
		t.Errorf("%s: %s is there: %v; %v %v", when, only, there, err, got)
	}
	delete(b.rows, only)
}

// bringBack brings back the images that can be, and expects that nothing else has changed.
func (b *exchangedFixture) bringBack() {
	t := b.t
	t.Helper()
	for _, target := range b.targets() {
		if b.rows[target].back == nil {
			b.w.Terraform(t, "state", "rm", diskType+"."+target)
			acctest.Virsh(t, "kvm1", "detach-disk", b.name, target, "--config")
			delete(b.rows, target)
		}
	}
	if err := b.g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for target, row := range b.rows {
		row.back(b, target)
	}
	b.write(b.changed)
	got := apply(t, b.w)
	expectChanges(t, "back", got, 0, 0, 0, 0)
	b.expectTold("back", got, func(exchangedSource) []string { return nil })
	for _, target := range b.targets() {
		// QEMU doesn't tell a guest that its disk has become larger by the commit.
		if err := sees(b.g, int64(b.mib(target))<<20); err != nil {
			t.Error(err)
		}
	}
	b.w.Destroy(t)
	if err := seesNone(b.g); err != nil {
		t.Error(err)
	}
}
