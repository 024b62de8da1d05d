//go:build cgo

package libvirtrbddisk_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// A private secret can't be read, so only the probe shows that it holds another key. The user's caps are checked nevertheless.
func TestAccLibvirtRBDDisk_privateSecret(t *testing.T) {
	prepare(t)
	t.Parallel()
	const name, uuid, reader = "private", "20085c23-2177-242d-7661-c785df7f6230", "21085c23-2177-242d-7661-c785df7f6230"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "east", name, "16M")
	acctest.Ceph(t, "east", "auth", "get-or-create", "client.private", "mon", "profile rbd", "osd", "profile rbd-read-only")
	for id, user := range map[string]string{uuid: "libvirt", reader: "private"} {
		acctest.VirshIn(t, "kvm1", fmt.Sprintf("<secret ephemeral='no' private='yes'><uuid>%s</uuid><usage type='ceph'><name>private"+
			" %s</name></usage></secret>", id, user),
			"secret-define", "/dev/stdin")
		acctest.VirshIn(t, "kvm1", acctest.Ceph(t, "east", "auth", "get-key", "client."+user), "secret-set-value", id, "--file", "/dev/stdin")
	}
	config := func(user, secret string, assignments ...string) string {
		return acctest.Provider(t) + block(name, name, append(assignments, fmt.Sprintf("user = %q", user),
			fmt.Sprintf("secret_uuid = %q", secret))...)
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config("private", reader), ExpectError: acctest.Message(`Its caps don't let it write in pool`)},
		// Another user's key: only the host itself can tell, before the guest is touched.
		{Config: config("libvirt", reader, `timeouts = { create = "40s" }`), ExpectError: acctest.Message(`it was not opened in time`)},
		{
			PreConfig: func() {
				if disks := definition(t, "kvm1", name, false).Devices.Disks; len(disks) > 0 {
					t.Errorf("attached: %+v", disks)
				}
			},
			Config: config("libvirt", uuid), Check: check(func() error { return sees(g, 16<<20) }),
		},
	}})
}
