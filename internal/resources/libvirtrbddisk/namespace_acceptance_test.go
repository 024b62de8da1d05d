//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// opensNamespaces reports whether the hypervisors' libvirt opens images in an RBD namespace.
func opensNamespaces(t *testing.T) bool {
	t.Helper()
	const line = "Running against daemon:"
	_, found, _ := strings.Cut(acctest.Virsh(t, "kvm1", "version", "--daemon"), line)
	release, err := version.NewVersion(strings.TrimSpace(found))
	if err != nil {
		t.Fatal(err)
	}
	return release.GreaterThanOrEqual(version.Must(version.NewVersion("11.6")))
}

// A running guest reads what is in an image in a namespace, and not the one of the same name beside it; the disk grows with the image.
func TestAccLibvirtRBDDisk_namespace(t *testing.T) {
	prepare(t)
	if !opensNamespaces(t) {
		t.Skip("this libvirt can't open images in an RBD namespace")
	}
	t.Parallel()
	const name, namespace = "spaced", "tenant"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	acctest.RBD(t, "east", "namespace", "create", pool+"/"+namespace)
	for _, place := range []string{pool + "/" + namespace, pool} {
		if _, err := acctest.Bed(t).Cluster("east").RBDIn(t.Context(), "content of "+place+strings.Repeat(" ", 4<<20), "import", "--no-progress",
			"-", place+"/"+name); err != nil {
			t.Fatal(err)
		}
	}
	in := func(assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, fmt.Sprintf("namespace = %q", namespace))...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{
			Config: in(),
			Check: check(func() error {
				const want = "content of " + pool + "/" + namespace
				if read, err := g.Read(t.Context(), "vda", 0, len(want)); err != nil || read != want {
					return fmt.Errorf("the guest reads %q, %w", read, err)
				}
				if status := acctest.RBD(t, "east", "status", pool+"/"+name); !strings.Contains(status, "none") {
					return fmt.Errorf("the image beside the namespace has %s", status)
				}
				return nil
			}),
		},
		{Config: in(), ResourceName: address, ImportState: true, ImportStateId: "kvm1/" + name + "/vdb", ImportStateVerify: true},
		{
			PreConfig:        func() { acctest.RBD(t, "east", "resize", "--no-progress", "--size", "8M", pool+"/"+namespace+"/"+name) },
			Config:           in(`size = "8MiB"`),
			ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check:            check(func() error { return sees(g, 8<<20) }),
		},
	}})
	if err := seesNone(g); err != nil {
		t.Error(err)
	}
}
