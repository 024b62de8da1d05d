package tfkit

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// AddError turns an error of a client into a diagnostic, at the argument at fault where there is one. The summary is
// static: "Unable to create Ceph pool".
func AddError(diags *diag.Diagnostics, summary string, err error) {
	if argument := problem.Argument(err); argument != "" {
		diags.AddAttributeError(path.Root(argument), summary, err.Error())
		return
	}
	diags.AddError(summary, err.Error())
}

// AddAttributeError is AddError located at the attribute at fault.
func AddAttributeError(diags *diag.Diagnostics, at path.Path, summary string, err error) {
	diags.AddAttributeError(at, summary, err.Error())
}

// AddWarning reports an error that does not fail the operation.
func AddWarning(diags *diag.Diagnostics, summary string, err error) {
	diags.AddWarning(summary, err.Error())
}

// AddWarnings reports the warnings of a client.
func AddWarnings(diags *diag.Diagnostics, warnings ...problem.Warning) {
	for _, w := range warnings {
		if w.Argument == "" {
			diags.AddWarning(w.Summary, w.Text)
		} else {
			diags.AddAttributeWarning(path.Root(w.Argument), w.Summary, w.Text)
		}
	}
}

// WarnIfUnknown reports whether an object can't be read because the provider configuration is not known yet, for example while the
// machine that will run the cluster is itself only planned. It then adds a warning, and Read keeps the state.
func WarnIfUnknown(diags *diag.Diagnostics, err error) bool {
	if !problem.Is(err, problem.Unknown) {
		return false
	}
	diags.AddWarning("State kept without refresh", err.Error())
	return true
}
