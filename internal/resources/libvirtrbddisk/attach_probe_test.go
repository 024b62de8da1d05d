//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// probes counts the probes that the host has started with an image. Each has a log of QEMU with its command line.
func probes(t *testing.T, imageName string) int {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(acctest.Bed(t).Dir, "kvm1", "cache", "libvirt", "qemu", "log", "*probe*.log"))
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, log := range logs {
		content, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(content), fmt.Sprintf("\"image\":%q", imageName)) {
			count++
		}
	}
	return count
}

// The host opens the image in a probe before a running guest gets it, unless attach_probe is false.
func TestAccLibvirtRBDDisk_attachProbe(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "probed"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	detach := func() { detachByHand(t, g, "--live") }
	tried := func(want int, mark acctest.Mark) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if err := sees(g, 16<<20); err != nil {
				return err
			}
			if got := probes(t, name); got != want {
				return fmt.Errorf("the host has tried the image %d times, want %d", got, want)
			}
			acctest.Record(t, diskType, "attach_probe", mark)
			return nil
		}
	}
	step := func(before func(), action plancheck.ResourceActionType, verify resource.TestCheckFunc, assignments ...string) resource.TestStep {
		return resource.TestStep{
			PreConfig: before, Config: acctest.Provider(t) + block(name, name, assignments...), ConfigPlanChecks: planned(action), Check: verify,
		}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		step(nil, plancheck.ResourceActionCreate, tried(1, acctest.Set), `attach_probe = true`),
		step(detach, plancheck.ResourceActionUpdate, tried(1, acctest.Changed), `attach_probe = false`),
		step(detach, plancheck.ResourceActionUpdate, tried(2, acctest.Cleared)),
	}})
}
