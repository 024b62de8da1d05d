package provider_test

import (
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/provider"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/serve"
)

// block is a configuration block, or a part of one, as Go values: string, int, bool, nil, [unknown], block and []any.
type block = map[string]any

// unknown stands for a value that is known after apply.
type unknownValue struct{}

var unknown unknownValue

// server calls the provider by the plugin protocol, like a Terraform that supports all of it.
type server struct {
	tfprotov6.ProviderServer
	t          testing.TB
	schema     *tfprotov6.GetProviderSchemaResponse
	identities map[string]*tfprotov6.ResourceIdentitySchema
}

func newServer(t testing.TB, dial ceph.Dial) *server {
	t.Helper()
	s := &server{t: t}
	served := provider.New("test", dial)()
	if closer, ok := served.(io.Closer); ok {
		t.Cleanup(func() { _ = closer.Close() })
	}
	s.ProviderServer = serve.NewServer(served)
	var err error
	if s.schema, err = s.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
		t.Fatal(err)
	}
	s.must("schema", s.schema.Diagnostics)
	identities, err := s.GetResourceIdentitySchemas(t.Context(), &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		t.Fatal(err)
	}
	s.identities = identities.IdentitySchemas
	return s
}

// must fails the test on an error among the diagnostics.
func (s *server) must(doing string, diagnostics []*tfprotov6.Diagnostic) {
	s.t.Helper()
	if text := errorsIn(diagnostics); text != "" {
		s.t.Fatalf("%s: %s", doing, text)
	}
}

// errorsIn are the errors among the diagnostics, each with its attribute.
func errorsIn(diagnostics []*tfprotov6.Diagnostic) string {
	return severity(diagnostics, tfprotov6.DiagnosticSeverityError)
}

func warningsIn(diagnostics []*tfprotov6.Diagnostic) string {
	return severity(diagnostics, tfprotov6.DiagnosticSeverityWarning)
}

func severity(diagnostics []*tfprotov6.Diagnostic, severity tfprotov6.DiagnosticSeverity) string {
	var text strings.Builder
	for _, d := range diagnostics {
		if d.Severity == severity {
			fmt.Fprintf(&text, "%s: %s: %s\n", d.Attribute, d.Summary, d.Detail)
		}
	}
	return text.String()
}

// validate checks a provider block, as `terraform validate` does.
func (s *server) validate(config block) []*tfprotov6.Diagnostic {
	s.t.Helper()
	resp, err := s.ValidateProviderConfig(s.t.Context(),
		&tfprotov6.ValidateProviderConfigRequest{Config: s.dynamic(s.schema.Provider, config)})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.Diagnostics
}

// configure checks a provider block and configures the provider with it.
func (s *server) configure(config block) []*tfprotov6.Diagnostic {
	s.t.Helper()
	s.must("validate", s.validate(config))
	resp, err := s.ConfigureProvider(s.t.Context(), &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.12.0",
		Config:           s.dynamic(s.schema.Provider, config),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.must("configure", resp.Diagnostics)
	return resp.Diagnostics
}

func (s *server) dynamic(schema *tfprotov6.Schema, value any) *tfprotov6.DynamicValue {
	s.t.Helper()
	typ := schema.ValueType()
	return s.encode(typ, s.value(typ, value))
}

func (s *server) encode(typ tftypes.Type, value tftypes.Value) *tfprotov6.DynamicValue {
	s.t.Helper()
	encoded, err := tfprotov6.NewDynamicValue(typ, value)
	if err != nil {
		s.t.Fatal(err)
	}
	return &encoded
}

// value turns a Go value into a value of the protocol. What a block leaves out is null.
func (s *server) value(typ tftypes.Type, value any) tftypes.Value {
	s.t.Helper()
	switch v := value.(type) {
	case tftypes.Value:
		return v
	case nil:
		return tftypes.NewValue(typ, nil)
	case unknownValue:
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case []any:
		set, ok := typ.(tftypes.Set)
		if !ok {
			s.t.Fatalf("%v is not for %s", v, typ)
		}
		elements := make([]tftypes.Value, len(v))
		for i := range v {
			elements[i] = s.value(set.ElementType, v[i])
		}
		return tftypes.NewValue(typ, elements)
	case block:
		members := map[string]tftypes.Value{}
		switch typ := typ.(type) {
		case tftypes.Map:
			for name := range v {
				members[name] = s.value(typ.ElementType, v[name])
			}
		case tftypes.Object:
			for name := range v {
				if typ.AttributeTypes[name] == nil {
					s.t.Fatalf("there is no argument %s", name)
				}
			}
			for name, attribute := range typ.AttributeTypes {
				members[name] = s.value(attribute, v[name])
			}
		}
		return tftypes.NewValue(typ, members)
	}
	return tftypes.NewValue(typ, value)
}

// object is a resource as Terraform stores it between two commands.
type object struct {
	typeName string
	state    tftypes.Value
	identity *tfprotov6.ResourceIdentityData
	private  []byte
}

func (s *server) newObject(typeName string) *object {
	typ := s.schema.ResourceSchemas[typeName].ValueType()
	return &object{typeName: typeName, state: tftypes.NewValue(typ, nil)}
}

// read refreshes the object, with its identity.
func (s *server) read(o *object) []*tfprotov6.Diagnostic {
	s.t.Helper()
	typ := s.schema.ResourceSchemas[o.typeName].ValueType()
	resp, err := s.ReadResource(s.t.Context(), &tfprotov6.ReadResourceRequest{
		TypeName: o.typeName, CurrentState: s.encode(typ, o.state), CurrentIdentity: o.identity, Private: o.private,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if errorsIn(resp.Diagnostics) == "" {
		o.state, o.identity, o.private = s.decode(typ, resp.NewState), resp.NewIdentity, resp.Private
	}
	return resp.Diagnostics
}

// importBy imports an object by its id, or by its resource identity as a Terraform of 1.12 and later does, and reads it.
func (s *server) importBy(typeName, id string, identity block) *object {
	s.t.Helper()
	var given *tfprotov6.ResourceIdentityData
	if identity != nil {
		typ := s.identities[typeName].ValueType()
		given = &tfprotov6.ResourceIdentityData{IdentityData: s.encode(typ, s.value(typ, identity))}
	}
	o := s.newObject(typeName)
	s.importState(o, id, given)
	s.must("read", s.read(o))
	return o
}

// importState imports an object, without the read that follows.
func (s *server) importState(o *object, id string, identity *tfprotov6.ResourceIdentityData) {
	s.t.Helper()
	resp, err := s.ImportResourceState(s.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: o.typeName, ID: id, Identity: identity})
	if err != nil {
		s.t.Fatal(err)
	}
	s.must("import", resp.Diagnostics)
	imported := resp.ImportedResources[0]
	o.state = s.decode(s.schema.ResourceSchemas[o.typeName].ValueType(), imported.State)
	o.identity, o.private = imported.Identity, imported.Private
}

// plan plans the object, with its identity.
func (s *server) plan(o *object, config block) *tfprotov6.PlanResourceChangeResponse {
	s.t.Helper()
	schema := s.schema.ResourceSchemas[o.typeName]
	typ := schema.ValueType()
	resp, err := s.PlanResourceChange(s.t.Context(), &tfprotov6.PlanResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), ProposedNewState: s.encode(typ, s.proposed(schema, o.state, config)),
		Config: s.dynamic(schema, config), PriorPrivate: o.private, PriorIdentity: o.identity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp
}

// apply plans the object and applies the plan.
func (s *server) apply(o *object, config block) {
	s.t.Helper()
	plan := s.plan(o, config)
	s.must("plan", plan.Diagnostics)
	if len(plan.RequiresReplace) > 0 {
		s.t.Fatalf("the plan replaces the object, because of %v", plan.RequiresReplace)
	}
	s.must("apply", s.applyPlan(o, config, plan))
}

// applyPlan applies a plan of the object.
func (s *server) applyPlan(o *object, config block, plan *tfprotov6.PlanResourceChangeResponse) []*tfprotov6.Diagnostic {
	s.t.Helper()
	resp, typ := s.sendApply(o, config, plan)
	if errorsIn(resp.Diagnostics) == "" {
		o.state, o.identity, o.private = s.decode(typ, resp.NewState), resp.NewIdentity, resp.Private
	}
	return resp.Diagnostics
}

// sendApply applies a plan of the object, and returns the reply, with the type of the state in it.
func (s *server) sendApply(
	o *object, config block, plan *tfprotov6.PlanResourceChangeResponse,
) (*tfprotov6.ApplyResourceChangeResponse, tftypes.Type) {
	s.t.Helper()
	schema := s.schema.ResourceSchemas[o.typeName]
	typ := schema.ValueType()
	resp, err := s.ApplyResourceChange(s.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.typeName, PriorState: s.encode(typ, o.state), PlannedState: plan.PlannedState, Config: s.dynamic(schema, config),
		PlannedPrivate: plan.PlannedPrivate, PlannedIdentity: plan.PlannedIdentity,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, typ
}

// proposed is the new state that Terraform proposes: the configuration, and the recorded values of computed attributes.
func (s *server) proposed(schema *tfprotov6.Schema, state tftypes.Value, config block) tftypes.Value {
	s.t.Helper()
	recorded := s.members(state)
	proposed := maps.Clone(config)
	for _, attribute := range schema.Block.Attributes {
		if attribute.WriteOnly {
			delete(proposed, attribute.Name)
		}
		if value, ok := recorded[attribute.Name]; ok && attribute.Computed && config[attribute.Name] == nil {
			proposed[attribute.Name] = value
		}
	}
	return s.value(schema.ValueType(), proposed)
}

func (s *server) decode(typ tftypes.Type, encoded *tfprotov6.DynamicValue) tftypes.Value {
	s.t.Helper()
	value, err := encoded.Unmarshal(typ)
	if err != nil {
		s.t.Fatal(err)
	}
	return value
}

func (s *server) members(value tftypes.Value) map[string]tftypes.Value {
	s.t.Helper()
	if value.IsNull() {
		return nil
	}
	members := map[string]tftypes.Value{}
	if err := value.As(&members); err != nil {
		s.t.Fatal(err)
	}
	return members
}

// text is a string attribute of the object's state.
func (s *server) text(o *object, attribute string) string {
	s.t.Helper()
	var text string
	if err := s.members(o.state)[attribute].As(&text); err != nil {
		s.t.Fatal(err)
	}
	return text
}

// identityOf is the identity of the object, as a map of its attributes.
func (s *server) identityOf(o *object, data *tfprotov6.ResourceIdentityData) map[string]string {
	s.t.Helper()
	if data == nil || data.IdentityData == nil {
		return nil
	}
	values := map[string]string{}
	for name, value := range s.members(s.decode(s.identities[o.typeName].ValueType(), data.IdentityData)) {
		var text string
		if value.IsKnown() && !value.IsNull() {
			if err := value.As(&text); err != nil {
				s.t.Fatal(err)
			}
		}
		values[name] = text
	}
	return values
}
