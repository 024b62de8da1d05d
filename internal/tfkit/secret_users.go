package tfkit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// refuseUsedSecret refuses to undefine a secret that domains or storage pools need. Storage pools that this user may not search are a
// warning: otherwise nobody but an administrator of all of the host could undefine a secret, and a pool gets another one without loss.
func refuseUsedSecret(ctx context.Context, host *libvirt.Host, secret libvirt.Secret, diags *diag.Diagnostics) error {
	users, err := host.SecretUsers(ctx, secret)
	if err != nil && len(users) == 0 {
		return err
	}
	pools, err := host.SecretPools(ctx, secret)
	denied := problem.Is(err, problem.Denied)
	if err != nil && !denied && len(users) == 0 {
		return err
	}
	names := DescribeUses(users)
	for _, pool := range pools {
		names = append(names, fmt.Sprintf("storage pool %q", pool))
	}
	if len(names) == 0 {
		if denied {
			diags.AddWarning("Storage pools not searched", fmt.Sprintf("It was not checked whether a storage pool on hypervisor %q refers to the"+
				" secret %s. One that does can't be started any more, until it is given another secret (virsh pool-edit).\n\n%s",
				host.Label(), secret.UUID, err))
		}
		return nil
	}
	p := &problem.Problem{
		Kind: problem.Busy,
		What: fmt.Sprintf("The secret %s on hypervisor %q is in use by %s.", secret.UUID, host.Label(), strings.Join(names, ", ")),
		Why:  "Without it these domains could not be started or migrated any more.",
		Do: "Detach the disks, or give them another secret, in one apply, and remove this secret in the next." +
			" What can't be ordered in one apply is refused.",
	}
	switch {
	case len(users) == 0:
		p.Why = "Without it the storage pool could not be started any more."
		p.Do = "Give the pool another secret (virsh pool-edit; then pool-destroy and pool-start, which touch no data), or undefine it, and" +
			" apply again."
	case len(pools) == 0 && !slices.ContainsFunc(users, func(u libvirt.DomainUse) bool { return u.Saved }):
		p.Why = "Nothing but the running domains refers to it any more: they opened their disks with it and keep it."
		p.Do = "Shut these domains down and start them (a reboot from within is not enough), or detach and attach the disks anew, and apply" +
			" again. Until then each apply ends with this error, and does all the rest."
	}
	return p
}

// DescribeUses names the domains, each with the place that refers to the secret.
func DescribeUses(users []libvirt.DomainUse) []string {
	names := make([]string, len(users))
	for i, use := range users {
		where := slices.DeleteFunc([]string{use.Target, use.Place}, func(s string) bool { return s == "" })
		if names[i] = use.Domain; len(where) > 0 {
			names[i] = fmt.Sprintf("%s (%s)", use.Domain, strings.Join(where, ", "))
		}
	}
	return names
}

// warnReplacedSecret warns in the plan which domains use a secret that is replaced.
func warnReplacedSecret(ctx context.Context, host *libvirt.Host, secret libvirt.Secret, diags *diag.Diagnostics) {
	users, err := host.SecretUsers(ctx, secret)
	if err != nil {
		AddWarning(diags, "Users of the replaced secret not listed", err)
	}
	if len(users) == 0 {
		return
	}
	diags.AddWarning("Secret in use is replaced", fmt.Sprintf("The secret %s on hypervisor %q is in use by %s. It is not removed before"+
		" these no longer refer to it.\n\nWith create_before_destroy the new secret is made and the disks of the configuration are given it in"+
		" one apply; running domains keep the former one until they have been shut down and started, and until then each apply ends with an"+
		" error. Without create_before_destroy this secret stays as it is, and the apply ends with an error.", secret.UUID, host.Label(),
		strings.Join(DescribeUses(users), ", ")))
}
