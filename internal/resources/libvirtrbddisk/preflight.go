package libvirtrbddisk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// checkLimit bounds everything that is looked at before a guest is touched, apart from the wait for watchers.
const checkLimit = 45 * time.Second

// findImage makes sure that the cluster has the image, and returns it; nothing is known of it where the disk has no cluster.
func findImage(ctx context.Context, cluster *ceph.Cluster, plan *model) (ceph.Image, error) {
	if cluster == nil {
		return ceph.Image{}, nil
	}
	checking, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if _, err := cluster.Pool(checking, plan.Pool.ValueString()); err != nil {
		return ceph.Image{}, problem.At("pool", err)
	}
	image, err := cluster.Image(checking, plan.source())
	if err != nil {
		return image, problem.At("image", err)
	}
	return image, nil
}

// openElsewhereAdvice is what to do about an image that a second guest would write.
const openElsewhereAdvice = "Detach it there first. Where several guests are meant to share the image, with a file system made for that, set" +
	" shareable = true on all of them; a guest that only reads takes read_only = true."

// access is how the planned disk is opened.
func (j *job) access() rbdusage.Access {
	return rbdusage.Access{Host: j.host, Cluster: j.cluster, Disk: j.plan.disk(), Probed: j.plan.AttachProbe.ValueBool()}
}

// check looks at everything that can be looked at before a guest is touched, but for who has the image.
func (j *job) check(ctx context.Context, diags *diag.Diagnostics) error {
	if err := j.host.RefuseUnfit(ctx, j.domain, j.plan.disk()); err != nil {
		return err
	}
	warnings, err := j.access().Check(ctx)
	tfkit.AddWarnings(diags, warnings)
	return err
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
	return problem.At("size", &problem.Problem{
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

// refuseHeld makes these checks for an update that touches the domain.
func (j *job) refuseHeld(ctx context.Context, state *model, image ceph.Image) error {
	if len(changes(state, j.plan, nil)) == 0 && !resized(state, j.plan) && j.missing() == 0 {
		return nil
	}
	moved := !state.FSID.IsNull() && !j.plan.FSID.IsNull() && !state.FSID.Equal(j.plan.FSID)
	other := len(changes(state, j.plan, namesImage)) > 0 &&
		(image.ID == "" || image.ID != state.ImageID.ValueString())
	err := j.host.RefuseHeld(ctx, j.domain, j.found, state.TargetDev.ValueString(),
		libvirt.Change{Resizes: resized(state, j.plan), Renames: renames(state, j.plan), Exchanges: moved || other})
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
		return problem.At(attribute[0], sourceRefused(&j.place, state, j.plan))
	}
	if former := j.found.Live.Source(); !slices.Contains(j.remembered.FormerSources, former) {
		j.remembered.FormerSources = append(j.remembered.FormerSources, former)
	}
	return nil
}

// checkPresent refuses what can't be written to the disk as it is now.
func (j *job) checkPresent(state *model) error {
	ours := state.ours(j.remembered)
	if disk := ours.ExchangedIn(j.found); disk != nil {
		if changed := changes(state, j.plan, ofSource); len(changed) > 0 {
			what := "can't be changed in its source: " + strings.Join(changed, ", ")
			return problem.At(changed[0], j.host.RefuseExchanged(j.domain, ours, j.found, *disk, what))
		}
	}
	return j.host.RefuseLosses(j.domain, j.found, len(changes(state, j.plan, nil)) > 0, j.missing() != 0)
}

// refuseTwice refuses an image that the domain already names in another place.
func (j *job) refuseTwice(ctx context.Context) error {
	if !writesAlone(j.plan) {
		return nil
	}
	return j.access().RefuseTwice(ctx, j.domain, j.found)
}
