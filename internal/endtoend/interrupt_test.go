//go:build cgo

package endtoend_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// longLimits is a configuration whose own time limits are far longer than those of this test.
const longLimits = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
provider "ceph" {
  clusters    = { east = { mon_host = %q, key = %q, connect_timeout = "10m", operation_timeout = "10m" } }
  hypervisors = { kvm1 = { uri = %q, connect_timeout = "10m", operation_timeout = "10m" } }
}
variable "quota" {
  type = number
}
resource "ceph_pool" "p" {
  cluster           = "east"
  name              = "interrupted"
  quota_max_objects = var.quota
}
resource "libvirt_ceph_secret" "s" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "interrupted"
  key        = %q
}
`

// applyLongLimits applies the configuration longLimits.
func applyLongLimits(t *testing.T) (*testbed.Cluster, *testbed.Hypervisor, *acctest.Workspace) {
	t.Helper()
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(longLimits, east.MonHost, east.AdminKey, kvm1.URI, east.AdminKey))
	w.Set(t, "quota", "1000")
	w.Apply(t)
	return east, kvm1, w
}

// Ctrl-C ends a refresh or a change that waits for a paused cluster or host, long before any of the provider's own limits, and the process
// of the provider. The next apply succeeds. (Ctrl-C does not end the refresh within terraform apply: Terraform does not tell the provider.)
func TestAccInterrupt(t *testing.T) {
	east, kvm1, w := applyLongLimits(t)
	for name, paused := range map[string]struct {
		pauser
		reads string
	}{"cluster": {east, "ceph_pool"}, "hypervisor": {kvm1, "libvirt_ceph_secret"}} {
		t.Run("refresh with a paused "+name, func(t *testing.T) {
			// The process gets two seconds, of which a busy machine may take some.
			ended := false
			for attempt := 0; attempt < 3 && !ended; attempt++ {
				log, end := w.Trace(t)
				// An earlier Ctrl-C would end Terraform without the provider.
				begun := func() bool { return log.HasCall("Read", paused.reads) }
				whilePaused(t, paused, func() { interrupt(t, w, begun, "plan", "-input=false") })
				end()
				ended = endedByItself(t, log)
			}
			if !ended {
				t.Error("the process of the provider had to be killed three times")
			}
			w.ExpectEmptyPlan(t)
		})
	}
	t.Run("change on a paused cluster", func(t *testing.T) {
		w.Set(t, "quota", "2000")
		w.Terraform(t, "plan", "-input=false", "-out=tfplan")
		// Terraform plans each resource again before its change, so the apply already waits there.
		log, end := w.Trace(t)
		begun := func() bool { return log.HasCall("ModifyPlan", "ceph_pool") }
		whilePaused(t, east, func() { interrupt(t, w, begun, "apply", "-input=false", "tfplan") })
		end()
		if state := string(w.State(t)); !strings.Contains(state, `"quota_max_objects": 1000,`) {
			t.Error("the state has a change that was not confirmed")
		}
		w.Apply(t)
		// get-quota fails until the pool has statistics.
		if pools := acctest.Ceph(t, "east", "osd", "pool", "ls", "detail", "--format", "json"); !strings.Contains(pools,
			`"quota_max_objects":2000`) {
			t.Errorf("after the next apply no pool has the quota: %s", pools)
		}
		w.ExpectEmptyPlan(t)
	})
	w.Destroy(t)
}

// A provider whose Terraform was killed ends by itself, also while a cluster or host doesn't answer: Terraform can't end it any more.
func TestAccTerraformKilled(t *testing.T) {
	east, kvm1, w := applyLongLimits(t)
	for name, paused := range map[string]struct {
		pauser
		reads string
	}{"cluster": {east, "ceph_pool.p"}, "hypervisor": {kvm1, "libvirt_ceph_secret.s"}} {
		t.Run(name, func(t *testing.T) {
			log, end := w.Trace(t)
			defer end()
			// A provider that logs ends with its first line that nobody takes.
			w.Setenv("TF_LOG_PROVIDER", "off")
			whilePaused(t, paused, func() {
				var out bytes.Buffer
				command := w.Command(t.Context(), &out, "plan", "-input=false", "-target="+paused.reads)
				if err := command.Start(); err != nil {
					t.Fatal(err)
				}
				expect.Eventually(t, "a read", func() bool { return log.Has("GRPCProvider", "ReadResource") })
				providers := childrenOf(t, command.Process.Pid)
				if len(providers) == 0 {
					t.Errorf("terraform has no process of the provider:\n%s", out.String())
				}
				if err := command.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				_ = command.Wait() // it is killed
				for _, pid := range providers {
					expect.Eventually(t, "the end of the provider", func() bool { return testbed.HasEnded(pid) })
				}
			})
		})
	}
	w.Destroy(t)
}

// childrenOf returns the processes that another one has started.
func childrenOf(t *testing.T, pid int) (children []int) {
	t.Helper()
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, thread := range threads {
		list, err := os.ReadFile(thread)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range strings.Fields(string(list)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			children = append(children, child)
		}
	}
	return children
}

// Ctrl-C while a host tries to open an image: nothing is attached, the guest still answers, and no probe is left.
func TestAccInterruptAttach(t *testing.T) {
	bed := acctest.Bed(t)
	kvm1 := bed.Hypervisor("kvm1")
	guest := runningGuest(t.Context(), t, kvm1, testbed.GuestOptions{Name: "attaching"})
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(unansweredDisk, kvm1.URI, freshKey(t)))
	w.Apply(t, "-target=libvirt_ceph_secret.s")
	probes := func() bool { return strings.Contains(acctest.Virsh(t, "kvm1", "list", "--all", "--name"), "probe") }
	out := interrupt(t, w, probes, "apply", "-auto-approve", "-input=false")
	if !acctest.Message("it was not opened in time").MatchString(out) || !acctest.Message("context canceled").MatchString(out) {
		t.Errorf("the probe was not ended by Ctrl-C:\n%s", out)
	}
	expect.Eventually(t, "the end of the probe", func() bool { return !probes() })
	for _, saved := range []bool{false, true} {
		if found := acctest.DomainOf(t, "kvm1", guest.Name, saved).Devices.Disks; len(found) > 0 {
			t.Errorf("attached, saved=%v: %v", saved, found)
		}
	}
	if seen, err := guest.Disks(t.Context()); err != nil || len(seen) > 0 {
		t.Errorf("the guest sees %v, %v", seen, err)
	}
	if state := string(w.State(t)); strings.Contains(state, "libvirt_rbd_disk") {
		t.Error("the state has a disk")
	}
	w.Destroy(t)
}

// unansweredDisk is a disk whose monitors don't answer.
const unansweredDisk = `
terraform {
  required_providers {
    ceph = { source = "ceph-libvirt/ceph" }
  }
}
provider "ceph" {
  hypervisors = { kvm1 = { uri = %q } }
}
resource "libvirt_ceph_secret" "s" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = "attaching"
  key        = %q
}
resource "libvirt_rbd_disk" "d" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = "attaching"
  monitors    = [{ host = "127.0.0.1", port = 9 }]
  pool        = "nowhere"
  image       = "nothing"
  user        = "nobody"
  secret_uuid = libvirt_ceph_secret.s.uuid
  target_dev  = "vdb"
}
`

// pauser is a cluster or hypervisor whose daemons can be paused.
type pauser interface {
	Pause() error
	Resume() error
}

// whilePaused pauses the daemons, runs do, and resumes them.
func whilePaused(t *testing.T, paused pauser, do func()) {
	t.Helper()
	if err := paused.Pause(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := paused.Resume(); err != nil {
			t.Error(err)
		}
	}()
	do()
}

// endedByItself reports whether the process of the provider ended by itself: Terraform kills one that is still there two seconds after it
// was told to end.
func endedByItself(t *testing.T, log *acctest.TraceLog) bool {
	t.Helper()
	if !log.Has("plugin process exited", "terraform-provider-ceph") {
		t.Error("the log does not tell the end of the process")
	}
	return !log.Has("plugin failed to exit gracefully")
}

// interrupt runs terraform, sends it SIGINT, as Ctrl-C does, once waits returns true, and returns what it printed.
func interrupt(t *testing.T, w *acctest.Workspace, waits func() bool, args ...string) string {
	t.Helper()
	const begins, ends = time.Minute, 90 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), begins+ends)
	defer cancel()
	var out bytes.Buffer
	command := w.Command(ctx, &out, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for late := time.After(begins); !waits(); {
		select {
		case err := <-ended:
			t.Fatalf("terraform did not wait: %v\n%s", err, out.String())
		case <-late:
			cancel()
			t.Fatalf("terraform did not reach the point where it waits: %v\n%s", <-ended, out.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(out.String(), "Interrupt received") {
			t.Errorf("got %v\n%s", err, out.String())
		}
	case <-time.After(ends):
		cancel()
		t.Fatalf("terraform went on after Ctrl-C: %v\n%s", <-ended, out.String())
	}
	return out.String()
}
