//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// definitions are both definitions of a domain on kvm1 as virsh shows them.
func definitions(t *testing.T, domain string) string {
	t.Helper()
	return acctest.Virsh(t, "kvm1", "dumpxml", domain) + acctest.Virsh(t, "kvm1", "dumpxml", domain, "--inactive")
}

// attempt is a command of terraform while something holds a disk.
type attempt struct {
	what        string
	image       string
	assignments []string
	args        []string
	// want are the words of the refusal; empty where it has to go through.
	want string
}

// said is what terraform says of whatever resource: in a destroy its errors name none.
func (o outcome) said(severity string) string {
	var text strings.Builder
	for _, d := range o.diagnostics {
		if d.Severity == severity {
			text.WriteString(d.Summary + "\n" + d.Detail + "\n")
		}
	}
	return text.String()
}

// attempts tries them in turn. What is refused has left both definitions as they were.
func attempts(t *testing.T, w *acctest.Workspace, domain string, list []attempt) {
	t.Helper()
	for _, a := range list {
		w.Write(t, source+acctest.Provider(t)+block(domain, a.image, a.assignments...))
		before := definitions(t, domain)
		got, err := try(t, w, a.args...)
		text := got.said("error")
		switch {
		case a.want == "" && err != nil:
			t.Errorf("%s: %v %s", a.what, err, text)
		case a.want != "" && (err == nil || !acctest.Message(a.want).MatchString(text)):
			t.Errorf("%s: not refused with %q: %v %s", a.what, a.want, err, text)
		case a.want != "" && definitions(t, domain) != before:
			t.Errorf("%s: was refused, and the domain has changed:\n%s\nbefore:\n%s", a.what, definitions(t, domain), before)
		}
	}
}

// A job of somebody else on the disk is found and named before anything is touched. What it doesn't hold up goes on.
func TestAccLibvirtRBDDisk_blockJob(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "job"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	image(t, "east", name+"-copy", "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, `size = "16MiB"`))
	apply(t, w)
	copied := strings.ReplaceAll(handXML(t, "east", name+"-copy", "vdb"), "<target dev=\"vdb\" bus=\"virtio\"></target>", "")
	for _, job := range []struct{ name, begin, definition, end string }{
		{"block copy", "blockcopy " + name + " vdb --reuse-external --transient-job --xml /dev/stdin", copied, "blockjob " +
			name + " vdb --abort"},
		{
			"backup", "backup-begin " + name + " /dev/stdin", "<domainbackup mode='pull'><server transport='unix' socket='" + acctest.Bed(t).Dir +
				"/kvm1/run/job.nbd'/><disks><disk name='vdb' backup='yes' type='file'><scratch file='" + acctest.Bed(t).Dir +
				"/kvm1/run/job.scratch'/></disk></disks></domainbackup>",
			"domjobabort " + name,
		},
	} {
		acctest.VirshIn(t, "kvm1", job.definition, strings.Fields(job.begin)...)
		words := `A job holds disk vdb of domain "job" on hypervisor "kvm1": ` + job.name
		const was = `size = "16MiB"`
		tuned := []string{fmt.Sprintf("iotune = { total_iops_sec = %d }", 1000+len(job.name)), fmt.Sprintf("serial = %q", job.name[:5])}
		changed := append(tuned[:2:2], was)
		attempts(t, w, name, []attempt{
			{"limits and serial", name, changed, []string{"apply", "-auto-approve"}, ""},
			{"nothing", name, changed, []string{"plan", "-detailed-exitcode"}, ""},
			{"destroy", name, changed, []string{"destroy", "-auto-approve"}, words},
		})
		if job.name == "block copy" {
			acctest.RBD(t, "east", "resize", "--no-progress", "--size", "24M", pool+"/"+name)
		}
		attempts(t, w, name, []attempt{{"size", name, append(tuned[:2:2], `size = "24MiB"`), []string{"apply", "-auto-approve"}, words}})
		if job.name == "block copy" {
			attempts(t, w, name, []attempt{
				{"other target", name, append(changed[:3:3], `target_dev = "vdd"`), []string{"plan"}, words},
				{"made anew", name, changed, []string{"plan", "-replace=" + address}, words},
			})
			// The end of a copy rewrites the saved definition only where it names the image in the same way.
			acctest.RBD(t, "east", "rename", pool+"/"+name, pool+"/"+name+"-renamed")
			attempts(t, w, name, []attempt{{"renamed image", name + "-renamed", changed, []string{"plan"}, words}})
			acctest.RBD(t, "east", "rename", pool+"/"+name+"-renamed", pool+"/"+name)
		}
		acctest.Virsh(t, "kvm1", strings.Fields(job.end)...)
	}
	w.Write(t, source+acctest.Provider(t)+block(name, name, `size = "24MiB"`))
	expectChanges(t, "without a job", apply(t, w), 0, 1, 0, 0)
	if err := sees(g, 24<<20); err != nil {
		t.Fatal(err)
	}

	t.Run("mounted", func(t *testing.T) { mounted(t, g, w) })
}

// mounted destroys a disk under a file system that the guest writes to: the guest gives it up at once, as the plan has said.
func mounted(t *testing.T, g *testbed.Guest, w *acctest.Workspace) {
	if _, err := g.Run(t.Context(), "mke2fs /dev/vda >/dev/null 2>&1; mkdir -p /m && mount -t ext2 /dev/vda /m && echo"+
		" before >/m/file && sync"); err != nil {
		t.Fatal(err)
	}
	planned, err := try(t, w, "plan", "-destroy")
	if text := strings.Join(planned.texts("test", "warning"), "\n"); err != nil || !acctest.Message(
		`Disk vdb of the running domain "job" will be detached`).MatchString(text) || !strings.Contains(text, `hypervisor "kvm1"`) ||
		!strings.Contains(text, "Unmount") {
		t.Errorf("the plan of a destroy doesn't tell that a running guest loses its disk: %v %s", err, text)
	}
	if _, err := try(t, w, "destroy", "-auto-approve"); err != nil {
		t.Errorf("the destroy: %v", err)
	}
	out, err := g.Run(t.Context(), "echo after >/m/file && sync && echo 3 >/proc/sys/vm/drop_caches && cat /m/file; dmesg |"+
		" grep -i 'error' | tail -3")
	if !strings.Contains(out, "rror") {
		t.Errorf("the guest has noticed nothing: %v %s", err, out)
	}
	if diskOf(t, "kvm1", g.Name, "vdb", false) != nil || diskOf(t, "kvm1", g.Name, "vdb", true) != nil {
		t.Error("the disk is still there")
	}
}

// A managed save image holds the guest as it was with its disk: what would spoil it is refused, what it won't know is told.
func TestAccLibvirtRBDDisk_managedSave(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "saved"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	for _, suffix := range []string{"", "-other", "-new"} {
		image(t, "east", name+suffix, "16M")
	}
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	apply(t, w)
	acctest.Virsh(t, "kvm1", "managedsave", name)
	const words = `Domain "saved" on hypervisor "kvm1" has a managed save image`
	attempts(t, w, name, []attempt{
		{"nothing", name, nil, []string{"plan", "-detailed-exitcode"}, ""},
		{"other image", name + "-other", nil, []string{"apply", "-auto-approve"}, words},
		{"other target", name, []string{`target_dev = "vdd"`}, []string{"plan"}, words},
		{"made anew", name, nil, []string{"plan", "-replace=" + address}, words},
		{"destroy", name, nil, []string{"destroy", "-auto-approve"}, words},
	})
	// These go into the saved definition only, of which the restored guest knows nothing.
	told := func(label string, result outcome) {
		t.Helper()
		if text := strings.Join(result.texts(label, "warning"), "\n"); !strings.Contains(text, "managed save image") {
			t.Errorf("%s: the plan doesn't tell that the restored guest won't have it: %s", label, text)
		}
	}
	w.Write(t, source+acctest.Provider(t)+block(name, name, `serial = "later"`)+
		strings.Replace(block(name, name+"-new", `target_dev = "vdc"`), `"test"`, `"new"`, 1))
	result := apply(t, w)
	expectChanges(t, "serial and a new disk", result, 1, 1, 0, 0)
	told("test", result)
	told("new", result)
	// The new disk isn't in the image: it may go.
	w.Write(t, source+acctest.Provider(t)+block(name, name, `serial = "later"`))
	expectChanges(t, "the new disk again", apply(t, w), 0, 0, 0, 1)

	acctest.Virsh(t, "kvm1", "start", name)
	if err := sees(g, 16<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := try(t, w, "destroy", "-auto-approve"); err != nil {
		t.Errorf("the destroy once the guest runs again: %v", err)
	}
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}

// A paused guest can't let go. Whoever keeps the disk after that learns that the request still stands.
func TestAccLibvirtRBDDisk_pendingDetach(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "pending"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name, `timeouts = { delete = "6s" }`))
	apply(t, w)
	pending := func(when string, result outcome, want bool) {
		t.Helper()
		text := strings.Join(result.texts("test", "warning"), "\n")
		if got := acctest.Message(`may still give up disk vdb`).MatchString(text); got != want {
			t.Errorf("%s: told of the pending request: %v, want %v: %s", when, got, want, text)
		}
	}
	refuse := func() {
		t.Helper()
		if err := g.Suspend(t.Context()); err != nil {
			t.Fatal(err)
		}
		result, err := try(t, w, "destroy", "-auto-approve")
		text := result.said("error")
		for _, words := range []string{"did not let go of the disk", "The saved definition doesn't have the disk any more", "To keep the disk"} {
			if err == nil || !acctest.Message(words).MatchString(text) {
				t.Errorf("the destroy doesn't say %q: %v %s", words, err, text)
			}
		}
		if diskOf(t, "kvm1", name, "vdb", true) != nil || diskOf(t, "kvm1", name, "vdb", false) == nil {
			t.Error("the disk should be in the running domain alone")
		}
	}
	refuse()
	result := apply(t, w)
	expectChanges(t, "kept", result, 0, 1, 0, 0)
	pending("kept", result, true)
	pending("kept, again", apply(t, w), true)
	if diskOf(t, "kvm1", name, "vdb", true) == nil {
		t.Error("the saved definition lacks the disk")
	}
	if err := g.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	acctest.Eventually(t, "the end of the disk", func() bool { return diskOf(t, "kvm1", name, "vdb", false) == nil })
	result = apply(t, w)
	expectChanges(t, "attached again", result, 0, 1, 0, 0)
	pending("attached again", result, false)
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}

	refuse()
	apply(t, w)
	if err := g.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := g.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	result = apply(t, w)
	expectChanges(t, "started anew", result, 0, 0, 0, 0)
	pending("started anew", result, false)
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}
}

// A domain that is on its way to another host can't be changed until it has arrived, and is not kept waiting for.
func TestAccLibvirtRBDDisk_domainJob(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "leaving"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	image(t, "east", name+"-new", "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	apply(t, w)
	// At 1 MiB a second the memory never gets there, because the guest changes more of it meanwhile.
	for _, script := range []string{
		"mkdir /fill && mount -t tmpfs none /fill && dd if=/dev/urandom of=/fill/f bs=1M count=40",
		"while :; do dd if=/dev/urandom of=/fill/f bs=1M count=40 conv=notrunc; sleep 1; done >/dev/null 2>&1 &",
	} {
		if _, err := g.Run(t.Context(), script); err != nil {
			t.Fatal(err)
		}
	}
	arguments, left := migration(t, name, "--bandwidth", "1"), make(chan error, 1)
	go func() {
		_, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(t.Context(), arguments...)
		left <- err
	}()
	acctest.Eventually(t, "the migration", func() bool { return strings.Contains(acctest.Virsh(t, "kvm1", "domjobinfo", name), "migration") })
	const words = `A job holds domain "leaving" on hypervisor "kvm1": migration`
	attempts(t, w, name, []attempt{
		{"nothing", name, nil, []string{"plan", "-detailed-exitcode"}, ""},
		{"serial", name, []string{`serial = "later"`}, []string{"apply", "-auto-approve"}, words},
		{"limits", name, []string{`iotune = { total_iops_sec = 77 }`}, []string{"plan"}, words},
		{"destroy", name, nil, []string{"destroy", "-auto-approve"}, words},
	})
	w.Write(t, source+acctest.Provider(t)+block(name, name)+strings.Replace(block(name, name+"-new", `target_dev = "vdc"`), `"test"`, `"new"`,
		1))
	if result, err := try(t, w, "apply", "-auto-approve"); err == nil || !strings.Contains(fmt.Sprint(result.texts("new", "error")), words) {
		t.Errorf("a new disk: not refused with %q: %v %+v", words, err, result)
	}
	acctest.Virsh(t, "kvm1", "domjobabort", name)
	if err := <-left; err == nil {
		t.Error("the migration has got there")
	}
	if _, err := try(t, w, "destroy", "-auto-approve"); err != nil {
		t.Error(err)
	}
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
