//go:build cgo

package provider_test

import (
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// attempt is a provider that tries an operation as a user with certain caps.
type attempt struct {
	*server
	missing  string // the errors and warnings
	unneeded string // the summary of a warning that does not count
}

func (a *attempt) note(diagnostics []*tfprotov6.Diagnostic) {
	for _, d := range diagnostics {
		if d.Severity != tfprotov6.DiagnosticSeverityWarning || d.Summary != a.unneeded {
			a.missing += d.Summary + ": " + d.Detail + "\n"
		}
	}
}

// change reads, plans and applies, as terraform apply does. Without a configuration it destroys. After an error it stops.
func (a *attempt) change(o *object, config block) {
	a.t.Helper()
	schema := a.schema.ResourceSchemas[o.typeName]
	typ := schema.ValueType()
	if a.missing == "" && !o.state.IsNull() {
		a.note(a.read(o))
	}
	if a.missing != "" {
		return
	}
	none := a.encode(typ, a.value(typ, nil))
	plan := &tfprotov6.PlanResourceChangeRequest{
		TypeName: o.typeName, PriorState: a.encode(typ, o.state), ProposedNewState: none, Config: none,
		PriorPrivate: o.private, PriorIdentity: o.identity,
	}
	if config != nil {
		plan.ProposedNewState, plan.Config = a.encode(typ, a.proposed(schema, o.state, config)), a.dynamic(schema, config)
	}
	planned, err := a.PlanResourceChange(a.t.Context(), plan)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.note(planned.Diagnostics); a.missing != "" {
		return
	}
	applied, err := a.ApplyResourceChange(a.t.Context(), &tfprotov6.ApplyResourceChangeRequest{
		TypeName: o.typeName, PriorState: plan.PriorState, PlannedState: planned.PlannedState, Config: plan.Config,
		PlannedPrivate: planned.PlannedPrivate, PlannedIdentity: planned.PlannedIdentity,
	})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.note(applied.Diagnostics); a.missing == "" {
		o.state, o.identity, o.private = a.decode(typ, applied.NewState), applied.NewIdentity, applied.Private
	}
}

func (a *attempt) readAndImport(o *object, id string) {
	a.t.Helper()
	a.note(a.read(o))
	imported, err := a.ImportResourceState(a.t.Context(), &tfprotov6.ImportResourceStateRequest{TypeName: o.typeName, ID: id})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.note(imported.Diagnostics); a.missing != "" {
		return
	}
	again := a.newObject(o.typeName)
	again.state = a.decode(a.schema.ResourceSchemas[o.typeName].ValueType(), imported.ImportedResources[0].State)
	again.identity, again.private = imported.ImportedResources[0].Identity, imported.ImportedResources[0].Private
	a.note(a.read(again))
}

func (a *attempt) data(typeName string, config block) map[string]tftypes.Value {
	a.t.Helper()
	schema := a.schema.DataSourceSchemas[typeName]
	resp, err := a.ReadDataSource(a.t.Context(), &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: a.dynamic(schema, config)})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.note(resp.Diagnostics); a.missing != "" {
		return nil
	}
	return a.members(a.decode(schema.ValueType(), resp.State))
}

func (a *attempt) ephemeral(typeName string, config block) {
	a.t.Helper()
	resp, err := a.OpenEphemeralResource(a.t.Context(), &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: typeName, Config: a.dynamic(a.schema.EphemeralResourceSchemas[typeName], config),
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.note(resp.Diagnostics)
}
