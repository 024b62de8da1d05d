//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// hypervisorOf returns the hypervisor on which virsh shows the domain running.
func hypervisorOf(t *testing.T, uuid string) string {
	t.Helper()
	for _, h := range acctest.Bed(t).Hypervisors() {
		if slices.Contains(strings.Fields(acctest.Virsh(t, h.Name, "list", "--uuid")), uuid) {
			return h.Name
		}
	}
	return "none"
}

// computed compares the computed attributes of disk vdb of a running domain on kvm1 with what ceph, rbd and virsh show. The image, on
// cluster east, has the domain's name.
func computed(t *testing.T, domain string) resource.TestCheckFunc {
	t.Helper()
	var checks []resource.TestCheckFunc
	for attribute, view := range secondViews(t, domain) {
		checks = append(checks, acctest.Computed(t, diskType, attribute, view))
	}
	return resource.ComposeAggregateTestCheckFunc(checks...)
}

// secondViews are the second views of the computed attributes, by their names.
func secondViews(t *testing.T, domain string) map[string]func() string {
	t.Helper()
	uuid := func() string { return acctest.Virsh(t, "kvm1", "domuuid", domain) }
	has := func(saved bool) func() string {
		return func() string {
			// Of a transient domain virsh shows the definition that it would have if it were defined.
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
