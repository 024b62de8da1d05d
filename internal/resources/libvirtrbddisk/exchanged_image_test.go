//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A running guest goes on with the image that it has opened, also where another one has come to have the name: it is not told of the
// size of that one, nor is it given that one by a change of settings.
func TestAccLibvirtRBDDisk_exchangedImage(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "exchanged-image"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	disk := func(size string, others ...string) string {
		return acctest.Provider(t) + block(name, name, append(others, `size = "`+size+`"`)...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: disk("16MiB")},
		{
			PreConfig: func() {
				acctest.RBD(t, "east", "mv", pool+"/"+name, pool+"/"+name+".bad")
				image(t, "east", name, "32M")
			},
			Config:      disk("32MiB"),
			ExpectError: acctest.Message("Somebody has put another image in its place, and the running guest may still have the former one open"),
		},
		{
			Config:      disk("16MiB", `user = "libvirt2"`),
			ExpectError: acctest.Message("The change would be checked with the other one."),
		},
		{
			Config:      disk("16MiB", `serial = "S1"`, `on_change = "reattach"`),
			ExpectError: acctest.Message("Attached again, the disk would have the content of the other one."),
		},
		{
			PreConfig: func() {
				if err := sees(g, 16<<20); err != nil {
					t.Error(err)
				}
				acctest.RBD(t, "east", "rm", "--no-progress", pool+"/"+name)
				acctest.RBD(t, "east", "mv", pool+"/"+name+".bad", pool+"/"+name)
			},
			Config: disk("16MiB"), PlanOnly: true,
		},
		{
			PreConfig: func() {
				acctest.RBD(t, "east", "mv", pool+"/"+name, pool+"/"+name+".bad")
				image(t, "east", name, "32M")
				if err := g.Destroy(t.Context()); err != nil {
					t.Error(err)
				}
			},
			Config: disk("16MiB", `serial = "S1"`, `on_change = "reattach"`),
			Check: resource.TestCheckResourceAttrWith(address, "image_id", func(id string) error {
				if info := acctest.RBD(t, "east", "info", pool+"/"+name); !strings.Contains(info, "id: "+id+"\n") {
					return fmt.Errorf("image_id is %s: %s", id, info)
				}
				return nil
			}),
		},
		{
			PreConfig: func() {
				if err := g.Start(t.Context()); err != nil {
					t.Error(err)
				}
				if err := g.WaitReady(t.Context()); err != nil {
					t.Error(err)
				}
			},
			Config: disk("32MiB", `serial = "S2"`, `on_change = "reattach"`),
			Check:  func(*terraform.State) error { return sees(g, 32<<20) },
		},
	}})
}
