package libvirtrbddisk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

const (
	// checkLimit bounds everything that is looked at before a guest is touched, apart from the wait for watchers.
	checkLimit = 45 * time.Second
	// lingering is how long the watcher of a client that crashed, or of a disk just detached, may stay.
	lingering     = 40 * time.Second
	lingeringStep = time.Second
)

// located is an error that an attribute is to blame for.
type located struct {
	at  path.Path
	err error
}

func (l *located) Error() string { return l.err.Error() }
func (l *located) Unwrap() error { return l.err }

func blame(attribute string, err error) error {
	if err == nil {
		return nil
	}
	return &located{path.Root(attribute), err}
}

// addError reports an error at the attribute that is to blame, where there is one.
func addError(diags *diag.Diagnostics, summary string, err error) {
	var l *located
	if errors.As(err, &l) {
		tfkit.AddAttributeError(diags, l.at, summary, l.err)
		return
	}
	tfkit.AddError(diags, summary, err)
}

// findImage makes sure that the cluster has the image, and returns it; nothing is known of it where the disk has no cluster.
func findImage(ctx context.Context, cluster *ceph.Cluster, plan *model) (ceph.Image, error) {
	if cluster == nil {
		return ceph.Image{}, nil
	}
	checking, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if _, err := cluster.Pool(checking, plan.Pool.ValueString()); err != nil {
		return ceph.Image{}, blame("pool", err)
	}
	image, err := cluster.Image(checking, plan.source())
	if err != nil {
		return image, blame("image", err)
	}
	return image, nil
}

// openElsewhereAdvice is what to do about an image that a second guest would write.
const openElsewhereAdvice = "Detach it there first. Where several guests are meant to share the image, with a file system made for that, set" +
	" shareable = true on all of them; a guest that only reads takes read_only = true."

func waitUnwatched(ctx context.Context, label string, ref ceph.ImageRef, ask func() ([]ceph.Watcher, error)) error {
	deadline := time.NewTimer(lingering)
	defer deadline.Stop()
	var busy *problem.Problem
	for {
		watchers, err := ask()
		if err != nil && ctx.Err() != nil && busy != nil {
			// The time is over; who had the image open says more than that the last question got no answer.
			return busy
		}
		if err != nil || len(watchers) == 0 {
			return err
		}
		busy = &problem.Problem{
			Kind: problem.Busy,
			What: fmt.Sprintf("Image %s on cluster %q is open elsewhere: %s.", ref, label, ceph.DescribeWatchers(watchers)),
			Why:  "Two guests that write one image destroy its content. The disk was not attached, and no guest was touched.",
			Do:   openElsewhereAdvice,
		}
		step := time.NewTimer(lingeringStep)
		select {
		case <-step.C:
		case <-deadline.C:
			step.Stop()
			return busy
		case <-ctx.Done():
			step.Stop()
			return busy
		}
	}
}

// checkAccess makes sure that the host's secret opens the image: it has a value, which is the user's key where both can be
// read, and that user may read and write the image.
func checkAccess(ctx context.Context, host *libvirt.Host, cluster *ceph.Cluster, plan *model, diags *diag.Diagnostics) error {
	whole := ctx
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	value, held, err := host.SecretValue(ctx, libvirt.CanonicalUUID(plan.SecretUUID.ValueString()))
	if problem.Is(err, problem.NotFound) {
		return blame("secret_uuid", &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("Hypervisor %q has no secret %s.", host.Label(), plan.SecretUUID.ValueString()),
			Do: "Define it there with libvirt_ceph_secret and refer to its uuid, as in secret_uuid = libvirt_ceph_secret.NAME.uuid;" +
				" or correct the UUID: virsh secret-list shows what there is.",
		})
	}
	if err != nil {
		return err
	}
	if held == libvirt.ValueMissing {
		return blame("secret_uuid", &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("The secret %s on hypervisor %q has no value.", plan.SecretUUID.ValueString(), host.Label()),
			Do:   "Set its value, the key of the cephx user: libvirt_ceph_secret does, or virsh secret-set-value.",
		})
	}
	if cluster == nil {
		return nil
	}
	name := plan.User.ValueString()
	key := ""
	if held == libvirt.ValueSet {
		key = base64.StdEncoding.EncodeToString(value)
	}
	user, err := cluster.User(ctx, name)
	switch {
	case problem.Is(err, problem.Denied):
		// A provider that may not read users still checks with the key that the host holds.
		tfkit.AddWarning(diags, "User not verified", err)
	case err != nil:
		return blame("user", err)
	default:
		if err := sameKey(host, cluster, plan, user, value, held); err != nil {
			return err
		}
		key = user.Key
		warnWithoutBlocklist(cluster, user, plan, diags)
		networks, err := cluster.Elsewhere(ctx, user.Caps)
		if err != nil {
			return blame("user", err)
		}
		if len(networks) > 0 {
			warnElsewhere(cluster, plan, "Its caps count for clients in "+strings.Join(networks, ", ")+" only, and this machine isn't there.", diags)
			return nil
		}
	}
	if key == "" {
		return nil
	}
	readOnly := plan.ReadOnly.ValueBool() || !plan.Snapshot.IsNull()
	err = cluster.CheckAccess(ctx, name, key, plan.source(), readOnly)
	if problem.Is(err, problem.Unreachable) && whole.Err() == nil {
		// The provider's own user has just been answered, so this says how this user is served here, and nothing of the hypervisor.
		warnElsewhere(cluster, plan, err.Error(), diags)
		return nil
	}
	return blame("user", err)
}

// warnElsewhere tells that what the user may do could not be tried from here.
func warnElsewhere(cluster *ceph.Cluster, plan *model, why string, diags *diag.Diagnostics) {
	decides := "The hypervisor tries it with its own address, before a running guest gets the disk (attach_probe); where the domain is shut off, its start shows it."
	if !plan.AttachProbe.ValueBool() {
		decides = "The attach shows it, or the start of the domain: attach_probe is off."
	}
	diags.AddAttributeWarning(path.Root("user"), "Access of the user not tried from here", fmt.Sprintf(
		"Whether client.%s on cluster %q may use image %s was not to be tried from this machine. %s\n\n%s",
		plan.User.ValueString(), cluster.Label(), plan.source(), why, decides))
}

// sameKey compares the secret's value with the user's key, where it may be read.
func sameKey(host *libvirt.Host, cluster *ceph.Cluster, plan *model, user ceph.User, value []byte, held libvirt.ValueState) error {
	raw, err := ceph.ParseKey(user.Key)
	if err != nil || held != libvirt.ValueSet || ceph.Fingerprint(raw) == ceph.Fingerprint(value) {
		return err
	}
	why := "Its value is another user's key, the same user's key on another cluster, or a key that was replaced since."
	if string(value) == user.Key {
		why = "Its value is the key's base64 text. libvirt wants the decoded bytes."
	}
	return blame("secret_uuid", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("The secret %s on hypervisor %q does not hold the key of client.%s on cluster %q.",
			plan.SecretUUID.ValueString(), host.Label(), plan.User.ValueString(), cluster.Label()),
		Why: why,
		Do: fmt.Sprintf("Set the secret's key to that of the user, as in key = ceph_user.NAME.key, or name the user or secret that belong together."+
			" The user's key has the fingerprint %s, the secret's value %s.", ceph.Fingerprint(raw), ceph.Fingerprint(value)),
	})
}

// warnWithoutBlocklist tells of a user whose guests could not take over an image from a crashed host.
func warnWithoutBlocklist(cluster *ceph.Cluster, user ceph.User, plan *model, diags *diag.Diagnostics) {
	if plan.ReadOnly.ValueBool() || ceph.MonProfileRBD(user.Caps["mon"]) {
		return
	}
	diags.AddAttributeWarning(path.Root("user"), "User can't take over locks", fmt.Sprintf(
		"client.%s on cluster %q lacks \"profile rbd\" in its mon caps. After a crash of the host the guest could not write the image again,"+
			" because the former client's lock can't be broken without it.", plan.User.ValueString(), cluster.Label()))
}

// refuseTaken refuses a target, or an image, that another disk of the domain has.
func refuseTaken(host *libvirt.Host, domain libvirt.Domain, plan *model, ours disks) error {
	for _, definition := range []*libvirtxml.Domain{domain.Live, domain.Saved} {
		if definition == nil || definition.Devices == nil {
			continue
		}
		for _, disk := range definition.Devices.Disks {
			if disk.Target == nil || aliasOfOurs(ours, disk) {
				continue
			}
			if disk.Target.Dev == plan.TargetDev.ValueString() {
				return blame("target_dev", targetTaken(host, domain, plan, disk))
			}
		}
	}
	return nil
}

// aliasOfOurs tells whether a disk of a definition is the one that was found to be ours.
func aliasOfOurs(ours disks, disk libvirtxml.DomainDisk) bool {
	for _, own := range []*libvirtxml.DomainDisk{ours.saved, ours.live} {
		if own != nil && own.Target != nil && own.Target.Dev == disk.Target.Dev && aliasName(*own) == aliasName(disk) {
			return true
		}
	}
	return false
}

// anyOfOurs are the disks of this provider at the planned target, whichever resource they belong to: in the same apply it may
// give them up.
func anyOfOurs(domain libvirt.Domain, plan *model) disks {
	var ours disks
	if disk := libvirt.DiskByTarget(domain.Saved, plan.TargetDev.ValueString()); disk != nil && isOwnAlias(aliasName(*disk)) {
		ours.saved = disk
	}
	if disk := libvirt.DiskByTarget(domain.Live, plan.TargetDev.ValueString()); disk != nil && isOwnAlias(aliasName(*disk)) {
		ours.live = disk
	}
	return ours
}

func targetTaken(host *libvirt.Host, domain libvirt.Domain, plan *model, disk libvirtxml.DomainDisk) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already has a disk %s: %s.", domain.Name, host.Label(), disk.Target.Dev, libvirt.DescribeSource(disk)),
		Do:   "Choose another target_dev. A disk that somebody else attached is never changed from here.",
	}
	switch {
	case isOwnAlias(aliasName(disk)):
		p.Why = "It is a disk of this provider, and not as this resource asks for it."
		p.Do = fmt.Sprintf("A replacement that keeps target_dev can't be made before the present disk is gone: remove create_before_destroy, or change"+
			" target_dev too. The disk of another resource is removed in one apply, and this one added in the next. One that no resource has is imported:"+
			" terraform import ADDRESS %s/%s/%s.", host.Label(), plan.Domain.ValueString(), disk.Target.Dev)
	case sourceName(disk) == plan.source().String():
		p.Why = "It is a disk of the same pool and image, attached by somebody else or by an earlier configuration."
		p.Do = fmt.Sprintf("To manage that disk here, import it: terraform import ADDRESS %s/%s/%s. Otherwise choose another target_dev.",
			host.Label(), plan.Domain.ValueString(), disk.Target.Dev)
	}
	return p
}
