package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// planDisk returns the plan of a disk that changes nothing and has every argument, as Terraform asks for it. No hypervisor is configured,
// so nobody is asked.
func planDisk(t testing.TB) func() {
	t.Helper()
	s := newServer(t, nil)
	const typeName = "libvirt_rbd_disk"
	schema := s.schema.ResourceSchemas[typeName]
	config, recorded := block{}, block{}
	for _, a := range schema.Block.Attributes {
		value := someValue(s, a)
		recorded[a.Name] = value
		if a.Required || a.Optional {
			config[a.Name] = value
		}
	}
	o := s.newObject(typeName)
	o.state = s.value(schema.ValueType(), recorded)
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: s.encode(schema.ValueType(), o.state),
		ProposedNewState: s.encode(schema.ValueType(), s.proposed(schema, o.state, config)), Config: s.dynamic(schema, config),
	}
	return func() {
		resp, err := s.PlanResourceChange(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		s.must("plan", resp.Diagnostics)
	}
}

// someValue is a value of an attribute that is valid for its type; where it makes no sense it is not refused by a plan.
func someValue(s *server, a *tfprotov6.SchemaAttribute) any {
	var of func(typ tftypes.Type) any
	of = func(typ tftypes.Type) any {
		switch typ := typ.(type) {
		case tftypes.Object:
			members := block{}
			for name, member := range typ.AttributeTypes {
				members[name] = of(member)
			}
			return members
		case tftypes.Set:
			return []any{of(typ.ElementType)}
		}
		switch {
		case typ.Is(tftypes.Number):
			return 7
		case typ.Is(tftypes.Bool):
			return true
		}
		return fmt.Sprint(len(a.Name))
	}
	return of(a.ValueType())
}

func BenchmarkPlanOfDisk(b *testing.B) {
	work := planDisk(b)
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
}

func TestAllocationsOfPlan(t *testing.T) {
	expect.Allocations(t, 38_900, planDisk(t))
}
