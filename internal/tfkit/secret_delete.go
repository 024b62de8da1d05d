package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// DeleteSecret undefines a secret, unless something on the host needs it or this apply has made it anew.
func (c *Connections) DeleteSecret(ctx context.Context, s HostSecret, secret libvirt.Secret, diags *diag.Diagnostics) {
	const summary = "Unable to delete libvirt secret"
	unlock, err := c.LockObject(ctx, s.owned().Object)
	if err != nil {
		AddError(diags, summary, err)
		return
	}
	defer unlock()
	if c.secretTakenOver(s, diags) {
		return
	}
	entry, err := c.Hypervisors.ResolveEntry(ctx, s.Hypervisor, s.HostUUID, diags)
	if err == nil {
		err = refuseUsedSecret(ctx, entry.Target, secret, diags)
	}
	if err == nil {
		err = entry.Target.UndefineSecret(ctx, secret.UUID)
	}
	if err != nil && !problem.Is(err, problem.NotFound) {
		AddError(diags, summary, err)
	}
}
