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

// importBy imports an object by its id, or by its resource identity as a Terraform of 1.12 and later does, and reads it.
func (s *server) importBy(typeName, id string, identity block) *object {
	s.t.Helper()
	req := &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id}
	if identity != nil {
		typ := s.identities[typeName].ValueType()
		req.Identity = &tfprotov6.ResourceIdentityData{IdentityData: s.encode(typ, s.value(typ, identity))}
	}
	resp, err := s.ImportResourceState(s.t.Context(), req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.must("import", resp.Diagnostics)
	imported := resp.ImportedResources[0]
	o := s.newObject(typeName)
	o.state = s.decode(s.schema.ResourceSchemas[typeName].ValueType(), imported.State)
	o.identity, o.private = imported.Identity, imported.Private
	s.must("read", s.read(o))
	return o
}

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
	create("ceph_pool", block{"cluster": "east", "name": "identity", "applications": []any{"rbd"}})
	create("ceph_rbd_image", block{"cluster": "east", "pool": "identity", "name": "data", "size": "16MiB"})
	user := create("ceph_user", block{
		"cluster": "east", "name": "identity",
		"caps": block{"mon": "profile rbd", "osd": "profile rbd pool=identity"},
	})
	secretConfig := block{"hypervisor": "kvm1", "usage_name": "identity", "key": s.text(user, "key")}
	secret := create("libvirt_ceph_secret", secretConfig)
	diskConfig := block{
		"hypervisor": "kvm1", "domain": guest.Name, "cluster": "east", "pool": "identity", "image": "data", "user": "identity",
		"secret_uuid": s.text(secret, "uuid"), "target_dev": "vdb",
	}
	create("libvirt_rbd_disk", diskConfig)

	for typeName, by := range map[string]struct {
		id       string
		identity block
	}{
		"ceph_pool":           {"east/identity", block{"cluster": "east", "name": "identity"}},
		"ceph_rbd_image":      {"east/identity/data", block{"cluster": "east", "pool": "identity", "name": "data"}},
		"ceph_user":           {"east/identity", block{"cluster": "east", "name": "identity"}},
		"libvirt_ceph_secret": {"kvm1/" + s.text(secret, "uuid"), block{"hypervisor": "kvm1", "uuid": s.text(secret, "uuid")}},
		"libvirt_rbd_disk":    {"kvm1/identity/vdb", block{"hypervisor": "kvm1", "domain": "identity", "target_dev": "vdb"}},
	} {
		t.Run("import of "+typeName, func(t *testing.T) {
			byID, byIdentity := s.importBy(typeName, by.id, nil), s.importBy(typeName, "", by.identity)
			if !byID.state.Equal(byIdentity.state) {
				t.Errorf("by id %v\nby identity %v", byID.state, byIdentity.state)
			}
			if s.text(byIdentity, "id") != by.id {
				t.Errorf("id %q, want %q", s.text(byIdentity, "id"), by.id)
			}
			filter := block{"name_pattern": "identity"}
			if typeName == "ceph_rbd_image" {
				filter = block{"pool": "identity"}
			}
			found := s.list(typeName, query{filter: filter, whole: true})
			if found.errors != "" || len(found.results) != 1 {
				t.Fatalf("listed %d objects, want one; errors: %s", len(found.results), found.errors)
			}
			if state := s.decode(byIdentity.state.Type(), found.results[0].Resource); !state.Equal(byIdentity.state) {
				t.Errorf("listed %v\nimported %v", state, byIdentity.state)
			}
			listed, imported := s.identityOf(byIdentity, found.results[0].Identity), s.identityOf(byIdentity, byIdentity.identity)
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
		if first := s.list("ceph_user", query{filter: block{}, limit: 1}); len(first.results) != 1 {
			t.Errorf("limit 1: %d users", len(first.results))
		}
	})
	for typeName, config := range map[string]block{"libvirt_ceph_secret": secretConfig, "libvirt_rbd_disk": diskConfig} {
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
