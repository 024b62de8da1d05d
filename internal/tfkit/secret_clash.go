package tfkit

import (
	"context"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// refuseClash refuses to define a secret whose UUID or usage name another secret has, with a better message than libvirt's. A secret that
// an interrupted create of this resource left, without a value or with the same value and perhaps not private yet, is no clash.
func (t SecretType) refuseClash(ctx context.Context, host *libvirt.Host, want libvirt.Secret, value sensitive.Value) error {
	there, err := host.Secret(ctx, want.UUID)
	if err != nil && !problem.Is(err, problem.NotFound) {
		return err
	}
	if err == nil {
		held, state, err := host.SecretValue(ctx, want.UUID)
		if err != nil {
			return err
		}
		ours := there.UsageType == want.UsageType && there.UsageName == want.UsageName && (!there.Private || want.Private) &&
			(state == libvirt.ValueMissing || state == libvirt.ValueSet && held.Equal(value))
		if ours {
			return nil
		}
		if err := t.RefuseOther(host, there); err != nil {
			return err
		}
		return &problem.Problem{
			Kind: problem.Exists,
			What: fmt.Sprintf("Hypervisor %q already has a secret with the UUID %s; its usage name is %q.", host.Label(),
				want.UUID, there.UsageName),
			Do: fmt.Sprintf("To manage it here, import it: terraform import ADDRESS %s. Otherwise choose another uuid, or remove the secret with"+
				" virsh secret-undefine once no domain needs it. Where it is the present one of this resource, remove create_before_destroy.",
				problem.Word(host.Label()+"/"+want.UUID)),
		}
	}
	there, err = host.SecretByUsage(ctx, want.UsageType, want.UsageName)
	if problem.Is(err, problem.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("The usage name %q is taken on hypervisor %q by the secret %s.", want.UsageName, host.Label(), there.UUID),
		Why:  fmt.Sprintf("libvirt allows one %s secret for each usage name.", want.UsageType),
		Do: t.UniqueUsage + fmt.Sprintf(" To manage the secret that is there, set uuid = %q and import it: terraform import ADDRESS %s. Where"+
			" it is the present one of this resource, remove create_before_destroy.", there.UUID, problem.Word(host.Label()+"/"+there.UUID)),
	}
}
