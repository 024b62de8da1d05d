//go:build cgo

package endtoend_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// patient is a provider block whose own time limits lie far beyond those of this test.
const patient = `
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

// Ctrl-C ends a refresh, and a change, that waits for a frozen cluster or host, long before any of the provider's own limits;
// the next apply goes on. (The refresh that is part of terraform apply can't be interrupted: Terraform does not pass it on.)
func TestAccInterrupt(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	w := acctest.NewWorkspaceOf(t, fmt.Sprintf(patient, east.MonHost, east.AdminKey, kvm1.URI, east.AdminKey))
	w.Set(t, "quota", "1000")
	w.Apply(t)
	for name, frozen := range map[string]interface {
		Pause() error
		Resume() error
	}{"cluster": east, "hypervisor": kvm1} {
		t.Run("refresh with a frozen "+name, func(t *testing.T) {
			whileFrozen(t, frozen, func() { interrupt(t, w, "plan", "-input=false") })
			w.ExpectEmptyPlan(t)
		})
	}
	t.Run("change on a frozen cluster", func(t *testing.T) {
		w.Set(t, "quota", "2000")
		w.Terraform(t, "plan", "-input=false", "-out=tfplan")
		whileFrozen(t, east, func() { interrupt(t, w, "apply", "-input=false", "tfplan") })
		if state := string(w.State(t)); !strings.Contains(state, `"quota_max_objects": 1000,`) {
			t.Error("the state tells of a change that was not confirmed")
		}
		w.Apply(t)
		if detail := acctest.Ceph(t, "east", "osd", "pool", "get-quota", "interrupted", "--format", "json"); !strings.Contains(detail, `"quota_max_objects":2000`) {
			t.Errorf("after the next apply the quota is %s", detail)
		}
		w.ExpectEmptyPlan(t)
	})
	w.Destroy(t)
}

// whileFrozen stops the daemons, does something, and lets them go on.
func whileFrozen(t *testing.T, frozen interface {
	Pause() error
	Resume() error
}, do func(),
) {
	t.Helper()
	if err := frozen.Pause(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := frozen.Resume(); err != nil {
			t.Error(err)
		}
	}()
	do()
}

// interrupt runs terraform, sends it what Ctrl-C sends once it waits, and returns what it printed.
func interrupt(t *testing.T, w *acctest.Workspace, args ...string) string {
	t.Helper()
	const waits, ends = 3 * time.Second, 90 * time.Second
	ctx, cancel := context.WithTimeout(t.Context(), ends)
	defer cancel()
	var out bytes.Buffer
	command := w.Command(ctx, &out, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	select {
	case err := <-ended:
		t.Fatalf("terraform did not wait: %v\n%s", err, out.String())
	case <-time.After(waits):
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := <-ended
	if ctx.Err() != nil {
		t.Fatalf("terraform went on after Ctrl-C\n%s", out.String())
	}
	if err == nil || !strings.Contains(out.String(), "Interrupt received") {
		t.Errorf("got %v\n%s", err, out.String())
	}
	return out.String()
}
