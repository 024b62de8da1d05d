package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Home is where a planned object lives.
type Home[T any] struct {
	Label    types.String // unknown where the configuration's label is
	Identity types.String // unknown until the entry can be asked
	Target   T            // usable where Known
	Known    bool         // the entry is known and has proved its identity
	Moved    bool         // the configuration now names an entry with another identity
}

// PlanHome settles in a plan where an object lives: the label of the configuration, or the recorded one, or the only
// one there is; and the identity behind it. The state's label and identity are null for an object to be created.
//
// A new label with the same identity is a renamed label: no move. That can't be decided while the new entry is out of
// reach, and then it is an error, never a replacement.
func (e *Entries[T]) PlanHome(
	ctx context.Context, configured, stateLabel, stateIdentity types.String, diags *diag.Diagnostics,
) (Home[T], error) {
	home := Home[T]{Label: configured, Identity: types.StringUnknown()}
	if configured.IsUnknown() {
		return home, nil
	}
	if configured.IsNull() {
		home.Label = stateLabel
	}
	if home.Label.IsNull() {
		label, err := e.DefaultLabel()
		if problem.Is(err, problem.Unknown) {
			home.Label = types.StringUnknown()
			return home, nil
		}
		if err != nil {
			return home, err
		}
		home.Label = types.StringValue(label)
	}

	exists := !stateIdentity.IsNull()
	renamed := exists && !home.Label.Equal(stateLabel)
	var target T
	var err error
	if exists && !renamed {
		target, err = e.Resolve(ctx, home.Label.ValueString(), stateIdentity.ValueString(), diags)
	} else {
		target, err = e.Get(home.Label.ValueString())
	}
	if problem.Is(err, problem.Unknown) {
		if exists && !renamed {
			home.Identity = stateIdentity
		}
		return home, nil
	}
	if err != nil {
		return home, err
	}
	identity, err := e.identity(ctx, target)
	if err != nil {
		return home, err
	}
	home.Target, home.Known, home.Identity = target, true, types.StringValue(identity)
	home.Moved = renamed && identity != stateIdentity.ValueString()
	return home, nil
}

// SettleHome settles at apply where an object lives, once nothing is unknown any more, and proves the planned or
// remembered identity.
func (e *Entries[T]) SettleHome(ctx context.Context, label, identity types.String, diags *diag.Diagnostics) (Home[T], error) {
	if label.IsNull() || label.IsUnknown() {
		only, err := e.DefaultLabel()
		if err != nil {
			return Home[T]{}, err
		}
		label = types.StringValue(only)
	}
	return e.ResolveHome(ctx, label, identity, diags)
}

// ResolveHome is [Entries.Resolve] for the attributes of a resource.
func (e *Entries[T]) ResolveHome(ctx context.Context, label, identity types.String, diags *diag.Diagnostics) (Home[T], error) {
	home := Home[T]{Label: label}
	var err error
	if home.Target, err = e.Resolve(ctx, label.ValueString(), identity.ValueString(), diags); err != nil {
		return home, err
	}
	found, err := e.identity(ctx, home.Target)
	home.Identity, home.Known = types.StringValue(found), err == nil
	return home, err
}

// ReadHome is [Entries.ResolveHome] for a Read, whose error it reports; what can't be read before the apply keeps its state.
func (e *Entries[T]) ReadHome(
	ctx context.Context, label, identity types.String, summary string, diags *diag.Diagnostics,
) (home Home[T], ok bool) {
	home, err := e.ResolveHome(ctx, label, identity, diags)
	if err != nil && !KeptUnread(diags, err) {
		AddError(diags, summary, err)
	}
	return home, err == nil
}
