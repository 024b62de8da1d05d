//go:build cgo

package libvirtrbddisk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func planned(action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// check wraps a question to a second witness.
func check(ask func() error) resource.TestCheckFunc {
	return func(*terraform.State) error { return ask() }
}

// sees waits until the guest sees a disk of so many bytes.
func sees(g *testbed.Guest, bytes int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := g.WaitDisk(ctx, func(d testbed.GuestDisk) bool { return d.Bytes == bytes && d.Readable })
	return err
}

// seesNone waits until the guest sees no disk.
func seesNone(g *testbed.Guest) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return g.WaitNoDisk(ctx, func(testbed.GuestDisk) bool { return true })
}

// A disk of a running guest: the guest sees it, also when it has grown, and when it is gone.
func TestAccLibvirtRBDDisk_running(t *testing.T) {
	prepare(t)
	t.Parallel()
	for _, machine := range []string{"q35", "pc"} {
		t.Run(machine, func(t *testing.T) {
			t.Parallel()
			name := "running-" + machine
			g := running(t, "kvm1", testbed.GuestOptions{Name: name, Machine: machine})
			image(t, "east", name, "32M")
			image(t, "east", name+"-hand", "8M")
			acctest.VirshIn(t, "kvm1", handXML(t, "east", name+"-hand", handTarget), "attach-device", name, "/dev/stdin", "--live", "--config")
			foreign := func() string {
				live, _ := diskOf(t, "kvm1", name, handTarget, false).Marshal()
				saved, _ := diskOf(t, "kvm1", name, handTarget, true).Marshal()
				return live + saved
			}
			before := foreign()
			config := func(size string) string {
				return acctest.Provider(t) + block(name, name, fmt.Sprintf("size = %q", size))
			}
			steps := []resource.TestStep{
				{
					Config: config("32MiB"),
					Check: resource.ComposeAggregateTestCheckFunc(
						resource.TestCheckResourceAttr(address, "live", "true"), resource.TestCheckResourceAttr(address, "persistent", "true"),
						resource.TestCheckResourceAttr(address, "pending_restart", "false"),
						resource.TestCheckResourceAttr(address, "monitors_stale", "false"),
						resource.TestCheckResourceAttr(address, "running_on", "kvm1"), resource.TestCheckResourceAttr(address, "bus", "virtio"),
						resource.TestCheckResourceAttr(address, "domain_uuid", g.UUID),
						resource.TestCheckResourceAttr(address, "fsid", acctest.Bed(t).Cluster("east").FSID),
						check(func() error { return sees(g, 32<<20) }),
						computed(t, name),
						recorded(t, "size", acctest.Set),
					),
				},
				{Config: config("32768KiB"), ConfigPlanChecks: planned(plancheck.ResourceActionNoop)},
				{
					ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "kvm1/" + name + "/vdb",
					ImportStateVerifyIgnore: []string{"size"},
				},
				{
					PreConfig: func() { acctest.RBD(t, "east", "resize", "--no-progress", "--size", "48M", pool+"/"+name) },
					Config:    config("48MiB"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }), recorded(t, "size", acctest.Changed)),
				},
				{
					// virsh blockresize makes the image itself smaller. Grown again, it is larger than what the guest knows.
					PreConfig: func() {
						acctest.Virsh(t, "kvm1", "blockresize", name, "vdb", "32M")
						acctest.RBD(t, "east", "resize", "--no-progress", "--size", "48M", pool+"/"+name)
						if err := sees(g, 32<<20); err != nil {
							t.Fatal(err)
						}
					},
					Config: config("48MiB"), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }), recorded(t, "size", acctest.Drifted)),
				},
				{
					Config: acctest.Provider(t) + block(name, name), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
					Check: resource.ComposeTestCheckFunc(check(func() error { return sees(g, 48<<20) }), recorded(t, "size", acctest.Cleared)),
				},
				{Config: acctest.Provider(t), Check: check(func() error {
					if diskOf(t, "kvm1", name, "vdb", true) != nil || diskOf(t, "kvm1", name, "vdb", false) != nil {
						return fmt.Errorf("the disk is still in the domain")
					}
					if after := foreign(); after != before {
						return fmt.Errorf("the foreign disk was changed:\n%s\nbefore:\n%s", after, before)
					}
					return nil
				})},
			}
			if machine == "pc" {
				// The first step attaches, the last one detaches; between them is nothing that the machine type has a part in.
				steps = []resource.TestStep{steps[0], steps[len(steps)-1]}
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: steps})
		})
	}
}
