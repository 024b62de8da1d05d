//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Names that a shell, XML, JSON or a terminal could take for something else are the names of what is made, as others see it.
func TestAccHostileNames(t *testing.T) {
	const hostile = "a';touch${IFS}x;'$(id)`id`\"><x/>]]>&amp;%n\u202e\\"
	pool, image, domain, usage, file := "p"+hostile, "i"+hostile, "d", "u "+hostile, "/"+hostile
	domain += strings.ReplaceAll(hostile, "/", "")
	pool, image = strings.NewReplacer("/", "", `"`, "", `\`, "").Replace(pool), strings.ReplaceAll(image, "/", "")
	acctest.Bed(t)
	acctest.DefineDomain(t, "kvm1", domain, "east", "vms/other")
	text := func(s string) string { return strings.ReplaceAll(fmt.Sprintf("%q", s), "${", "$${") }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{{
			Config: acctest.Provider(t) + fmt.Sprintf(`
resource "ceph_pool" "p" {
  cluster       = "east"
  name          = %s
  applications  = ["rbd"]
  force_destroy = true
}
resource "ceph_rbd_image" "i" {
  cluster  = "east"
  pool     = ceph_pool.p.name
  name     = %s
  size     = "4MiB"
  metadata = { %s = %[2]s }
}
resource "libvirt_ceph_secret" "s" {
  provider   = ceph
  hypervisor = "kvm1"
  usage_name = %[4]s
  key        = %q
}
resource "libvirt_rbd_disk" "d" {
  provider    = ceph
  hypervisor  = "kvm1"
  domain      = %s
  cluster     = "east"
  config_file = %s
  pool        = ceph_pool.p.name
  image       = ceph_rbd_image.i.name
  user        = "admin"
  secret_uuid = libvirt_ceph_secret.s.uuid
  target_dev  = "vdb"
}
`, text(pool), text(image), text("m"+hostile), text(usage), acctest.Bed(t).Cluster("east").AdminKey, text(domain), text(file)),
			Check: func(s *terraform.State) error {
				if !slices.Contains(strings.Split(acctest.Ceph(t, "east", "osd", "pool", "ls"), "\n"), pool) {
					return fmt.Errorf("no pool %s", pool)
				}
				if found := acctest.RBD(t, "east", "ls", "--pool", pool); found != image {
					return fmt.Errorf("the image is %s", found)
				}
				if found := acctest.RBD(t, "east", "image-meta", "get", "--pool", pool, "--image", image, "m"+hostile); found != image {
					return fmt.Errorf("the metadata is %s", found)
				}
				disk := acctest.DiskOf(t, "kvm1", domain, "vdb", true)
				if network := disk.Source.Network; network.Name != pool+"/"+image || network.Config.File != file {
					return fmt.Errorf("the disk is %+v", network)
				}
				if !slices.Contains(strings.Split(acctest.Virsh(t, "kvm1", "list", "--all", "--name"), "\n"), domain) {
					return fmt.Errorf("no domain %s", domain)
				}
				id := s.RootModule().Resources["libvirt_ceph_secret.s"].Primary.Attributes["uuid"]
				if found := acctest.SecretOf(t, "kvm1", id).Usage.Name; found != usage {
					return fmt.Errorf("the secret's usage is %s", found)
				}
				return nil
			},
		}},
	})
}
