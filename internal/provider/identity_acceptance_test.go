//go:build cgo

package provider_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// TestAccIdentity tests what the installed Terraform is too old for: an import by resource identity and a list give what an import by id
// gives, a list holds no key, and a renamed label of a hypervisor changes the identity in read, plan and apply.
func TestAccIdentity(t *testing.T) {
	bed := acctest.Bed(t)
	east, kvm1 := bed.Cluster("east"), bed.Hypervisor("kvm1")
	guest, err := kvm1.DefineGuest(t.Context(), testbed.GuestOptions{Name: "identity"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "undefine", guest.Name) })
	// With the pool vms, the user libvirt and the secret client.libvirt it is what the examples of lists look for.
	running, err := kvm1.DefineGuest(t.Context(), testbed.GuestOptions{Name: "centos80"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "undefine", running.Name) })
	clusters := block{"east": block{"mon_host": east.MonHost, "key": east.AdminKey}}
	hypervisors := func(label string) block {
		return block{"clusters": clusters, "hypervisors": block{label: block{"uri": kvm1.URI}}}
	}

	s := newServer(t, rados.Dial)
	s.configure(hypervisors("kvm1"))
	objects := map[string]*object{}
	create := func(typeName string, config block) *object {
		objects[typeName] = s.newObject(typeName)
		s.apply(objects[typeName], config)
		return objects[typeName]
	}
	create("ceph_pool", block{"cluster": "east", "name": "vms", "applications": []any{"rbd"}})
	create("ceph_pool", block{"cluster": "east", "name": "identity", "applications": []any{"rbd"}})
	create("ceph_rbd_image", block{"cluster": "east", "pool": "identity", "name": "data", "size": "16MiB"})
	create("ceph_rbd_snapshot", block{"cluster": "east", "pool": "identity", "image": "data", "name": "identity"})
	for _, name := range []string{"archive", "identity"} {
		create("ceph_erasure_code_profile", block{"cluster": "east", "name": name, "k": 2, "m": 1})
	}
	create("ceph_rbd_namespace", block{"cluster": "east", "pool": "vms", "name": "team-a"})
	create("ceph_rbd_namespace", block{"cluster": "east", "pool": "identity", "name": "tenant"})
	create("ceph_crush_rule", block{"cluster": "east", "name": "by-rack", "failure_domain": "rack"})
	create("ceph_crush_rule", block{"cluster": "east", "name": "identity", "failure_domain": "osd"})
	libvirtUser := create("ceph_user", block{
		"cluster": "east", "name": "libvirt", "caps": block{"mon": "profile rbd", "osd": "profile rbd pool=vms"},
	})
	user := create("ceph_user", block{
		"cluster": "east", "name": "identity",
		"caps": block{"mon": "profile rbd", "osd": "profile rbd pool=identity"},
	})
	libvirtSecret := create("libvirt_ceph_secret", block{
		"hypervisor": "kvm1", "usage_name": "client.libvirt", "key": s.text(libvirtUser, "key"),
	})
	create("libvirt_volume_secret", volumeSecretNamed("east/vms/data"))
	volumeConfig := volumeSecretNamed("identity")
	volumeSecret := create("libvirt_volume_secret", volumeConfig)
	for target, bus := range map[string]string{"vdb": "virtio", "sdc": "scsi"} {
		create("ceph_rbd_image", block{"cluster": "east", "pool": "vms", "name": target, "size": "16MiB"})
		create("libvirt_rbd_disk", block{
			"hypervisor": "kvm1", "domain": running.Name, "cluster": "east", "pool": "vms", "image": target, "user": "libvirt",
			"secret_uuid": s.text(libvirtSecret, "uuid"), "target_dev": target, "bus": bus, "cache": "writeback",
		})
	}
	create("ceph_rbd_snapshot", block{"cluster": "east", "pool": "vms", "image": "vdb", "name": "before-upgrade"})
	acctest.Virsh(t, "kvm1", "start", running.Name, "--paused")
	t.Cleanup(func() { acctest.Virsh(t, "kvm1", "destroy", running.Name) })
	acctest.Virsh(t, "kvm1", "detach-disk", running.Name, "sdc", "--config") // so that only the running domain has it
	secretConfig := block{"hypervisor": "kvm1", "usage_name": "identity", "key": s.text(user, "key")}
	secret := create("libvirt_ceph_secret", secretConfig)
	diskConfig := block{
		"hypervisor": "kvm1", "domain": guest.Name, "cluster": "east", "pool": "identity", "image": "data", "user": "identity",
		"secret_uuid": s.text(secret, "uuid"), "target_dev": "vdb",
	}
	create("libvirt_rbd_disk", diskConfig)

	identity := block{"name_pattern": "identity"}
	ofRunning := block{"domain": running.Name}
	diskOfRunning := func(target string) block {
		return block{"hypervisor": "kvm1", "domain": running.Name, "target_dev": target}
	}
	for _, by := range []struct {
		typeName, id     string
		identity, filter block
		at               int // in the list
	}{
		{"ceph_pool", "east/identity", block{"cluster": "east", "name": "identity"}, identity, 0},
		{
			"ceph_rbd_image", "east/identity/data",
			block{"cluster": "east", "pool": "identity", "name": "data"},
			block{"pool": "identity"},
			0,
		},
		{
			"ceph_rbd_snapshot", "east/identity/data@identity",
			block{"cluster": "east", "pool": "identity", "image": "data", "name": "identity"},
			identity, 0,
		},
		{"ceph_erasure_code_profile", "east/identity", block{"cluster": "east", "name": "identity"}, identity, 0},
		{
			"ceph_rbd_namespace", "east/identity/tenant",
			block{"cluster": "east", "pool": "identity", "name": "tenant"},
			block{"pool": "identity"},
			0,
		},
		{"ceph_crush_rule", "east/identity", block{"cluster": "east", "name": "identity"}, identity, 0},
		{"ceph_user", "east/identity", block{"cluster": "east", "name": "identity"}, identity, 0},
		{
			"libvirt_ceph_secret", "kvm1/" + s.text(secret, "uuid"),
			block{"hypervisor": "kvm1", "uuid": s.text(secret, "uuid")},
			identity, 0,
		},
		{
			"libvirt_volume_secret", "kvm1/" + s.text(volumeSecret, "uuid"),
			block{"hypervisor": "kvm1", "uuid": s.text(volumeSecret, "uuid")},
			identity, 0,
		},
		{
			"libvirt_rbd_disk", "kvm1/identity/vdb",
			block{"hypervisor": "kvm1", "domain": "identity", "target_dev": "vdb"},
			identity, 0,
		},
		{"libvirt_rbd_disk", "kvm1/centos80/sdc", diskOfRunning("sdc"), ofRunning, 0},
		{"libvirt_rbd_disk", "kvm1/centos80/vdb", diskOfRunning("vdb"), ofRunning, 1},
	} {
		typeName := by.typeName
		t.Run("import of "+typeName+" "+by.id, func(t *testing.T) {
			byID, byIdentity := s.importBy(typeName, by.id, nil), s.importBy(typeName, "", by.identity)
			if !byID.state.Equal(byIdentity.state) {
				t.Errorf("by id %v\nby identity %v", byID.state, byIdentity.state)
			}
			if s.text(byIdentity, "id") != by.id {
				t.Errorf("id %q, want %q", s.text(byIdentity, "id"), by.id)
			}
			found := s.list(typeName, query{filter: by.filter, whole: true})
			if found.errors != "" || len(found.results) <= by.at {
				t.Fatalf("listed %d objects; errors: %s", len(found.results), found.errors)
			}
			if state := s.decode(byIdentity.state.Type(), found.results[by.at].Resource); !state.Equal(byIdentity.state) {
				t.Errorf("listed %v\nimported %v", state, byIdentity.state)
			}
			listed, imported := s.identityOf(byIdentity, found.results[by.at].Identity), s.identityOf(byIdentity, byIdentity.identity)
			if !maps.Equal(listed, imported) {
				t.Errorf("listed identity %v\nimported %v", listed, imported)
			}
		})
	}
	t.Run("list of all users", func(t *testing.T) {
		var auth struct {
			Dump []struct{ Entity, Key string } `json:"auth_dump"`
		}
		if err := json.Unmarshal([]byte(acctest.Ceph(t, "east", "auth", "ls", "--format=json")), &auth); err != nil {
			t.Fatal(err)
		}
		want, keys := map[string]bool{}, []string{}
		for _, user := range auth.Dump {
			keys = append(keys, user.Key)
			if strings.HasPrefix(user.Entity, "client.") {
				want[user.Entity] = true
			}
		}
		got := map[string]bool{}
		s.stream("ceph_user", query{filter: block{}, whole: true}, func(result tfprotov6.ListResourceResult) {
			got[result.DisplayName] = true
			for _, key := range keys {
				if bytes.Contains(result.Resource.MsgPack, []byte(key)) {
					t.Errorf("the list holds a key at %s", result.DisplayName)
				}
			}
		})
		if !maps.Equal(got, want) {
			t.Errorf("listed %v, ceph auth ls has %v", got, want)
		}
	})
	for name, tc := range map[string]struct {
		typeName string
		filter   block
	}{
		"pools":                {"ceph_pool", block{}},
		"images":               {"ceph_rbd_image", block{}},
		"profiles":             {"ceph_erasure_code_profile", block{}},
		"namespaces":           {"ceph_rbd_namespace", block{}},
		"CRUSH rules":          {"ceph_crush_rule", block{}},
		"snapshots":            {"ceph_rbd_snapshot", block{}},
		"users":                {"ceph_user", block{}},
		"secrets":              {"libvirt_ceph_secret", block{}},
		"volume secrets":       {"libvirt_volume_secret", block{}},
		"disks of all domains": {"libvirt_rbd_disk", block{}},
		"disks of one domain":  {"libvirt_rbd_disk", ofRunning},
	} {
		t.Run("limit of "+name, func(t *testing.T) {
			if all := s.list(tc.typeName, query{filter: tc.filter}); len(all.results) < 2 {
				t.Errorf("without a limit %d are listed", len(all.results))
			}
			if first := s.list(tc.typeName, query{filter: tc.filter, limit: 1}); len(first.results) != 1 {
				t.Errorf("limit 1: %d", len(first.results))
			}
		})
	}
	s.listExamples(t)
	for typeName, config := range map[string]block{
		"libvirt_ceph_secret": secretConfig, "libvirt_volume_secret": volumeConfig, "libvirt_rbd_disk": diskConfig,
	} {
		t.Run("renamed label of "+typeName, func(t *testing.T) {
			o := objects[typeName]
			before := acctest.Virsh(t, "kvm1", "dumpxml", guest.Name) + acctest.Virsh(t, "kvm1", "secret-list")
			renamed := newServer(t, rados.Dial)
			renamed.configure(hypervisors("host"))
			config = maps.Clone(config)
			config["hypervisor"] = "host"
			renamed.must("read before", renamed.read(o))
			renamed.apply(o, config)
			renamed.must("read after", renamed.read(o))
			if got := renamed.identityOf(o, o.identity)["hypervisor"]; got != "host" {
				t.Errorf("the identity's hypervisor is %q", got)
			}
			if after := acctest.Virsh(t, "kvm1", "dumpxml", guest.Name) + acctest.Virsh(t, "kvm1", "secret-list"); after != before {
				t.Errorf("a renamed label has touched the host\nbefore:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}
