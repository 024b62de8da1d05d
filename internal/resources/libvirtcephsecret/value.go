package libvirtcephsecret

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// writtenKey is the private state's name for the fingerprint of the write-only key that was written last.
const writtenKey = "written_fingerprint"

// givenKey is the private state's name for the fingerprint of the value that was written last, from either argument.
const givenKey = "given_fingerprint"

// noFingerprint is what an import records as written: no key has this fingerprint, so the read that follows finds another one and records
// that as the version.
const noFingerprint = "imported"

// missingValue stands for the fingerprint of a secret without a value.
const missingValue = "missing"

// readValue records what can be known of the value. The key itself is never read from libvirt: a key in the state that is no longer the
// value is removed from the state, and the next plan writes it again. Where the connection would show the value to others, or
// the host's policy denies it, it isn't read: what was known of it before stays.
func (m *model) readValue(value sensitive.Value, held libvirt.ValueState, written string) {
	if held == libvirt.ValuePrivate {
		if m.Private.ValueBool() {
			m.KeyFingerprint = types.StringNull()
		}
		return
	}
	found := missingValue
	m.KeyFingerprint = types.StringNull()
	if held == libvirt.ValueSet {
		found = value.Fingerprint()
		m.KeyFingerprint = types.StringValue(found)
	}
	if !m.Key.IsNull() && fingerprint(m.Key).ValueString() != found {
		m.Key = types.StringNull()
	}
	if written != "" && written != found {
		m.KeyWOVersion = types.StringValue(found)
	}
}

// fillFingerprint sets the fingerprint that the plan left unknown.
func (m *model) fillFingerprint(key ceph.Key) {
	if !m.KeyFingerprint.IsUnknown() {
		return
	}
	m.KeyFingerprint = types.StringNull()
	if !key.IsZero() && !m.Private.ValueBool() {
		m.KeyFingerprint = types.StringValue(key.Fingerprint())
	}
}

// recordWritten stores the fingerprints of a write-only key, so that Read notices when the value is changed outside of Terraform, and of
// any value that was written.
func recordWritten(ctx context.Context, private tfkit.PrivateStateWriter, config *model, key ceph.Key) diag.Diagnostics {
	written := ""
	if !config.KeyWO.IsNull() && !key.IsZero() {
		written = key.Fingerprint()
	}
	diags := tfkit.SetPrivate(ctx, private, writtenKey, written)
	if !key.IsZero() {
		diags.Append(tfkit.SetPrivate(ctx, private, givenKey, key.Fingerprint())...)
	}
	return diags
}
