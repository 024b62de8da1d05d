//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// recorded notes a mark once the checks before it have passed.
func recorded(t *testing.T, attribute string, mark acctest.Mark) resource.TestCheckFunc {
	return check(func() error {
		acctest.Record(t, diskType, attribute, mark)
		return nil
	})
}

// hypervisorOf is the one on which virsh shows the domain running.
func hypervisorOf(t *testing.T, uuid string) string {
	t.Helper()
	for _, h := range acctest.Bed(t).Hypervisors() {
		if slices.Contains(strings.Fields(acctest.Virsh(t, h.Name, "list", "--uuid")), uuid) {
			return h.Name
		}
	}
	return "none"
}

// computed checks what the provider says of the disk vdb of a running domain on kvm1, whose image on cluster east has the
// domain's name, against ceph, rbd and virsh.
func computed(t *testing.T, domain string) resource.TestCheckFunc {
	t.Helper()
	var checks []resource.TestCheckFunc
	for attribute, witness := range witnesses(t, domain) {
		checks = append(checks, acctest.Computed(t, diskType, attribute, witness))
	}
	return resource.ComposeAggregateTestCheckFunc(checks...)
}

// witnesses are those of the computed attributes.
func witnesses(t *testing.T, domain string) map[string]func() string {
	t.Helper()
	uuid := func() string { return acctest.Virsh(t, "kvm1", "domuuid", domain) }
	has := func(saved bool) func() string {
		return func() string {
			// Of a transient domain virsh shows what it would be if it were defined.
			there := !saved || slices.Contains(strings.Fields(acctest.Virsh(t, "kvm1", "list", "--all", "--persistent", "--name")), domain)
			return fmt.Sprint(there && diskOf(t, "kvm1", domain, "vdb", saved) != nil)
		}
	}
	return map[string]func() string{
		"id":          func() string { return "kvm1/" + acctest.Virsh(t, "kvm1", "domname", uuid()) + "/vdb" },
		"domain_uuid": uuid,
		"alias":       func() string { return diskOf(t, "kvm1", domain, "vdb", false).Alias.Name },
		"fsid":        func() string { return acctest.Ceph(t, "east", "fsid") },
		"live":        has(false),
		"persistent":  has(true),
		"running_on":  func() string { return hypervisorOf(t, uuid()) },
		"host_uuid": func() string {
			var caps struct {
				UUID string `xml:"host>uuid"`
			}
			if err := xml.Unmarshal([]byte(acctest.Virsh(t, "kvm1", "capabilities")), &caps); err != nil {
				t.Fatal(err)
			}
			return caps.UUID
		},
		"image_id": func() string {
			var info struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal([]byte(acctest.RBD(t, "east", "info", "--format", "json", pool+"/"+domain)), &info); err != nil {
				t.Fatal(err)
			}
			return info.ID
		},
	}
}

// probes counts the domains of a probe that the host has started with an image: QEMU's log of each holds its command line.
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

// The host tries the image before a running guest gets it, unless that was not wanted.
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
