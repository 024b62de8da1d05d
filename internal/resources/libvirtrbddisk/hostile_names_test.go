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
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// Names that a shell, XML, JSON or a terminal could take for something else are the names of what is made, as others see it.
func TestAccHostileNames(t *testing.T) {
	const hostile = "a';touch${IFS}x;'$(id)`id`\"><x/>]]>&amp;%n\u202e\\"
	pool, image, domain, usage, file := "p"+hostile, "i"+hostile, "d", "u "+hostile, "/"+hostile
	domain += strings.ReplaceAll(hostile, "/", "")
	pool, image = strings.NewReplacer("/", "", `"`, "", `\`, "").Replace(pool), strings.ReplaceAll(image, "/", "")
	acctest.Bed(t)
	acctest.DefineDomain(t, "kvm1", domain, "east", "vms/other")
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

// text writes a name into a configuration, where ${ would begin an expression.
func text(name string) string { return strings.ReplaceAll(fmt.Sprintf("%q", name), "${", "$${") }

// A running guest gets images and pools of such names too: QEMU opens them, before the attach as a probe and then for the guest. No libvirt
// at hand opens an image of a namespace, so one of such a name has an image without a disk.
func TestAccHostileNamesOfARunningGuest(t *testing.T) {
	prepare(t)
	t.Parallel()
	const pool, namespace = `p';$(id)<&>,=:%n`, `n';$(id)"<&>,=:%n\`
	images := []string{
		`i';touch${IFS}x;'$(id)`, "i\"><x>]]>&amp;", "i,id=x,file=json:{}", "i:conf=x:id=admin", `i\`, "i\u202e%n*?{}", "-i", "i=\u00e4",
	}
	guest := running(t, "kvm1", testbed.GuestOptions{Name: "hostile", SparePorts: len(images) + 2})
	preparePool(t, "east", pool)
	acctest.RBD(t, "east", "namespace", "create", "--pool", pool, "--namespace", namespace)
	resourceOf := func(label, name, size string, more ...string) string {
		return fmt.Sprintf("resource \"ceph_rbd_image\" %q {\n  cluster = \"east\"\n  pool = %s\n  name = %s\n  size = %q\n  %s\n}\n",
			label, text(pool), text(name), size, strings.Join(more, "\n"))
	}
	config := acctest.Provider(t) + resourceOf("spaced", images[0], "4MiB", "namespace = "+text(namespace))
	for i, name := range images {
		label := fmt.Sprint("i", i)
		config += resourceOf(label, name, fmt.Sprintf("%dMiB", i+1))
		disk := block(guest.Name, "", "pool = "+text(pool), fmt.Sprintf("image = ceph_rbd_image.%s.name", label),
			fmt.Sprintf("target_dev = %q", targetOf(i)), "attach_probe = true")
		config += strings.Replace(disk, `"test"`, fmt.Sprintf("%q", label), 1)
	}
	ask := func(what, name string) string { return acctest.RBD(t, "east", what, "--pool", pool, "--image", name) }
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: acctest.Factories(),
		Steps: []resource.TestStep{{
			Config: config,
			Check: check(func() error {
				for i, name := range images {
					if found := acctest.DiskOf(t, "kvm1", guest.Name, targetOf(i), false).Source.Network.Name; found != pool+"/"+name {
						return fmt.Errorf("disk %s has %s, want %s", targetOf(i), found, name)
					}
					// The watch of a probe that was killed stays until the OSDs miss it.
					expect.Eventually(t, "one watcher of image "+name, func() bool {
						return strings.Count(ask("status", name), "watcher=") == 1
					})
					if err := sees(guest, int64(i+1)<<20); err != nil {
						return fmt.Errorf("image %s: %w", name, err)
					}
				}
				if found := acctest.RBD(t, "east", "ls", "--pool", pool, "--namespace", namespace); found != images[0] {
					return fmt.Errorf("the image of the namespace is %s", found)
				}
				return nil
			}),
		}},
	})
	for _, inNamespace := range []string{"", namespace} {
		if left := acctest.RBD(t, "east", "ls", "--pool", pool, "--namespace", inNamespace); left != "" {
			t.Errorf("images are left: %s", left)
		}
	}
}

// targetOf is the target of the disk with this number, from 0.
func targetOf(number int) string { return fmt.Sprintf("vd%c", 'b'+number) }
