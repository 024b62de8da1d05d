package provider_test

import (
	"maps"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// requiredArguments are those of each resource, so that each of its other arguments can be left out.
var requiredArguments = map[string]block{
	"ceph_pool":                 {"name": "vms"},
	"ceph_user":                 {"name": "libvirt", "caps": block{"mon": "profile rbd"}},
	"ceph_rbd_image":            {"pool": "vms", "name": "data"},
	"ceph_rbd_namespace":        {"pool": "vms", "name": "tenant"},
	"ceph_rbd_snapshot":         {"pool": "vms", "image": "data", "name": "before"},
	"ceph_crush_rule":           {"name": "fast"},
	"ceph_erasure_code_profile": {"name": "two", "k": 2, "m": 1},
	"libvirt_ceph_secret":       {"usage_name": "client.libvirt"},
	"libvirt_volume_secret":     {"volume": "vms/data"},
	"libvirt_rbd_disk": {
		"domain": "web1", "pool": "vms", "image": "data", "user": "libvirt", "secret_uuid": "99999999-2222-4333-8444-666666666666",
		"target_dev": "vdb",
	},
}

// validateResource checks the arguments of a resource, as `terraform validate` does.
func (s *server) validateResource(typeName string, config block) string {
	s.t.Helper()
	resp, err := s.ValidateResourceConfig(s.t.Context(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: typeName, Config: s.dynamic(s.schema.ResourceSchemas[typeName], config),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return errorsIn(resp.Diagnostics)
}

// The arguments of a module are not known yet while it is validated, and many of them turn out to be null.
func TestUnknownArgumentsAreNotRefused(t *testing.T) {
	s := newServer(t, nil)
	for typeName, schema := range s.schema.ResourceSchemas {
		if text := s.validateResource(typeName, requiredArguments[typeName]); text != "" {
			t.Errorf("%s with what it requires: %s", typeName, text)
		}
		all := maps.Clone(requiredArguments[typeName])
		for _, attribute := range schema.Block.Attributes {
			if !attribute.Optional || all[attribute.Name] != nil {
				continue
			}
			all[attribute.Name] = unknown
			if attribute.NestedType == nil || attribute.NestedType.Nesting != tfprotov6.SchemaObjectNestingModeSingle {
				continue
			}
			one, parts := maps.Clone(requiredArguments[typeName]), block{}
			for _, part := range attribute.NestedType.Attributes {
				parts[part.Name] = unknown
			}
			one[attribute.Name] = parts
			if text := s.validateResource(typeName, one); text != "" {
				t.Errorf("%s with an unknown %s: %s", typeName, attribute.Name, text)
			}
		}
		if text := s.validateResource(typeName, all); text != "" {
			t.Errorf("%s with unknown arguments: %s", typeName, text)
		}
	}
}

// What is refused once all of it is known is not refused while one of the arguments is not known.
func TestConflictsWaitForUnknownArguments(t *testing.T) {
	s := newServer(t, nil)
	for _, test := range []struct {
		typeName string
		conflict block
		unknown  string // the one of the arguments that is not known yet, or a part of it
		part     string
	}{
		{"libvirt_rbd_disk", block{"snapshot": "s", "read_only": true, "size": "1GiB"}, "size", ""},
		{"libvirt_rbd_disk", block{"snapshot": "s", "read_only": true, "size": "1GiB"}, "snapshot", ""},
		{"libvirt_rbd_disk", block{"iotune": block{"total_iops_sec": 1, "read_iops_sec": 1}}, "iotune", "total_iops_sec"},
		{"libvirt_rbd_disk", block{"iotune": block{"total_iops_sec": 1, "read_iops_sec": 1}}, "iotune", "read_iops_sec"},
		{"libvirt_rbd_disk", block{"iotune": block{"total_iops_sec_max": 1, "total_iops_sec": nil}}, "iotune", "total_iops_sec"},
		{"libvirt_rbd_disk", block{"iotune": block{"total_iops_sec_max": 1}}, "iotune", "total_iops_sec_max"},
		{"libvirt_rbd_disk", block{"encryption": block{
			"format": "luks2", "engine": "qemu", "secret_uuid": "99999999-2222-4333-8444-666666666666",
		}}, "encryption", "engine"},
		{"libvirt_rbd_disk", block{"encryption": block{
			"format": "luks-any", "engine": "qemu", "secret_uuid": "99999999-2222-4333-8444-666666666666",
		}}, "encryption", "format"},
		{"ceph_user", block{"key": goodKey, "key_in_state": false}, "key", ""},
		{"ceph_user", block{"key_wo": goodKey, "key_wo_version": "1", "key_in_state": true}, "key_wo", ""},
		{"ceph_user", block{"key": goodKey, "key_generation": 1}, "key", ""},
		{"ceph_pool", block{"pg_num_min": 64, "pg_num_max": 32}, "pg_num_max", ""},
	} {
		config := maps.Clone(requiredArguments[test.typeName])
		maps.Copy(config, test.conflict)
		if s.validateResource(test.typeName, config) == "" {
			t.Errorf("%s with %v is not refused", test.typeName, test.conflict)
		}
		config[test.unknown] = unknown
		if test.part != "" {
			parts := maps.Clone(test.conflict[test.unknown].(block)) //nolint:forcetypeassert // those above
			parts[test.part] = unknown
			config[test.unknown] = parts
		}
		if text := s.validateResource(test.typeName, config); text != "" {
			t.Errorf("%s with %v, and an unknown %s %s: %s", test.typeName, test.conflict, test.unknown, test.part, text)
		}
	}
}
