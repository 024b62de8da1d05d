//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A CD-ROM is changed in place.
func TestAccLibvirtRBDDisk_cdromChanged(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name = "changed-cdrom"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	config := func(assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, `device = "cdrom"`, `bus = "sata"`, `target_dev = "sda"`)...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config()},
		{
			Config: config(`cache = "unsafe"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: check(func() error {
				disk := diskOf(t, "kvm1", name, "sda", true)
				if disk.Device != "cdrom" || disk.ReadOnly == nil || disk.Driver.Cache != "unsafe" {
					return fmt.Errorf("it is %+v", disk)
				}
				return nil
			}),
		},
	}})
}

// An update that fails half-way, after the image's new name was written, still knows the running guest's disk by the former one.
func TestAccLibvirtRBDDisk_renamedAndFailed(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, later = "half", "half-renamed"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.VirshIn(t, "kvm1", handXML(t, "east", name, "vdb"), "attach-device", name, "/dev/stdin", "--live", "--config")
	provider := requiredProviders + acctest.Provider(t)
	imported := "import {\n  provider = ceph\n  to = " + address + "\n  id = \"kvm1/" + name + "/vdb\"\n}\n"
	w := acctest.NewWorkspaceOf(t, provider+imported+block(name, name))
	w.Apply(t)

	acctest.RBD(t, "east", "rename", pool+"/"+name, pool+"/"+later)
	// QEMU refuses a burst below the rate, which libvirt puts into the saved definition as it is.
	w.Write(t, provider+block(name, later, `iotune = { total_iops_sec = 100, total_iops_sec_max = 50 }`))
	if out, err := w.Try(t, "apply", "-auto-approve", "-input=false"); err == nil {
		t.Fatalf("QEMU took it:\n%s", out)
	}
	if disk := diskOf(t, "kvm1", name, "vdb", true); disk.Source.Network.Name != pool+"/"+later {
		t.Fatalf("the failure came before the new name was written: %+v", disk.Source.Network)
	}
	w.Write(t, provider+block(name, later, `iotune = { total_iops_sec = 100, total_iops_sec_max = 150 }`))
	w.Apply(t)
	if out := w.Terraform(t, "state", "show", "-no-color",
		address); !acctest.Message(`live = true`).MatchString(strings.Join(strings.Fields(out), " ")) {
		t.Errorf("the running guest's disk is not known any more:\n%s", out)
	}
	if err := sees(g, 16<<20); err != nil {
		t.Error(err)
	}
	w.Destroy(t)
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
