package tfkit

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// CreateSecret makes a secret with its value, and tells whether it exists now, also where it was not completed. It refuses a secret that
// another resource or somebody else has, and to send a key over a connection that others can read.
//
// Similar to: virsh secret-define; virsh secret-set-value
func (c *Connections) CreateSecret(
	ctx context.Context, host *libvirt.Host, s HostSecret, secret libvirt.Secret, value sensitive.Value, diags *diag.Diagnostics,
) (made bool) {
	release, err := c.lockNewSecret(ctx, s)
	defer release()
	if err == nil {
		err = host.MaySendKeys()
	}
	if err == nil {
		err = s.Type.refuseClash(ctx, host, secret, value)
	}
	if err == nil {
		made, err = host.MakeSecret(ctx, secret, value)
	}
	if !made {
		AddError(diags, "Unable to create libvirt secret", err)
		return false
	}
	c.HoldMade(s.owned().Object)
	if err != nil {
		// The secret exists: an error now would taint it. The next refresh finds what it lacks.
		AddWarning(diags, "libvirt secret made, but not completed", err)
	}
	return true
}
