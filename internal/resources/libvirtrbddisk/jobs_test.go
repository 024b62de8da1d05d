//go:build cgo

package libvirtrbddisk_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A block job or backup of somebody else is named before anything is touched. Changes that it doesn't hinder are made.
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
				{"-replace", name, changed, []string{"plan", "-replace=" + address}, words},
				{"reattach", name, append(changed[:3:3], asksForReattach, `cache = "none"`), []string{"plan"}, words},
			})
			// The end of a copy rewrites the saved definition only where it names the image in the same way.
			acctest.RBD(t, "east", "rename", pool+"/"+name, pool+"/"+name+"-renamed")
			attempts(t, w, name, []attempt{{"renamed image", name + "-renamed", changed, []string{"plan"}, words}})
			acctest.RBD(t, "east", "rename", pool+"/"+name+"-renamed", pool+"/"+name)
		}
		acctest.Virsh(t, "kvm1", strings.Fields(job.end)...)
		// A backup is only told to end.
		expect.Eventually(t, "the end of the "+job.name, func() bool {
			return strings.Contains(acctest.Virsh(t, "kvm1", "domjobinfo", name), "None") &&
				acctest.Virsh(t, "kvm1", "blockjob", name, "vdb", "--raw") == ""
		})
	}
	w.Write(t, source+acctest.Provider(t)+block(name, name, `size = "24MiB"`))
	expectChanges(t, "without a job", apply(t, w), 0, 1, 0, 0)
	if err := sees(g, 24<<20); err != nil {
		t.Fatal(err)
	}

	t.Run("mounted", func(t *testing.T) { destroyMounted(t, g, w) })
}

// destroyMounted destroys a disk with a mounted file system: the guest releases it at once, as the plan has warned.
func destroyMounted(t *testing.T, g *testbed.Guest, w *acctest.Workspace) {
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

// A domain that is being migrated can't be changed. That is an error at once: nobody waits for the end of the migration.
func TestAccLibvirtRBDDisk_domainJob(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "leaving"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	image(t, "east", name+"-new", "16M")
	w := acctest.NewWorkspaceOf(t, source+acctest.Provider(t)+block(name, name))
	apply(t, w)
	// The guest changes its RAM faster than 1 MiB a second, so that the migration never ends.
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
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // longer than a command of the testbed has by itself
		defer cancel()
		_, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(ctx, arguments...)
		left <- err
	}()
	expect.Eventually(t, "the migration", func() bool { return strings.Contains(acctest.Virsh(t, "kvm1", "domjobinfo", name), "migration") })
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
		t.Error("the migration has ended well")
	}
	if _, err := try(t, w, "destroy", "-auto-approve"); err != nil {
		t.Error(err)
	}
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
