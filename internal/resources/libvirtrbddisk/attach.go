package libvirtrbddisk

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"libvirt.org/go/libvirtxml"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// job brings the disk of one domain to what a plan says.
type job struct {
	place
	found   disks
	cluster *ceph.Cluster // nil for a disk without one
	plan    *model
	// remembered tells how to find the disk again.
	remembered memory
	// fixedAddress is set where the configuration chose the address, so that no other may take its place.
	fixedAddress bool
	// touched tells that something was changed already.
	touched bool
	// contested tells that the disk is attached although somebody else has the image open.
	contested bool

	connections *tfkit.Connections
	taken       string // the planned disk, once it is noted as this job's
	unlocks     []func()
}

// putInPlace attaches the disk where it is missing and rewrites the saved definition where it differs.
func (j *job) putInPlace(ctx context.Context, image ceph.Image, diags *diag.Diagnostics) error {
	alias := ownAlias(j.domain.UUID, j.plan.TargetDev.ValueString())
	missing := j.missing()
	if missing != 0 {
		disk, err := j.missingDisk(ctx, alias)
		if err != nil {
			return err
		}
		if missing&libvirt.Live != 0 && j.plan.AttachProbe.ValueBool() {
			if err := j.host.ProbeDisk(ctx, j.domain, disk); err != nil {
				return explainKeyType(ctx, j.host, j.plan, err)
			}
		}
		if missing&libvirt.Live != 0 {
			// Once more, right before the attach: the probe took its time.
			if err := j.refuseOpened(ctx, 0); err != nil {
				return err
			}
		}
		if err := j.attach(ctx, disk, missing); err != nil {
			return explainKeyType(ctx, j.host, j.plan, err)
		}
		j.touched = true
		if missing&libvirt.Live != 0 {
			j.remembered.DetachAsked = 0 // It was followed, and this is another device.
		}
		if err := j.lookAgain(ctx, disk, missing, diags); err != nil {
			return err
		}
	}
	if writesAlone(j.plan) && (j.found.where()|missing)&libvirt.Live != 0 {
		j.holdImage(image)
	}
	if j.found.saved == nil {
		return nil
	}
	wanted, err := j.changed(ctx, j.found.saved)
	if err != nil || sameXML(wanted, *j.found.saved) {
		return err
	}
	if err := j.host.UpdateSavedDisk(ctx, j.domain.UUID, *j.found.saved, wanted); err != nil {
		return err
	}
	j.touched = true
	return nil
}

// missing tells where the domain lacks the disk. One that can't be plugged in comes with the next start; one whose source somebody
// has exchanged stays where it is.
func (j *job) missing() libvirt.Where {
	if j.found.exchanged(j.plan, j.remembered) != nil {
		return 0
	}
	missing := j.domain.Where() &^ j.found.where()
	if !pluggable(j.domain, j.plan) {
		missing &^= libvirt.Live
	}
	return missing
}

// missingDisk is the disk to attach where it is missing, modelled on the one that is left, if there is one.
func (j *job) missingDisk(ctx context.Context, alias string) (libvirtxml.DomainDisk, error) {
	base := j.found.saved
	if base == nil && j.found.live != nil {
		saved, err := forSaved(*j.found.live)
		if err != nil {
			return saved, err
		}
		base = &saved
	}
	if base == nil {
		return j.plan.newXML(alias), nil
	}
	disk, err := j.changed(ctx, base)
	disk.Alias = &libvirtxml.DomainAlias{Name: alias}
	return disk, err
}

// changed is a disk that is there as the plan asks for it. A source that somebody has exchanged stays.
func (j *job) changed(ctx context.Context, disk *libvirtxml.DomainDisk) (libvirtxml.DomainDisk, error) {
	named, err := withSecretUUID(ctx, j.host, *disk)
	if err != nil {
		return named, err
	}
	present := readXML(named)
	if exchanged(disk, j.plan, j.remembered) {
		present.keepSource(j.plan)
	}
	return j.plan.changedXML(disk, &present)
}

// attach attaches the disk. An address that libvirt chose for the other definition is only a wish in this one.
func (j *job) attach(ctx context.Context, disk libvirtxml.DomainDisk, where libvirt.Where) error {
	err := j.host.AttachDisk(ctx, j.domain.UUID, disk, where)
	if err != nil && disk.Address != nil && !j.fixedAddress && (problem.Is(err, problem.Other) || problem.Is(err, problem.Invalid)) {
		disk.Address = nil
		err = j.host.AttachDisk(ctx, j.domain.UUID, disk, where)
	}
	if err == nil || !problem.Is(err, problem.Unreachable) {
		return err
	}
	// Whether it took effect is not known: the domain itself tells, if it can be asked again.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), elsewhereLimit)
	defer cancel()
	now, again := j.host.Domain(asking, j.domain.UUID)
	if again != nil {
		return err
	}
	if found := find(now, j.plan, j.remembered); found.where()&where == where {
		return nil
	}
	return err
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
	if plan.BootOrder.IsNull() || definition == nil || definition.OS == nil || len(definition.OS.BootDevices) == 0 {
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

// read takes over, after a change, what the plan left open.
func (j *job) read(ctx context.Context) error {
	domain, err := j.host.Domain(ctx, j.domain.UUID)
	if err != nil {
		return err
	}
	found := find(domain, j.plan, j.remembered)
	if found.mirrored() == nil {
		return &problem.Problem{
			Kind: problem.Other,
			What: fmt.Sprintf("Disk %s of domain %q was not found again on hypervisor %q.", j.plan.TargetDev.ValueString(), domain.Name, j.host.Label()),
			Do:   "Plan again: the next refresh tells whether it is there.",
		}
	}
	j.domain, j.found = domain, found
	return nil
}

// addAttached reports an error of a later step: the disk is attached, and an error would make the next plan detach it.
func addAttached(diags *diag.Diagnostics, err error) {
	var l *located
	if errors.As(err, &l) {
		diags.AddAttributeWarning(l.at, "Disk attached, but not all of its settings", l.Error())
		return
	}
	diags.AddAttributeWarning(path.Root("target_dev"), "Disk attached, but not all of its settings", err.Error())
}
