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
	return image, problem.At("image", err)
}

// asked is what a change asks of the disk's surroundings.
type asked struct {
	image   bool // which image it is
	alone   bool // that nobody else has it
	opens   bool // that it can be opened
	renamed bool // that a running guest keeps it
}

// asks tells what the change from a state calls for; a new disk, which has none, calls for all but a rename.
func (j *job) asks(state *model) asked {
	if state == nil {
		return asked{image: true, alone: true, opens: true}
	}
	attaches := j.missing()&libvirt.Live != 0
	renamed := len(changes(state, j.plan, namesImage)) > 0 || moved(state, j.plan)
	becomes := becomesWriter(state, j.plan)
	opens := attaches || moved(state, j.plan) || len(changes(state, j.plan, opens)) > 0
	return asked{
		image: opens || becomes || j.cluster != nil && (resized(state, j.plan) || j.plan.ImageID.IsUnknown()),
		alone: attaches || renamed || becomes, opens: opens, renamed: renamed,
	}
}

// preflight makes all checks of a change, in their order, before anything is touched. There is no state of a new disk. The image stays
// locked from the look at who has it until the disk is attached.
func (j *job) preflight(ctx context.Context, state *model, diags *diag.Diagnostics) (image ceph.Image, err error) {
	asks := j.asks(state)
	err = j.checkStanding(ctx, state, asks)
	if err == nil && asks.image {
		image, err = findImage(ctx, j.cluster, j.plan)
	}
	if err == nil && asks.alone {
		err = j.checkAlone(ctx, state, asks, image)
	}
	if err == nil && asks.opens {
		err = j.check(ctx, diags)
	}
	if err == nil && j.cluster != nil && (state == nil || resized(state, j.plan)) {
		err = checkSize(j.plan, image)
	}
	if err == nil && asks.renamed {
		err = j.checkRenamed(state, image)
	}
	if err == nil {
		err = j.checkHeld(ctx, state, image)
	}
	if err == nil && asks.alone && j.cluster != nil && writesAlone(j.plan) {
		tfkit.AddWarnings(diags, j.access().NamedElsewhere(ctx, j.connections.ImageSearch(), j.Domain))
	}
	return image, err
}

// checkStanding looks at the domain's disks as they are now: whether the target is free or ours, the image named by no other, and ours
// such that it can be changed.
func (j *job) checkStanding(ctx context.Context, state *model, asks asked) (err error) {
	if state == nil {
		if j.found, err = j.access().FromKilledCreate(ctx, j.plan.ours(memory{}).Find(j.Domain)); err == nil && j.found.Live == nil {
			err = j.Host.RefusePlug(j.Domain, j.plan.Bus.ValueString())
		}
	} else {
		j.found = state.ours(j.remembered).Find(j.Domain)
	}
	if err == nil {
		err = j.Host.RefuseTaken(j.Domain, j.plan.disk(), j.found)
	}
	if err == nil && asks.alone && writesAlone(j.plan) {
		err = j.access().RefuseTwice(ctx, j.Domain, j.found)
	}
	if err == nil && state != nil {
		err = j.checkPresent(state)
	}
	return err
}

// checkPresent refuses what can't be written to the disk as it is now.
func (j *job) checkPresent(state *model) error {
	ours := state.ours(j.remembered)
	if disk := ours.ExchangedIn(j.found); disk != nil {
		if changed := changes(state, j.plan, ofSource); len(changed) > 0 {
			what := "can't be changed in its source: " + strings.Join(changed, ", ")
			return problem.At(changed[0], j.Host.RefuseExchanged(j.Domain, ours, j.found, *disk, what))
		}
	}
	return j.Host.RefuseLosses(j.Domain, j.found, len(changes(state, j.plan, nil)) > 0, j.missing() != 0)
}

// checkAlone refuses what else has the image, of this apply and of others. It stays locked until the disk is attached, and the domain is
// looked at again, because another disk may have been attached meanwhile.
func (j *job) checkAlone(ctx context.Context, state *model, asks asked, image ceph.Image) error {
	err := j.lockImage(ctx, image)
	if err == nil {
		j.Domain, err = j.Host.Domain(ctx, j.Domain.UUID)
	}
	if err == nil {
		err = j.checkStanding(ctx, state, asks)
	}
	if err == nil {
		err = j.refuseWrittenHere(image)
	}
	switch {
	case err != nil:
		return err
	case j.found.Live == nil:
		return j.refuseOpened(ctx, 0)
	case state != nil && becomesWriter(state, j.plan):
		return j.refuseOpened(ctx, 1)
	}
	return nil
}

// access is how the planned disk is opened.
func (j *job) access() rbdusage.Access {
	return rbdusage.Access{Host: j.Host, Cluster: j.cluster, Disk: j.plan.disk(), Probed: j.plan.AttachProbe.ValueBool()}
}

// check looks at everything that can be looked at before a guest is touched, but for who has the image.
func (j *job) check(ctx context.Context, diags *diag.Diagnostics) error {
	if err := j.Host.RefuseUnfit(ctx, j.Domain, j.plan.disk()); err != nil {
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
		What: fmt.Sprintf("The disk's size is %s, but image %s has %s.",
			plan.Size.ValueString(), plan.source(), tfkit.FormatSize(image.SizeBytes)),
		Why: "size tells a guest how large its image has become. It never resizes the image.",
		Do:  do,
	})
}

// checkHeld refuses what a job or a managed save image stands in the way of.
func (j *job) checkHeld(ctx context.Context, state *model, image ceph.Image) error {
	var what libvirt.Change
	if state != nil {
		if len(changes(state, j.plan, nil)) == 0 && !resized(state, j.plan) && j.missing() == 0 {
			return nil
		}
		other := len(changes(state, j.plan, namesImage)) > 0 && (image.ID == "" || image.ID != state.ImageID.ValueString())
		what = libvirt.Change{Resizes: resized(state, j.plan), Renames: renames(state, j.plan), Exchanges: moved(state, j.plan) || other}
	}
	err := j.Host.RefuseHeld(ctx, j.Domain, j.found, j.target(), what)
	told := problem.Copy(err)
	var held *problem.Problem
	if !what.Resizes || !errors.As(told, &held) || held.Kind != problem.Refused {
		return err
	}
	// The plan refuses it before the image has grown; a job that began since is noticed only now.
	held.Do += " The image has its new size already: the guest is told of it then."
	return told
}

// moved tells whether the disk is to be on another cluster.
func moved(state, plan *model) bool {
	return !state.FSID.IsNull() && !plan.FSID.IsNull() && !state.FSID.Equal(plan.FSID)
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

// checkRenamed lets a running guest keep its image under a new name, and refuses to give it another one.
func (j *job) checkRenamed(state *model, image ceph.Image) error {
	if j.found.Live == nil {
		return nil
	}
	same := !moved(state, j.plan) && image.ID != "" && image.ID == state.ImageID.ValueString() && image.PoolID == j.remembered.PoolID
	if !same {
		attribute := changes(state, j.plan, namesImage)
		if len(attribute) == 0 {
			attribute = []string{"cluster"}
		}
		return problem.At(attribute[0], j.RefuseSource(j.target(), state.source().String(), j.plan.source().String()))
	}
	if former := j.found.Live.Source(); !slices.Contains(j.remembered.FormerSources, former) {
		j.remembered.FormerSources = append(j.remembered.FormerSources, former)
	}
	return nil
}

// noteImage takes over the identity of the image that was found.
func (j *job) noteImage(image ceph.Image) {
	switch {
	case j.plan.FSID.IsNull():
		j.remembered.PoolID, j.plan.ImageID = 0, types.StringNull()
	case image.ID != "":
		j.remembered.PoolID, j.plan.ImageID = image.PoolID, types.StringValue(image.ID)
	}
}
