package libvirtcephsecret

import (
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// refuseUsageType refuses a secret that is not for Ceph: it may hold anything, such as the passphrase of a volume, and this resource must
// not show, change or remove it.
func refuseUsageType(host *libvirt.Host, secret libvirt.Secret) error {
	if secret.UsageType == libvirt.UsageCeph {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("The secret %s on hypervisor %q is not for Ceph: its usage type is %q.", secret.UUID, host.Label(), secret.UsageType),
		Do: "Use the UUID of a secret of usage type \"ceph\", as virsh secret-list shows it. If somebody has put this one in the place of a" +
			" secret that is managed here, choose another uuid, or take the resource out of the state with terraform state rm.",
	}
}
