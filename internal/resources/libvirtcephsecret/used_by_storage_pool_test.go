//go:build cgo

package libvirtcephsecret_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// poolXML is a storage pool on the cluster east, as written for virsh.
func poolXML(t *testing.T, name, user, secret string) string {
	t.Helper()
	monitor := acctest.Bed(t).Cluster("east").Monitors[0]
	return fmt.Sprintf("<pool type='rbd'><name>%s</name><uuid>6f0a6f63-58a5-4b38-9d1b-2f1f5ab7a7c3</uuid><source><name>pools</name><host"+
		" name='%s' port='%d'/><auth type='ceph' username='%s'>%s</auth></source></pool>",
		name, monitor.Host, monitor.V1Port, user, secret)
}

// startsRBDPools reports whether the hypervisor's libvirt can start a storage pool: 12.8 sets an option that librados 20.2 has given up.
func startsRBDPools(t *testing.T, secret string) bool {
	t.Helper()
	acctest.VirshIn(t, "kvm1", poolXML(t, "images", "pools", secret), "pool-define", "/dev/stdin")
	defer acctest.Virsh(t, "kvm1", "pool-undefine", "images")
	if _, err := acctest.Bed(t).Hypervisor("kvm1").Virsh(t.Context(), "pool-start", "images"); err != nil {
		if !strings.Contains(err.Error(), "auth_supported") {
			t.Fatal(err)
		}
		return false
	}
	acctest.Virsh(t, "kvm1", "pool-destroy", "images")
	return true
}

// A secret is not undefined while a storage pool, active or not, refers to it by UUID or by usage name, in its active or its saved
// definition. virsh shows that the pool still starts.
func TestAccLibvirtCephSecret_usedByStoragePool(t *testing.T) {
	acctest.Bed(t)
	acctest.Ceph(t, "east", "osd", "pool", "create", "pools", "8")
	acctest.RBD(t, "east", "pool", "init", "pools")
	key := acctest.Ceph(t, "east", "auth", "get-or-create-key", "client.pools", "mon", "profile rbd", "osd", "profile rbd pool=pools")
	const usage = "client.pools@east"
	id := defaultUUID(usage)
	byUUID, byUsage, another := fmt.Sprintf("<secret uuid='%s'/>", strings.ToUpper(id)), "<secret usage='"+usage+"'/>",
		"<secret usage='another'/>"
	required := "terraform {\n  required_providers {\n    ceph = { source = \"ceph-libvirt/ceph\" }\n  }\n}\n"
	w := acctest.NewWorkspaceOf(t, required+acctest.Provider(t)+writeOnly(usage, key, "1"))
	w.Apply(t)
	starts := startsRBDPools(t, byUUID)
	for _, row := range []struct {
		what, active, saved string
	}{
		{"inactive, by UUID", "", byUUID},
		{"inactive, by usage name", "", byUsage},
		{"active, by UUID", byUUID, byUUID},
		{"active, by usage name", byUsage, byUsage},
		{"active, another one in what is saved", byUUID, another},
	} {
		t.Run(row.what, func(t *testing.T) {
			if row.active != "" && !starts {
				t.Skip("this libvirt starts no storage pool of type rbd: librados does not know an option that it sets")
			}
			pool := func(args ...string) { acctest.Virsh(t, "kvm1", append(args, "images")...) }
			acctest.VirshIn(t, "kvm1", poolXML(t, "images", "pools", cmp.Or(row.active, row.saved)), "pool-define", "/dev/stdin")
			if row.active != "" {
				pool("pool-start")
				acctest.VirshIn(t, "kvm1", poolXML(t, "images", "pools", row.saved), "pool-define", "/dev/stdin")
			}
			out, err := w.Try(t, "destroy", "-auto-approve", "-input=false")
			if err == nil || !acctest.Message(fmt.Sprintf(`The secret %s on hypervisor "kvm1" is in use by storage pool "images".`,
				id)).MatchString(out) || !has(t, "kvm1", id) {
				t.Errorf("destroy said: %v\n%s", err, out)
				w.Apply(t)
			}
			if starts {
				if row.active == "" {
					pool("pool-start")
				}
				pool("pool-destroy")
			}
			pool("pool-undefine")
		})
	}
	w.Destroy(t)
	if has(t, "kvm1", id) {
		t.Error("the secret is still there")
	}
}
