//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// The limits that disks share are changed for all of them, in the saved definition and under a running guest. A disk that somebody else
// made, and that is in the group, gets them too.
func TestAccLibvirtRBDDisk_groupLimits(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "grouped"
	g := guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "4M")
	image(t, "east", name+"-2", "4M")
	image(t, "east", name+"-hand", "4M")
	config := func(limit int) string {
		limits := fmt.Sprintf(`iotune = { group_name = "both", total_iops_sec = %d }`, limit)
		other := block(name, name+"-2", `target_dev = "vdc"`, limits)
		return acctest.Provider(t) + block(name, name, limits) + strings.Replace(other, `"test"`, `"other"`, 1)
	}
	seen := func(limit uint64, targets ...string) resource.TestCheckFunc {
		return check(func() error {
			for _, target := range targets {
				for _, saved := range []bool{true, false} {
					disk := diskOf(t, "kvm1", name, target, saved)
					if disk == nil || disk.IOTune == nil || disk.IOTune.TotalIopsSec != limit || disk.IOTune.GroupName != "both" {
						return fmt.Errorf("%s, saved %v: virsh dumpxml shows %s, want a limit of %d", target, saved, acctest.XML(t, disk), limit)
					}
				}
			}
			return nil
		})
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(100), Check: seen(100, "vdb", "vdc")},
		{Config: config(200), Check: seen(200, "vdb", "vdc")},
		{
			PreConfig: func() {
				byHand := acctest.RBDDisk(t, "east", pool+"/"+name+"-hand", "vdd", "libvirt", eastSecret)
				limits := "<disk><iotune><total_iops_sec>200</total_iops_sec><group_name>both</group_name></iotune></disk>"
				byHand.IOTune = acctest.ParseDisk(t, limits).IOTune
				acctest.VirshIn(t, "kvm1", acctest.XML(t, byHand), "attach-device", name, "/dev/stdin", "--config")
				if err := g.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
			},
			Config: config(300), Check: seen(300, "vdb", "vdc", "vdd"),
		},
		{Config: config(300), PlanOnly: true},
	}})
}
