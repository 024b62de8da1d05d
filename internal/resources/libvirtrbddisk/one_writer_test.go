//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// rival is one of several disks of one image, or at one target.
type rival struct {
	hypervisor, domain, target, image string
	assignments                       []string
}

// there tells whether virsh shows the rival's image at its target: in the running domain, or in the definition of one that is shut off.
func (r rival) there(t *testing.T) bool {
	t.Helper()
	disk := diskOf(t, r.hypervisor, r.domain, r.target, false)
	return disk != nil && disk.Source.Network.Name == pool+"/"+r.image
}

func (r rival) block(label string) string {
	assignments := append([]string{fmt.Sprintf("hypervisor = %q", r.hypervisor), fmt.Sprintf("target_dev = %q", r.target)}, r.assignments...)
	return strings.Replace(block(r.domain, r.image, assignments...), `"test"`, fmt.Sprintf("%q", label), 1)
}

// conflict is a set of rivals in one configuration, and what becomes of them.
type conflict struct {
	what   string
	rivals []rival
	// attached is how many of them the state has after the apply.
	attached int
	// words are those of each refusal, or of the warning where none is refused.
	words string
}

func (m conflict) label(row, i int) string { return fmt.Sprintf("m%d%c", row, 'a'+i) }

// withoutCluster returns the assignments of a disk that names a monitor of cluster east instead of the cluster.
func withoutCluster(t *testing.T) []string {
	t.Helper()
	m := acctest.Bed(t).Cluster("east").Monitors[0]
	return []string{"cluster = null", fmt.Sprintf("monitors = [{ host = %q, port = %d }]", m.Host, m.V1Port)}
}

// Of several disks in one apply that would write one image, or have one target, exactly one is attached, in whatever order they come.
// Domains that are shut off may have the same image, with a warning.
func TestAccLibvirtRBDDisk_oneWriterInOneApply(t *testing.T) {
	prepare(t)
	t.Parallel()
	const one, two, off, spare = "writer-one", "writer-two", "writer-off", "writer-spare"
	g, other := running(t, "kvm1", testbed.GuestOptions{Name: one, Paused: true, SCSI: true}),
		running(t, "kvm2", testbed.GuestOptions{Name: two, Paused: true, SCSI: true})
	for _, name := range []string{off, spare} {
		guest(t, "kvm1", testbed.GuestOptions{Name: name})
	}
	shared, cdrom := []string{"shareable = true"}, []string{`device = "cdrom"`, `bus = "scsi"`}
	// The domain is known only in the apply: otherwise the plan would refuse both.
	late := func(domain string) []string {
		return []string{fmt.Sprintf("domain = terraform_data.late[%q].output", domain)}
	}
	const openElsewhere, namedElsewhere = "is attached to domain", "is named by"
	conflicts := []conflict{
		{"two running domains", []rival{{"kvm1", one, "vdb", "w0", nil}, {"kvm2", two, "vdb", "w0", nil}}, 1, openElsewhere},
		{"two targets of one domain", []rival{{"kvm1", one, "vdc", "w1", nil}, {"kvm1", one, "vdd", "w1", nil}}, 1, "already has image"},
		{
			"one target, one image",
			[]rival{{"kvm1", one, "vde", "w2", late(one)}, {"kvm1", one, "vde", "w2", late(one)}},
			1,
			"already has a disk vde",
		},
		{
			"one target, two images",
			[]rival{{"kvm1", one, "vdf", "w3", late(one)}, {"kvm1", one, "vdf", "w4", late(one)}},
			1,
			"already has a disk vdf",
		},
		{
			"without a cluster",
			[]rival{{"kvm1", one, "vdg", "w5", withoutCluster(t)}, {"kvm2", two, "vdg", "w5", withoutCluster(t)}},
			1,
			openElsewhere,
		},
		{"meant to be shared", []rival{{"kvm1", one, "vdh", "w6", shared}, {"kvm2", two, "vdh", "w6", shared}}, 2, ""},
		{"a CD-ROM of two domains", []rival{{"kvm1", one, "sda", "w10", cdrom}, {"kvm2", two, "sda", "w10", cdrom}}, 2, ""},
		{"two that are shut off", []rival{{"kvm1", off, "vdb", "w7", nil}, {"kvm1", spare, "vdb", "w7", nil}}, 2, namedElsewhere},
		{
			"two targets of one that is shut off",
			[]rival{{"kvm1", off, "vdc", "w8", nil}, {"kvm1", off, "vdd", "w8", nil}},
			1,
			"already has image",
		},
		{
			"one target of one that is shut off",
			[]rival{{"kvm1", off, "vde", "w9", late(off)}, {"kvm1", off, "vde", "w9", late(off)}},
			1,
			"already has a disk vde",
		},
	}
	config := source + acctest.Provider(t) +
		fmt.Sprintf("resource \"terraform_data\" \"late\" {\n  for_each = toset([%q, %q])\n  input    = each.key\n}\n", one, off)
	for row, m := range conflicts {
		for i, r := range m.rivals {
			config += r.block(m.label(row, i))
		}
	}
	for i := range 11 {
		image(t, "east", fmt.Sprintf("w%d", i), "8M")
	}
	w := acctest.NewWorkspaceOf(t, config)
	result, err := try(t, w, "apply", "-auto-approve")
	if err == nil {
		t.Error("nothing was refused")
	}
	state := w.Terraform(t, "state", "list")
	for row, m := range conflicts {
		owners, warned := 0, ""
		for i, r := range m.rivals {
			label := m.label(row, i)
			refusal := strings.Join(result.texts(label, "error"), "\n")
			warned += strings.Join(result.texts(label, "warning"), "\n")
			owned := strings.Contains(state, "."+label+"\n")
			switch {
			case owned:
				owners++
				if refusal != "" || !r.there(t) {
					t.Errorf("%s: %s is in the state: %s", m.what, label, refusal)
				}
			case !acctest.Message(m.words).MatchString(refusal):
				t.Errorf("%s: %s is not refused with %q: %s", m.what, label, m.words, refusal)
			case r.there(t) && !slices.ContainsFunc(m.rivals,
				func(o rival) bool { return o.target == r.target && o.domain == r.domain && o.there(t) }):
				t.Errorf("%s: %s was refused and is there", m.what, label)
			}
		}
		if owners != m.attached {
			t.Errorf("%s: the state has %d of them, want %d", m.what, owners, m.attached)
		}
		if m.attached == len(m.rivals) && m.words != "" && !acctest.Message(m.words).MatchString(warned) {
			t.Errorf("%s: no warning: %s", m.what, warned)
		}
		// The watch of a probe that was killed stays until the OSDs miss it.
		expect.Eventually(t, m.what+": no more writers than disks", func() bool {
			return strings.Count(acctest.RBD(t, "east", "status", pool+"/"+m.rivals[0].image), "watcher=") <= max(1, m.attached)
		})
	}
	for _, g := range []*testbed.Guest{g, other} {
		if err := g.Destroy(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	w.Write(t, source+acctest.Provider(t))
	w.Apply(t)
}

// qemuOf returns the process of a running guest.
func qemuOf(t *testing.T, domain string) int {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range processes {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "guest="+domain+",") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			return pid
		}
	}
	t.Fatalf("no QEMU runs %s", domain)
	return 0
}

// Two runs of terraform know nothing of each other: a run that finds another client of the image after its attach detaches the disk again.
func TestAccLibvirtRBDDisk_oneWriterOfTwoRuns(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "runs"
	image(t, "east", name, "8M")
	rivals := []rival{{"kvm1", name + "-one", "vdb", name, nil}, {"kvm2", name + "-two", "vdb", name, nil}}
	var runs [2]*acctest.Workspace
	for i, r := range rivals {
		running(t, r.hypervisor, testbed.GuestOptions{Name: r.domain})
		// The probe would delay one of them.
		r.assignments = []string{"attach_probe = false", `timeouts = { create = "60s" }`}
		runs[i] = acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+r.block("test"))
	}
	// Both QEMUs are stopped until both runs have asked for the attach, so that they attach at the same moment.
	var halted []int
	for _, r := range rivals {
		halted = append(halted, qemuOf(t, r.domain))
	}
	signal := func(s syscall.Signal) {
		for _, pid := range halted {
			if err := syscall.Kill(pid, s); err != nil {
				t.Error(err)
			}
		}
	}
	signal(syscall.SIGSTOP)
	var outcomes [2]outcome
	var errs [2]error
	var both sync.WaitGroup
	for i, w := range runs {
		both.Add(1)
		go func() {
			defer both.Done()
			outcomes[i], errs[i] = try(t, w, "apply", "-auto-approve")
		}()
	}
	for _, r := range rivals {
		expect.Eventually(t, "the attach to "+r.domain, func() bool {
			return strings.Contains(acctest.Virsh(t, r.hypervisor, "domcontrol", r.domain), "occupied")
		})
	}
	signal(syscall.SIGCONT)
	both.Wait()
	attached := 0
	for i, r := range rivals {
		refusal := strings.Join(outcomes[i].texts("test", "error"), "\n")
		if (errs[i] == nil) != r.there(t) {
			t.Errorf("%s: %v, and attached is %v", r.domain, errs[i], r.there(t))
		}
		if errs[i] == nil {
			attached++
		} else if !acctest.Message("is open elsewhere").MatchString(refusal) {
			t.Errorf("%s: %s", r.domain, refusal)
		}
	}
	// None is as good: where each run sees the other's client, both take their disks back.
	if attached > 1 {
		t.Errorf("%d guests write the image: %s", attached, acctest.RBD(t, "east", "status", pool+"/"+name))
	}
	for _, w := range runs {
		w.Destroy(t)
	}
}

// A change after which a disk must be the only one that has its image is checked as a new disk is: who has the image open, and whether the
// domain has it at another target.
func TestAccLibvirtRBDDisk_oneWriterByChange(t *testing.T) {
	prepare(t)
	t.Parallel()
	const off, on = "change-off", "change-on"
	guest(t, "kvm1", testbed.GuestOptions{Name: off})
	running(t, "kvm1", testbed.GuestOptions{Name: on, Paused: true})
	const shared, reader, opened, twice = "shareable = true", "read_only = true", "is open elsewhere", "already has image"
	// For so long the provider waits for other clients to close the image.
	const refusedSoon = `timeouts = { update = "20s" }`
	rows := []struct {
		what, domain  string
		before, after string
		open          bool   // another client has the image that the disk has afterwards
		other         string // the image before, where it is another one
		words         string // none where it is allowed
	}{
		{"another image", off, "", "", true, "change-free", opened},
		{"another image, to share", off, "", shared, true, "change-free2", ""},
		{"no longer shared", off, shared, "", true, "", opened},
		{"no longer only read", off, reader, "", true, "", opened},
		{"no longer shared, running", on, shared, "", true, "", opened},
		{"no longer shared, with nobody", off, shared, "", false, "", ""},
		{"no longer shared, with nobody, running", on, shared, "", false, "", ""},
		{"an image that the domain has", off, "", "", false, "change-free3", twice},
		{"no longer shared with itself", off, shared, "", false, "", twice},
	}
	var closeAll []func()
	before, after := source+acctest.Provider(t), source+acctest.Provider(t)
	disk := func(label, domain, imageName string, assignments ...string) string {
		return strings.Replace(block(domain, imageName, assignments...), `"test"`, fmt.Sprintf("%q", label), 1)
	}
	for i, row := range rows {
		name := fmt.Sprintf("change-%d", i)
		image(t, "east", name, "8M")
		if row.open {
			closeAll = append(closeAll, acctest.OpenImage(t, "east", "libvirt", pool+"/"+name))
		}
		first := name
		if row.other != "" {
			first = row.other
			image(t, "east", first, "8M")
		}
		target := fmt.Sprintf("target_dev = \"vd%c\"", 'b'+i)
		if row.words == opened {
			target += "\n" + refusedSoon
		}
		before += disk(fmt.Sprintf("r%d", i), row.domain, first, target, row.before)
		after += disk(fmt.Sprintf("r%d", i), row.domain, name, target, row.after)
		if row.words == twice {
			other := disk(fmt.Sprintf("other%d", i), row.domain, name, fmt.Sprintf("target_dev = \"vdx%c\"", 'a'+i), shared)
			before, after = before+other, after+other
		}
	}
	w := acctest.NewWorkspaceOf(t, before)
	apply(t, w)
	definitions := func(i int) string {
		text, err := diskOf(t, "kvm1", rows[i].domain, fmt.Sprintf("vd%c", 'b'+i), true).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	var was []string
	for i := range rows {
		was = append(was, definitions(i))
	}
	w.Write(t, after)
	result, _ := try(t, w, "apply", "-auto-approve")
	for i, row := range rows {
		text := strings.Join(result.texts(fmt.Sprintf("r%d", i), "error"), "\n")
		if (text == "") != (row.words == "") || !acctest.Message(row.words).MatchString(text) {
			t.Errorf("%s: not refused with %q: %s", row.what, row.words, text)
		}
		if changed := definitions(i) != was[i]; changed == (row.words != "") {
			t.Errorf("%s: the saved definition has changed: %v", row.what, changed)
		}
	}
	for _, closeImage := range closeAll {
		closeImage()
	}
	acctest.Virsh(t, "kvm1", "destroy", on)
	w.Write(t, source+acctest.Provider(t))
	w.Apply(t)

	// A disk that is missing in the running domain is attached again only if nobody has opened its image since.
	image(t, "east", "change-back", "8M")
	w.Write(t, source+acctest.Provider(t)+disk("test", off, "change-back", refusedSoon))
	apply(t, w)
	saved, err := diskOf(t, "kvm1", off, "vdb", true).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	acctest.Virsh(t, "kvm1", "detach-disk", off, "vdb", "--config")
	acctest.Virsh(t, "kvm1", "start", off, "--paused")
	acctest.VirshIn(t, "kvm1", saved, "attach-device", off, "/dev/stdin", "--config")
	closeImage := acctest.OpenImage(t, "east", "libvirt", pool+"/change-back")
	result, err = try(t, w, "apply", "-auto-approve")
	if text := fmt.Sprint(result.texts("test", "error")); err == nil || !acctest.Message(opened).MatchString(text) ||
		diskOf(t, "kvm1", off, "vdb", false) != nil {
		t.Errorf("put back: %v %s", err, text)
	}
	closeImage()
	apply(t, w)
	if diskOf(t, "kvm1", off, "vdb", false) == nil {
		t.Error("not put back")
	}
	acctest.Virsh(t, "kvm1", "destroy", off)
	w.Destroy(t)
}
