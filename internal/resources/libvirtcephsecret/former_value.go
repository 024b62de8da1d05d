package libvirtcephsecret

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// formerValue is what is known of the value before a change, as fingerprints; empty where unknown.
type formerValue struct {
	held, given string // the value that libvirt had, and the one that this provider wrote last
	private     bool   // libvirt could not be asked for the value
}

// warnRunning names the running domains that opened their disks with the former value and still use it.
func warnRunning(
	ctx context.Context, host *libvirt.Host, secret libvirt.Secret, former formerValue, key ceph.Key, diags *diag.Diagnostics,
) {
	now := key.Fingerprint()
	if former.held == now || former.private && former.given == now {
		return
	}
	users, err := host.SecretUsers(ctx, secret)
	if err != nil {
		tfkit.AddWarning(diags, "Users of the changed secret not listed", err)
		return
	}
	running := tfkit.DescribeUses(slices.DeleteFunc(users, func(u libvirt.DomainUse) bool { return !u.Active }))
	if len(running) == 0 {
		return
	}
	summary, text := "Running domains keep the former key", "The value of secret %s on hypervisor %q was changed. These running domains"+
		" opened their disks with the former one and keep it until they are restarted, migrated, or the disk is attached again: %s."
	if former.given == now {
		summary, text = "Running domains may have another key", "The value of secret %s on hypervisor %q, which somebody else had changed, was"+
			" put back. Of these running domains those that opened their disks in the meantime keep the other one until they are restarted,"+
			" migrated, or the disk is attached again: %s."
	}
	diags.AddWarning(summary, fmt.Sprintf(text, secret.UUID, host.Label(), strings.Join(running, ", ")))
}
