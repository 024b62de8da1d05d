package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// An address that changes without a moved block makes Terraform destroy an object and create the same one, in no order: an image of that
// name, without what it held. The plan of whichever resource comes second says so.
func TestAnObjectIsNotDestroyedAndCreatedInOnePlan(t *testing.T) {
	for typeName, config := range map[string]block{
		"ceph_pool":                 {"name": "vms"},
		"ceph_user":                 {"name": "libvirt", "caps": block{"mon": "profile rbd"}},
		"ceph_rbd_image":            {"pool": "rbd", "name": "data", "size": "1GiB"},
		"ceph_rbd_namespace":        {"pool": "rbd", "name": "tenant"},
		"ceph_rbd_snapshot":         {"pool": "rbd", "image": "base", "name": "before"},
		"ceph_crush_rule":           {"name": "fast"},
		"ceph_erasure_code_profile": profileOfTwo,
	} {
		t.Run(typeName, func(t *testing.T) {
			cluster := newFakeCluster(eastFSID)
			cluster.pools["rbd"] = 1
			cluster.images[ceph.ImageRef{Pool: "rbd", Name: "base"}] = ceph.Image{ID: "base"}
			s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
			// The second label of the same cluster: what counts is the object, not how it is named.
			labels := block{"east": block{"mon_host": "192.0.2.1"}, "orient": block{"mon_host": "192.0.2.1"}}
			command := func() { s.configure(block{"clusters": labels}) }
			at := func(label string) block { return with(config, block{"cluster": label}) }
			command()
			former := s.newObject(typeName)
			s.apply(former, at("east"))

			for name, plans := range map[string][]func() []*tfprotov6.Diagnostic{
				"destroyed, then created": {
					func() []*tfprotov6.Diagnostic { return s.planRemoval(former) },
					func() []*tfprotov6.Diagnostic { return s.plan(s.newObject(typeName), at("orient")).Diagnostics },
				},
				"created, then destroyed": {
					func() []*tfprotov6.Diagnostic { return s.plan(s.newObject(typeName), at("orient")).Diagnostics },
					func() []*tfprotov6.Diagnostic { return s.planRemoval(former) },
				},
			} {
				command()
				s.must(name, plans[0]())
				if got := errorsIn(plans[1]()); !strings.Contains(got, "creates it as another") || !strings.Contains(got, "moved block") {
					t.Errorf("%s: %q", name, got)
				}
			}

			// An import takes the object into the state as another resource. It does not keep the former one from destroying it.
			imported := func() []*tfprotov6.Diagnostic {
				o := s.newObject(typeName)
				s.importState(o, "", former.identity)
				return s.read(o)
			}
			removed := func() []*tfprotov6.Diagnostic { return s.planRemoval(former) }
			for name, plans := range map[string][]func() []*tfprotov6.Diagnostic{
				"destroyed, then imported": {removed, imported}, "imported, then destroyed": {imported, removed},
			} {
				command()
				s.must(name, plans[0]())
				if got := errorsIn(plans[1]()); !strings.Contains(got, "imports it as another") || !strings.Contains(got, "destroy = false") {
					t.Errorf("%s: %q", name, got)
				}
			}
			command()
			s.must("refresh", s.read(former))
			s.must("removal of what was not imported", s.planRemoval(former))

			command()
			s.must("removal", s.planRemoval(former))
			s.must("create of another object", s.plan(s.newObject(typeName), with(at("east"), block{"name": "another"})).Diagnostics)
			// A replacement is planned as a create of the object too, by the resource that has it.
			command()
			s.must("replaced", s.plan(former, at("east")).Diagnostics)
			s.must("its replacement", s.plan(s.newObject(typeName), at("east")).Diagnostics)
			// With create_before_destroy the removal of the former object is planned again, once the apply has created the new one.
			command()
			made := s.newObject(typeName)
			s.apply(made, with(at("east"), block{"name": "made"}))
			s.must("removal after the create", s.planRemoval(made))
		})
	}
}

// planRemoval plans to destroy the object.
func (s *server) planRemoval(o *object) []*tfprotov6.Diagnostic {
	s.t.Helper()
	typ := s.schema.ResourceSchemas[o.typeName].ValueType()
	none := s.encode(typ, tftypes.NewValue(typ, nil))
	resp, err := s.PlanResourceChange(s.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), ProposedNewState: none, Config: none,
		PriorPrivate: o.private, PriorIdentity: o.identity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Diagnostics
}
