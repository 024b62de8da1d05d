package libvirtrbddisk

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
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
func refuseTaken(host *libvirt.Host, domain libvirt.Domain, plan *model, ours libvirt.Disks) error {
	for _, definition := range []*libvirt.Definition{domain.Live, domain.Saved} {
		if disk := definition.DiskByTarget(plan.TargetDev.ValueString()); disk != nil && !ours.Is(*disk) {
			return blame("target_dev", targetTaken(host, domain, plan, *disk))
		}
	}
	return nil
}

// anyOfOurs are the disks of this provider at the planned target, whichever resource they belong to: in the same apply it may
// give them up.
func anyOfOurs(domain libvirt.Domain, plan *model) libvirt.Disks {
	own := func(definition *libvirt.Definition) *libvirt.Disk {
		if disk := definition.DiskByTarget(plan.TargetDev.ValueString()); disk != nil && disk.Own() {
			return disk
		}
		return nil
	}
	return libvirt.Disks{Saved: own(domain.Saved), Live: own(domain.Live)}
}

func targetTaken(host *libvirt.Host, domain libvirt.Domain, plan *model, disk libvirt.Disk) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already has a disk %s: %s.", domain.Name, host.Label(), disk.Target, disk.DescribeSource()),
		Do:   "Choose another target_dev. A disk that somebody else attached is never changed from here.",
	}
	switch {
	case disk.Own():
		p.Why = "It is a disk of this provider, and not as this resource asks for it."
		p.Do = fmt.Sprintf("A replacement that keeps target_dev can't be made before the present disk is gone: remove create_before_destroy, or change"+
			" target_dev too. The disk of another resource is removed in one apply, and this one added in the next. One that no resource has is imported:"+
			" terraform import ADDRESS %s/%s/%s.", host.Label(), plan.Domain.ValueString(), disk.Target)
	case disk.Source() == plan.source().String():
		p.Why = "It is a disk of the same pool and image, attached by somebody else or by an earlier configuration."
		p.Do = fmt.Sprintf("To manage that disk here, import it: terraform import ADDRESS %s/%s/%s. Otherwise choose another target_dev.",
			host.Label(), plan.Domain.ValueString(), disk.Target)
	}
	return p
}

// check looks at everything that can be looked at before a guest is touched, but for who has the image.
func (j *job) check(ctx context.Context, diags *diag.Diagnostics) error {
	if err := checkHost(ctx, j.place, j.plan); err != nil {
		return err
	}
	return checkAccess(ctx, j.host, j.cluster, j.plan, diags)
}

// checkHost refuses what the hypervisor or the domain can't have.
func checkHost(ctx context.Context, where place, plan *model) error {
	if err := checkNamespace(ctx, where.host, plan); err != nil {
		return err
	}
	return checkBootOrder(where.host, where.domain, plan)
}

// checkNamespace refuses an RBD namespace on a host whose libvirt takes it for a part of the image's name.
func checkNamespace(ctx context.Context, host *libvirt.Host, plan *model) error {
	if plan.Namespace.ValueString() == "" {
		return nil
	}
	version, err := host.LibVersion(ctx)
	if err != nil || version.AtLeast(11, 6) {
		return err
	}
	return blame("namespace", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("Hypervisor %q runs libvirt %s, which can't open images in an RBD namespace.", host.Label(), version),
		Why:  "libvirt knows namespaces since 11.6.0. An older one takes NAMESPACE/IMAGE for the image's name, which no image has.",
		Do:   "Update libvirt on the host, or move the image to the pool's default namespace.",
	})
}

// checkBootOrder refuses a place in the boot order in a domain that chooses its boot devices as a whole.
func checkBootOrder(host *libvirt.Host, domain libvirt.Domain, plan *model) error {
	definition := domain.Saved
	if definition == nil {
		definition = domain.Live
	}
	if plan.BootOrder.IsNull() || !definition.BootsAsAWhole() {
		return nil
	}
	return blame("boot_order", &problem.Problem{
		Kind: problem.Invalid,
		What: fmt.Sprintf("Domain %q on hypervisor %q can't have a boot order by device.", domain.Name, host.Label()),
		Why:  "Its definition has <boot dev> in <os>, and libvirt allows one of the two. It adds <boot dev='hd'/> to a domain in which no device has an order.",
		Do:   "Remove boot_order; or give another device of the domain a <boot order> and take <boot dev> out of <os> (virsh edit), then apply again.",
	})
}

// checkSize makes sure that the size is that of the image: a guest is told the size of an image, which QEMU would otherwise
// cut or grow to fit.
func checkSize(plan *model, image ceph.Image) error {
	if plan.Size.IsNull() || plan.Size.Bytes() == image.SizeBytes {
		return nil
	}
	do := "Grow the image first, as by the size of its ceph_rbd_image, and refer to that: size = ceph_rbd_image.NAME.size."
	if plan.Size.Bytes() < image.SizeBytes {
		do = "Set size to that of the image, as in size = ceph_rbd_image.NAME.size, or leave it out. A disk is never made smaller from here."
	}
	return blame("size", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("The disk's size is %s, but image %s has %s.", plan.Size.ValueString(), plan.source(), tfkit.FormatSize(image.SizeBytes)),
		Why:  "size tells a guest how large its image has become. It never resizes the image.",
		Do:   do,
	})
}

// pluggable tells whether the domain, if it runs, can get the disk.
func pluggable(domain libvirt.Domain, plan *model) bool {
	return domain.Live.HotPlug(plan.Bus.ValueString()) != libvirt.PlugsNever
}

// checkPlug refuses a new disk that a running guest can't get.
func checkPlug(where place, plan *model) error {
	if !where.domain.Active || pluggable(where.domain, plan) {
		return nil
	}
	bus, why, do := plan.Bus.ValueString(), "QEMU has no hot-plug on this bus.", "Use bus \"scsi\" or \"virtio\"; or shut the domain off, apply, and start it."
	if !where.domain.Persistent {
		do = "Use bus \"scsi\" or \"virtio\"; or start the domain with the disk in its definition."
	}
	if bus == "virtio" || bus == "scsi" {
		why = "Its definition has no <acpi/> in <features>, and QEMU has no hot-plug of PCI devices without it on this machine type."
		do = "Shut the domain off, apply, and start it."
		if !where.domain.Persistent {
			do = "Start the domain with the disk in its definition."
		}
	}
	return blame("bus", &problem.Problem{
		Kind: problem.Unsupported,
		What: fmt.Sprintf("A disk on bus %q can't be plugged into domain %q while it runs on hypervisor %q.", bus, where.domain.Name, where.host.Label()),
		Why:  why,
		Do:   do,
	})
}

// doing is what a change does to a disk, of what a job or a managed save image can stand in the way of.
type doing struct {
	detaches, resizes bool
	renames           bool // the saved definition names the source, or its monitors, otherwise
	exchanges         bool // another image takes the place of the present one
}

// checkHeld refuses a change that a job or a managed save image stands in the way of. It is asked before anything is touched: what is
// found out by trying has changed the saved definition already.
func checkHeld(ctx context.Context, where place, found libvirt.Disks, target string, what doing) error {
	if where.domain.Active {
		if found.Live == nil {
			target = "" // There is no job on a disk that the running domain lacks.
		}
		return checkJob(ctx, where, target, what)
	}
	if found.Saved == nil || !what.detaches && !what.exchanges {
		return nil
	}
	restored, err := where.host.ManagedSave(ctx, where.domain.UUID)
	if err != nil || restored == nil || !restores(restored, *found.Saved) {
		return err
	}
	name := where.domain.Name
	return &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Domain %q on hypervisor %q has a managed save image, and the guest in it has disk %s.", name, where.host.Label(), target),
		Why: "The next start restores that guest with the disk as it was, whatever the saved definition says by then. Without the disk's image it can't be" +
			" restored at all, and what it had in memory is lost. Nothing was changed.",
		Do: fmt.Sprintf("Start the domain (virsh start %s), then apply again: it is done to the running guest then. Or give up the guest's memory, with all that"+
			" it has not written to its disks (virsh managedsave-remove %s), then apply again.", name, name),
	}
}

func checkJob(ctx context.Context, where place, target string, what doing) error {
	job, err := where.host.Job(ctx, where.domain.UUID, target)
	if err != nil || job == nil {
		return err
	}
	if job.Target == "" || what.detaches || what.resizes || what.renames && job.Rewrites {
		return where.host.Held(where.domain.Name, *job)
	}
	return nil
}

// restores tells whether the guest of a managed save image has the disk.
func restores(guest *libvirt.Definition, disk libvirt.Disk) bool {
	if disk.Own() {
		return guest.DiskByAlias(disk.Alias) != nil
	}
	return guest.DiskByTarget(disk.Target) != nil
}

// refuseHeld makes these checks for an update that touches the domain.
func (j *job) refuseHeld(ctx context.Context, state *model, image ceph.Image) error {
	if len(changes(state, j.plan, nil)) == 0 && !resized(state, j.plan) && j.missing() == 0 {
		return nil
	}
	moved := !state.FSID.IsNull() && !j.plan.FSID.IsNull() && !state.FSID.Equal(j.plan.FSID)
	other := len(changes(state, j.plan, namesImage)) > 0 &&
		(image.ID == "" || image.ID != state.ImageID.ValueString())
	err := checkHeld(ctx, j.place, j.found, state.TargetDev.ValueString(),
		doing{resizes: resized(state, j.plan), renames: renames(state, j.plan), exchanges: moved || other})
	var held *problem.Problem
	if !errors.As(err, &held) || held.Kind != problem.Refused || !resized(state, j.plan) {
		return err
	}
	// The plan refuses it before the image has grown; a job that began since is noticed only now.
	told := *held
	told.Do += " The image has its new size already: the guest is told of it then."
	return &told
}

func renames(state, plan *model) bool {
	return len(changes(state, plan, func(f libvirt.DiskField) bool { return namesImage(f) || f.Name == "monitors" })) > 0
}

// refusalOnly drops the error of a question that got no answer: the apply asks again.
func refusalOnly(err error) error {
	if problem.Is(err, problem.Refused) {
		return err
	}
	return nil
}

// opens tells whether a mistake in a field shows only when QEMU opens the image, at the next start of the domain: it is checked now.
func opens(f libvirt.DiskField) bool {
	return f.Source && f.Name != "monitors" && f.Name != "config_file"
}

// becomesWriter tells whether a disk that shared its image, or only read it, is to be the only one that has it.
func becomesWriter(state, plan *model) bool { return writesAlone(plan) && !writesAlone(state) }

func resized(state, plan *model) bool {
	return !plan.Size.IsNull() && plan.Size.Bytes() != state.Size.Bytes()
}

// checkUpdate makes all checks that the change calls for, before anything is touched.
func (j *job) checkUpdate(ctx context.Context, state *model, diags *diag.Diagnostics) (ceph.Image, error) {
	attaches := j.missing()&libvirt.Live != 0
	renamed := len(changes(state, j.plan, namesImage)) > 0
	moved := !state.FSID.IsNull() && !j.plan.FSID.IsNull() && !state.FSID.Equal(j.plan.FSID)
	opened := attaches || len(changes(state, j.plan, opens)) > 0 || moved
	becomes := becomesWriter(state, j.plan)
	image := ceph.Image{}
	var err error
	if opened || becomes || j.cluster != nil && (resized(state, j.plan) || j.plan.ImageID.IsUnknown()) {
		if image, err = findImage(ctx, j.cluster, j.plan); err != nil {
			return image, err
		}
	}
	if attaches || renamed || moved || becomes {
		if err := j.checkAlone(ctx, state, image); err != nil {
			return image, err
		}
	}
	if opened {
		if err := j.check(ctx, diags); err != nil {
			return image, err
		}
	}
	if attaches || renamed || moved || becomes {
		j.warnNamed(ctx, diags)
	}
	if resized(state, j.plan) {
		if err := checkSize(j.plan, image); err != nil {
			return image, err
		}
	}
	if renamed || moved {
		if err := j.refuseTwice(ctx); err != nil {
			return image, err
		}
		if err := j.checkRenamed(state, image, moved); err != nil {
			return image, err
		}
	}
	if j.plan.FSID.IsNull() {
		j.remembered.PoolID = 0
		j.plan.ImageID = types.StringNull()
	} else if image.ID != "" {
		j.remembered.PoolID = image.PoolID
		j.plan.ImageID = tfkit.StringOrNull(image.ID)
	}
	return image, nil
}

// checkAlone refuses, for a disk that is to open another image or to write its image alone, what else has that image. It stays locked
// until the disk is attached.
func (j *job) checkAlone(ctx context.Context, state *model, image ceph.Image) error {
	if err := j.lockImage(ctx, image); err != nil {
		return err
	}
	if err := j.readAgain(ctx, func(domain libvirt.Domain) libvirt.Disks { return state.ours(j.remembered).Find(domain) }); err != nil {
		return err
	}
	if err := j.refuseTwice(ctx); err != nil {
		return err
	}
	if err := j.refuseWrittenHere(image); err != nil {
		return err
	}
	switch {
	case j.found.Live == nil:
		return j.refuseOpened(ctx, 0)
	case becomesWriter(state, j.plan):
		return j.refuseOpened(ctx, 1)
	}
	return nil
}

// checkRenamed lets a running guest keep its image under a new name, and refuses to give it another one.
func (j *job) checkRenamed(state *model, image ceph.Image, moved bool) error {
	if j.found.Live == nil {
		return nil
	}
	same := !moved && image.ID != "" && image.ID == state.ImageID.ValueString() && image.PoolID == j.remembered.PoolID
	if !same {
		attribute := changes(state, j.plan, namesImage)
		if len(attribute) == 0 {
			attribute = []string{"cluster"}
		}
		return blame(attribute[0], sourceRefused(&j.place, state, j.plan))
	}
	if former := j.found.Live.Source(); !slices.Contains(j.remembered.FormerSources, former) {
		j.remembered.FormerSources = append(j.remembered.FormerSources, former)
	}
	return nil
}

// monitorPlaces are where the monitors of the planned disk listen: those of its cluster, and those that the plan names.
func (j *job) monitorPlaces(ctx context.Context) (rbdusage.Monitors, error) {
	places := rbdusage.Named(ctx, monitorList(j.plan.Monitors))
	if j.cluster == nil {
		return places, nil
	}
	monitors, err := j.cluster.Monitors(ctx)
	if err != nil {
		return nil, blame("cluster", err)
	}
	return places.With(rbdusage.Of(monitors)), nil
}

// refuseTwice refuses an image that the domain already names in another place: at another target, or as the base of an overlay.
// Images of two clusters may have one name, so the monitors count too; where they don't tell, the image is taken to be the same.
func (j *job) refuseTwice(ctx context.Context) error {
	if !writesAlone(j.plan) {
		return nil
	}
	uses, err := j.host.DomainImageUses(ctx, j.domain.UUID)
	if err != nil {
		return blame("domain", err)
	}
	var places rbdusage.Monitors
	for _, use := range uses {
		if use.Image != j.plan.source().String() || j.found.At(use.Target) {
			continue
		}
		if places == nil {
			if places, err = j.monitorPlaces(ctx); err != nil {
				return err
			}
		}
		if answer := places.Answer(ctx, use.Monitors); answer != rbdusage.No {
			return blame("image", j.namedTwice(use, answer))
		}
	}
	return nil
}

func (j *job) namedTwice(use libvirt.ImageUse, answer rbdusage.Answer) error {
	p := &problem.Problem{
		Kind: problem.Exists,
		What: fmt.Sprintf("Domain %q on hypervisor %q already names image %s: %s.", j.domain.Name, j.host.Label(), j.plan.source(), use.Where()),
		Why:  "What is written through a disk of its own destroys what hangs on the image there.",
		Do:   "Name another image.",
	}
	saved, live := j.domain.Saved.DiskByTarget(use.Target), j.domain.Live.DiskByTarget(use.Target)
	if use.Place == "" && (saved != nil || live != nil) {
		p.What = fmt.Sprintf("Domain %q on hypervisor %q already has image %s, as disk %s.",
			j.domain.Name, j.host.Label(), j.plan.source(), use.Target)
		p.Why = "One guest that writes an image through two disks destroys its content."
		p.Do = fmt.Sprintf("Name another image. To manage the disk that is there, set target_dev = %q and import it:"+
			" terraform import ADDRESS %s/%s/%s.",
			use.Target, j.host.Label(), j.plan.Domain.ValueString(), use.Target)
	}
	if answer == rbdusage.Unknown {
		p.Why += " It can't be told from here on which cluster that one is: it names no monitors, or not by address."
		p.Do += " If it is another cluster's, let it name that cluster's monitors by address (virsh edit)."
	}
	return p
}
