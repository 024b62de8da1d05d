//go:build cgo

package endtoend_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// copied is a running guest whose disk is copied from cluster to cluster, by the files of an example.
type copied struct {
	t *testing.T
	g *testbed.Guest
	w *acctest.Workspace
}

const copiedImage = "guests/centos80-data"

// limit slows a copy to the image on a cluster down, until it is lifted.
func (c *copied) limit(cluster string) (lift func()) {
	c.t.Helper()
	acctest.RBD(c.t, cluster, "create", "--size", "16M", copiedImage)
	acctest.RBD(c.t, cluster, "config", "image", "set", copiedImage, "rbd_qos_bps_limit", "524288")
	return sync.OnceFunc(func() { acctest.RBD(c.t, cluster, "config", "image", "remove", copiedImage, "rbd_qos_bps_limit") })
}

// begin applies a configuration that moves the disk, and returns once the copy has begun.
func (c *copied) begin(to string) (apply *exec.Cmd, out *bytes.Buffer) {
	c.t.Helper()
	c.w.Set(c.t, "lives_on", to)
	out = &bytes.Buffer{}
	apply = c.w.Command(c.t.Context(), out, "apply", "-auto-approve", "-input=false")
	if err := apply.Start(); err != nil {
		c.t.Fatal(err)
	}
	expect.Eventually(c.t, "the copy to begin", func() bool { return c.copies() })
	return apply, out
}

// copies tells whether virsh shows a copy of the guest's disk.
func (c *copied) copies() bool {
	c.t.Helper()
	return strings.Contains(acctest.Virsh(c.t, "kvm1", "dumpxml", c.g.Name), "<mirror ")
}

// end applies once more, after what has cut the copy off, and checks that the guest has moved.
func (c *copied) end(to string, lift func()) {
	c.t.Helper()
	lift()
	c.w.Apply(c.t)
	c.w.ExpectEmptyPlan(c.t)
	expectWriting(c.t, c.g)
	if c.copies() || !strings.Contains(acctest.RBD(c.t, to, "status", copiedImage), "watcher=") {
		c.t.Errorf("the guest doesn't read the image on %s", to)
	}
	if got, err := c.g.Read(c.t.Context(), c.disk(), 0, 16); err != nil || got != "written on east," {
		c.t.Errorf("the guest reads %q, %v", got, err)
	}
	for _, cluster := range []string{"east", "west"} {
		if cluster != to {
			acctest.RBD(c.t, cluster, "rm", "--no-progress", copiedImage)
		}
	}
}

func (c *copied) disk() string {
	c.t.Helper()
	disks, err := c.g.WaitDisks(c.t.Context(), 1)
	if err != nil {
		c.t.Fatal(err)
	}
	return disks[0].Name
}

// A copy outlives what cuts its apply off: the guest goes on, and the next apply ends it.
func TestAccCopyIsCutOff(t *testing.T) {
	ctx := t.Context()
	c := &copied{t: t, g: runningGuest(ctx, t, acctest.Bed(t).Hypervisor("kvm1"), testbed.GuestOptions{Name: "centos80"})}
	before := inventory(t)
	examples := acctest.NewWorkspace(t, "examples")
	c.w = examples.In(t, "moving-a-disk")
	setMovingDisk(t, c.w)
	// Only the disk is moved: the images are made and removed by hand, so that they can be slowed down.
	main := unprotected(t, examples, "moving-a-disk")
	from, to := strings.Index(main, `resource "ceph_rbd_image"`), strings.Index(main, `resource "libvirt_rbd_disk"`)
	main = main[:from] + strings.NewReplacer("ceph_rbd_image.data[var.lives_on].pool", `"guests"`, "ceph_rbd_image.data[var.lives_on].name",
		`"centos80-data"`, "ceph_rbd_image.data[var.lives_on].size", `"16MiB"`).Replace(main[to:])
	c.w.Write(t, main)
	c.w.Apply(t, "-target=ceph_pool.guests")
	acctest.RBD(t, "east", "create", "--size", "16M", copiedImage)
	c.w.Apply(t)
	if _, err := c.g.Run(ctx, fmt.Sprintf("dd if=/dev/urandom of=/dev/%s bs=1M count=6 seek=4 conv=notrunc,fsync", c.disk())); err != nil {
		t.Fatal(err)
	}
	if err := c.g.Write(ctx, c.disk(), 0, "written on east,"); err != nil {
		t.Fatal(err)
	}
	startWriting(t, c.g)

	t.Run("terraform and the provider are killed", func(t *testing.T) {
		c.t = t
		lift := c.limit("west")
		apply, _ := c.begin("west")
		providers := childrenOf(t, apply.Process.Pid)
		if len(providers) == 0 {
			t.Fatal("terraform has no provider to kill")
		}
		_ = apply.Process.Kill()
		for _, pid := range providers {
			process, err := os.FindProcess(pid)
			if err == nil {
				_ = process.Kill() // it may have ended with terraform
			}
			expect.Eventually(t, "the end of the provider", func() bool { return testbed.HasEnded(pid) })
		}
		_ = apply.Wait()
		expectWriting(t, c.g)
		c.end("west", lift)
	})
	t.Run("libvirtd is killed and started", func(t *testing.T) {
		c.t = t
		lift := c.limit("east")
		apply, out := c.begin("east")
		host := acctest.Bed(t).Hypervisor("kvm1")
		if err := host.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := host.Start(ctx); err != nil {
			t.Fatal(err)
		}
		expectWriting(t, c.g)
		if !c.copies() {
			t.Error("the copy has not outlived the daemon")
		}
		lift()
		if err := apply.Wait(); err != nil {
			t.Errorf("the apply ends with %v:\n%s", err, out)
		}
		c.end("east", lift)
	})
	t.Run("the other cluster doesn't answer", func(t *testing.T) {
		c.t = t
		lift := c.limit("west")
		apply, out := c.begin("west")
		whilePaused(t, acctest.Bed(t).Cluster("west"), func() { expectWriting(t, c.g) })
		lift()
		if err := apply.Wait(); err != nil {
			t.Errorf("the apply ends with %v:\n%s", err, out)
		}
		c.end("west", lift)
	})
	c.t = t
	c.w.Write(t, strings.Replace(main, `applications = ["rbd"]`, "applications = [\"rbd\"]\n  force_destroy = true", 1))
	c.w.Apply(t)
	c.w.Destroy(t)
	if !t.Failed() {
		expectInventory(t, before)
	}
}
