//go:build cgo

package libvirtrbddisk_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A running guest goes on with the image that it has opened, also where another one has come to have the name: it is not told of the
// size of that one.
func TestAccLibvirtRBDDisk_exchangedImage(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "exchanged-image"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	disk := func(size string) string { return acctest.Provider(t) + block(name, name, `size = "`+size+`"`) }
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
			PreConfig: func() {
				if err := sees(g, 16<<20); err != nil {
					t.Error(err)
				}
				acctest.RBD(t, "east", "rm", "--no-progress", pool+"/"+name)
				acctest.RBD(t, "east", "mv", pool+"/"+name+".bad", pool+"/"+name)
			},
			Config: disk("16MiB"), PlanOnly: true,
		},
	}})
}
