package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Entry is the entry of the provider block, a cluster or a hypervisor, that an object belongs to.
type Entry[T any] struct {
	Label    types.String // unknown where the configuration's label is
	Identity types.String // unknown until the entry can be asked
	Target   T            // usable where Known
	Known    bool         // the entry is known and its identity was checked
	Moved    bool         // the configuration now names an entry with another identity
}

// PlanEntry finds in a plan the entry that an object belongs to, and its identity. The label is that of the configuration, or the recorded
// one, or the only one there is. The state's label and identity are null for an object that is to be created.
//
// A new label with the same identity is a renamed label: the object does not move. Where the new entry can't be asked, also because its
// settings are known only after the apply, that can't be decided, and it is an error, never a replacement.
func (e *Entries[T]) PlanEntry(
	ctx context.Context, configured, stateLabel, stateIdentity types.String, diags *diag.Diagnostics,
) (Entry[T], error) {
	entry := Entry[T]{Label: configured, Identity: types.StringUnknown()}
	if configured.IsUnknown() {
		return entry, nil
	}
	if configured.IsNull() {
		entry.Label = stateLabel
	}
	if entry.Label.IsNull() {
		label, err := e.defaultLabel()
		if problem.Is(err, problem.Unknown) {
			entry.Label = types.StringUnknown()
			return entry, nil
		}
		if err != nil {
			return entry, err
		}
		entry.Label = types.StringValue(label)
	}

	exists := !stateIdentity.IsNull()
	renamed := exists && !entry.Label.Equal(stateLabel)
	var target T
	var err error
	if exists && !renamed {
		target, err = e.Resolve(ctx, entry.Label.ValueString(), stateIdentity.ValueString(), diags)
	} else {
		target, err = e.Get(entry.Label.ValueString())
	}
	if problem.Is(err, problem.Unknown) && !renamed {
		if exists {
			entry.Identity = stateIdentity
		}
		return entry, nil
	}
	if err != nil {
		return entry, err
	}
	identity, err := e.identity(ctx, target)
	if err != nil {
		return entry, err
	}
	entry.Target, entry.Known, entry.Identity = target, true, types.StringValue(identity)
	entry.Moved = renamed && identity != stateIdentity.ValueString()
	return entry, nil
}

// ApplyEntry finds the entry at apply, when nothing is unknown any more, and checks the planned or remembered identity.
func (e *Entries[T]) ApplyEntry(ctx context.Context, label, identity types.String, diags *diag.Diagnostics) (Entry[T], error) {
	if label.IsNull() || label.IsUnknown() {
		only, err := e.defaultLabel()
		if err != nil {
			return Entry[T]{}, err
		}
		label = types.StringValue(only)
	}
	return e.ResolveEntry(ctx, label, identity, diags)
}

// ResolveEntry is [Entries.Resolve] for the attributes of a resource.
func (e *Entries[T]) ResolveEntry(ctx context.Context, label, identity types.String, diags *diag.Diagnostics) (Entry[T], error) {
	entry := Entry[T]{Label: label}
	var err error
	if entry.Target, err = e.Resolve(ctx, label.ValueString(), identity.ValueString(), diags); err != nil {
		return entry, err
	}
	found, err := e.identity(ctx, entry.Target)
	entry.Identity, entry.Known = types.StringValue(found), err == nil
	return entry, err
}

// ReadEntry is [Entries.ResolveEntry] for a Read. It reports the error; where the entry's settings are known only after apply, it reports a
// warning, and Read keeps the state. What is imported has none to keep: its identity is null, and it is an error.
func (e *Entries[T]) ReadEntry(
	ctx context.Context, label, identity types.String, summary string, diags *diag.Diagnostics,
) (entry Entry[T], ok bool) {
	entry, err := e.ResolveEntry(ctx, label, identity, diags)
	if err != nil && (identity.IsNull() || !WarnIfUnknown(diags, err)) {
		AddError(diags, summary, err)
	}
	return entry, err == nil
}
