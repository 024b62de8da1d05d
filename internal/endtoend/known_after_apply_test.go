//go:build cgo

package endtoend_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Resources whose every argument is known only in the apply are made as they are then, by the plan that Terraform makes again there, and
// plan nothing afterwards.
func TestAccKnownAfterApply(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	definedGuestFor(ctx, t, "kvm1", "late")
	before := inventory(t)
	configuration, err := os.ReadFile("testdata/known_after_apply.tf")
	if err != nil {
		t.Fatal(err)
	}
	labels := entries{map[string]string{"east": "east", "west": "west"}, map[string]string{"kvm1": "kvm1", "kvm2": "kvm2"}}
	w := acctest.NewWorkspaceOf(t, labels.block(t)+string(configuration))
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	w.Set(t, "monitor", map[string]any{"host": monitor.Host, "port": monitor.V1Port})
	expectOutput(t, w.Apply(t), "15 added, 0 changed, 0 destroyed")
	w.ExpectEmptyPlan(t)
	expectOutput(t, acctest.RBD(t, "east", "info", "late/clone"), "parent: late/late@before")
	expectOutput(t, acctest.Virsh(t, "kvm1", "domblklist", "late"), "late/late", "late/crypt")
	w.Destroy(t)
	expectInventory(t, before)
}
