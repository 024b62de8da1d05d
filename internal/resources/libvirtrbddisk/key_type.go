package libvirtrbddisk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// keyTypeLimit bounds the look at the secret after an attach has failed.
const keyTypeLimit = 10 * time.Second

// explainKeyType replaces the explanation of an image that a host could not open, where the reason is the type of the
// secret's key: an older librbd calls a key of type aes256k an invalid argument, and nothing more.
func explainKeyType(ctx context.Context, host *libvirt.Host, plan *model, err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Raw, "Invalid argument") {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keyTypeLimit)
	defer cancel()
	value, held, readErr := host.SecretValue(ctx, libvirt.CanonicalUUID(plan.SecretUUID.ValueString()))
	if readErr != nil || held != libvirt.ValueSet || ceph.KeyType(value) != "aes256k" {
		return err
	}
	return blame("secret_uuid", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Hypervisor %q can't use the key in the secret %s. %s", host.Label(), plan.SecretUUID.ValueString(), p.What),
		Why:  "The key is of type aes256k, which the librbd on that host is probably too old for.",
		Do: "Upgrade librbd1 and librados2 on the hypervisor to those of Ceph 19.2.6, 20.2.4 or newer, and restart guests that were started before;" +
			" or give the user a key of type aes, if the cluster allows that: key_type of ceph_user.",
		Raw: p.Raw,
	})
}
