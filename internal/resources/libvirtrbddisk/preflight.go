package libvirtrbddisk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/rbdusage"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// checkLimit is the timeout for the look at pool and image.
const checkLimit = 45 * time.Second

// findImage returns the planned image, or an error where its cluster has none. It is empty for a disk without a cluster.
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

// imageAtNextStart is the image that a guest opens when it is started, empty where that is not to be learned: the change doesn't need it.
func (j *job) imageAtNextStart(ctx context.Context) ceph.Image {
	if j.cluster == nil {
		return ceph.Image{}
	}
	asking, cancel := breaker.Optional(ctx, verifyLimit)
	defer cancel()
	image, err := j.cluster.Image(asking, j.plan.source())
	if err != nil {
		return ceph.Image{}
	}
	return image
}

// neededChecks are the checks that a change needs.
type neededChecks struct {
	image   bool // that the image is there
	alone   bool // that nobody else has it
	opens   bool // that the host can open it
	renamed bool // that it is the image which a running guest has open
}

// neededChecks returns the checks for a change from the state; nil is that of a new disk.
func (j *job) neededChecks(state *model) neededChecks {
	if state == nil {
		return neededChecks{image: true, alone: true, opens: true}
	}
	attaches := j.missing()&libvirt.Live != 0 || j.again.detaches()
	renamed := len(changes(state, j.plan, namesImage)) > 0 || moved(state, j.plan)
	becomes := becomesWriter(state, j.plan)
	opens := attaches || moved(state, j.plan) || len(changes(state, j.plan, opens)) > 0
	return neededChecks{
		image: opens || becomes || j.cluster != nil && (resized(state, j.plan) || gainsCluster(state, j.plan) || j.record.GoneOver),
		alone: attaches || renamed || becomes, opens: opens, renamed: renamed,
	}
}

// preflight makes all checks of a change before anything is touched. The state of a new disk is nil. The image stays locked from the
// check of who has it open until the job's release.
func (j *job) preflight(ctx context.Context, state *model, diags *diag.Diagnostics) (image ceph.Image, err error) {
	needed := j.neededChecks(state)
	err = j.checkDomain(ctx, state, needed)
	if err == nil && needed.image {
		image, err = findImage(ctx, j.cluster, j.plan)
	}
	if err == nil && needed.alone {
		err = j.checkAlone(ctx, state, needed, image)
	}
	if err == nil && needed.opens {
		err = j.checkAccess(ctx, image, diags)
	}
	if err == nil && needed.opens && j.cluster != nil && (state == nil || !copies(state, j.plan) && !j.wentOver(state, image)) {
		err = j.access().RefuseUnfinished(image)
	}
	if err == nil && j.cluster != nil && (state == nil || resized(state, j.plan)) {
		err = checkSize(j.plan, image)
	}
	if err == nil && needed.renamed {
		err = j.checkSource(ctx, state, image)
	} else if err == nil && state != nil {
		err = j.refuseExchangedImage(state, image)
	}
	if err == nil {
		err = j.checkHeld(ctx, state, image)
	}
	if err == nil && needed.alone && j.cluster != nil && writesAlone(j.plan) {
		tfkit.AddWarnings(diags, j.access().NamedElsewhere(ctx, j.connections.ImageSearch(), j.Domain)...)
	}
	return image, err
}

// checkDomain finds our disk in the domain, and checks that no other disk has its target or image, and that ours can be changed.
func (j *job) checkDomain(ctx context.Context, state *model, needed neededChecks) (err error) {
	if state == nil {
		if j.found, err = j.access().FromKilledCreate(ctx, j.plan.ours(diskRecord{}).Find(j.Domain)); err == nil && j.found.Live == nil {
			err = j.Host.RefusePlug(j.Domain, j.plan.disk())
		}
	} else {
		j.found = state.ours(j.record).Find(j.Domain)
	}
	if err == nil {
		err = j.Host.RefuseTaken(j.Domain, j.plan.disk(), j.found)
	}
	if err == nil && needed.alone && writesAlone(j.plan) {
		err = j.access().RefuseTwice(ctx, j.Domain, j.found)
	}
	if err == nil && state != nil {
		err = j.checkWritable(state)
	}
	return err
}

// checkWritable refuses a change that can't be written to the disk as it is now.
func (j *job) checkWritable(state *model) error {
	ours := state.ours(j.record)
	if disk := ours.ExchangedIn(j.found); disk != nil {
		if changed := changes(state, j.plan, ofSource); len(changed) > 0 {
			what := "can't be changed in its source: " + strings.Join(changed, ", ")
			return problem.At(changed[0], j.Host.RefuseExchanged(j.Domain, ours, j.found, *disk, what))
		}
	}
	return j.Host.RefuseLosses(j.Domain, j.found, len(changes(state, j.plan, nil)) > 0, j.missing() != 0)
}

// checkAlone locks the image, and refuses one that another disk has, of this apply or of others. The domain is read again, because another
// disk may have been attached before the lock.
func (j *job) checkAlone(ctx context.Context, state *model, needed neededChecks, image ceph.Image) error {
	err := j.lockImage(ctx, image)
	if err == nil {
		j.Domain, err = j.Host.Domain(ctx, j.Domain.UUID)
	}
	if err == nil {
		err = j.checkDomain(ctx, state, needed)
	}
	if err == nil {
		err = j.refuseWrittenHere(image)
	}
	switch {
	case err != nil:
		return err
	case j.found.Live == nil:
		return j.refuseOpened(ctx, 0)
	case state != nil && (becomesWriter(state, j.plan) || j.again.detaches()):
		return j.refuseOpened(ctx, 1)
	}
	return nil
}

// access returns how the planned disk is opened.
func (j *job) access() rbdusage.Access {
	return rbdusage.Access{Host: j.Host, Cluster: j.cluster, Disk: j.plan.disk(), Probed: j.plan.AttachProbe.ValueBool()}
}

// checkAccess checks that the domain supports the disk, and that its user, key and monitors can open the image.
func (j *job) checkAccess(ctx context.Context, image ceph.Image, diags *diag.Diagnostics) error {
	if err := j.Host.RefuseUnfit(ctx, j.Domain, j.plan.disk()); err != nil {
		return err
	}
	warnings, err := j.access().Check(ctx, image)
	tfkit.AddWarnings(diags, warnings...)
	return err
}

// checkSize refuses a size that is not the image's: QEMU would cut or grow the image to fit.
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

// checkHeld refuses a change of a disk that a job or a managed save image holds.
func (j *job) checkHeld(ctx context.Context, state *model, image ceph.Image) error {
	if j.copy == underWay || j.copy == overIt {
		return nil // the copy itself holds the disk
	}
	var what libvirt.Change
	if state != nil {
		if len(changes(state, j.plan, nil)) == 0 && !resized(state, j.plan) && j.missing() == 0 {
			return nil
		}
		other := len(changes(state, j.plan, namesImage)) > 0 && !state.has(image, j.record)
		what = libvirt.Change{
			Detaches: j.again.detaches() || j.copy == newCopy, Resizes: resized(state, j.plan), Renames: renames(state, j.plan),
			Exchanges: moved(state, j.plan) || other,
		}
	}
	err := j.Host.RefuseHeld(ctx, j.Domain, j.found, j.target(), what)
	if !what.Resizes || !problem.Is(err, problem.Refused) {
		return err
	}
	// The plan has not refused it, so the job has begun since, and the image has grown by now.
	return problem.Amend(err, func(p *problem.Problem) {
		p.Do += " The image has its new size already: the guest is told of it then."
	})
}

// refuseExchangedImage refuses what asks a running guest's image, or attaches it again, where the image's name, which stays, has come to
// mean another one: the guest may have the former one open.
func (j *job) refuseExchangedImage(state *model, image ceph.Image) error {
	unsure := state.ImageID.IsNull() || j.record.PoolID == 0
	if image.ID == "" || unsure || j.found.Live == nil || state.has(image, j.record) {
		return nil
	}
	consequence := ". The change would be checked with the other one."
	switch {
	case j.again.detaches():
		consequence = ". Attached again, the disk would have the content of the other one."
	case resized(state, j.plan):
		consequence = ", which would grow."
	}
	return problem.At("image", &problem.Problem{
		Kind: problem.Refused,
		What: fmt.Sprintf("Disk %s of domain %q on hypervisor %q was attached with the image of id %s, and %s has the id %s now.", j.target(),
			j.Domain.Name, j.Host.Label(), state.ImageID.ValueString(), j.plan.source(), image.ID),
		Why: "Somebody has put another image in its place, and the running guest may still have the former one open" + consequence,
		Do:  "Shut the guest off and apply, which records the image that it is to have; or give the images their names back.",
	})
}

// has tells whether an image is the one that the disk has, perhaps under another name.
func (m *model) has(image ceph.Image, record diskRecord) bool {
	return image.ID != "" && image.ID == m.ImageID.ValueString() && image.PoolID == record.PoolID
}

// moved tells whether the plan names another cluster.
func moved(state, plan *model) bool {
	return !state.FSID.IsNull() && !plan.FSID.IsNull() && !state.FSID.Equal(plan.FSID)
}

// gainsCluster tells whether the plan names the first cluster of a disk that had none.
func gainsCluster(state, plan *model) bool { return state.FSID.IsNull() && !plan.FSID.IsNull() }

func renames(state, plan *model) bool {
	return len(changes(state, plan, func(f libvirt.DiskField) bool { return namesImage(f) || f.Name == "monitors" })) > 0
}

// refusalOnly drops every error but a refusal: the apply asks again.
func refusalOnly(err error) error {
	if problem.Is(err, problem.Refused) {
		return err
	}
	return nil
}

// opens tells whether a wrong value of a field would show only when QEMU opens the image, so that a change of it needs a check.
func opens(f libvirt.DiskField) bool {
	return f.Source && f.Name != "monitors" && f.Name != "config_file"
}

// becomesWriter tells whether a disk that shared its image, or only read it, becomes the only one that may have it.
func becomesWriter(state, plan *model) bool { return writesAlone(plan) && !writesAlone(state) }

func resized(state, plan *model) bool {
	return !plan.Size.IsNull() && plan.Size.Bytes() != state.Size.Bytes()
}

// checkSource refuses another image for a running guest, unless its content is copied there. The same one under a new name is allowed, and
// the former name recorded.
func (j *job) checkSource(ctx context.Context, state *model, image ceph.Image) error {
	same := !moved(state, j.plan) && state.has(image, j.record)
	if !same && copies(state, j.plan) {
		return j.checkCopy(ctx, state, image)
	}
	if j.found.Live == nil {
		return nil
	}
	if !same {
		attribute := changes(state, j.plan, namesImage)
		if len(attribute) == 0 {
			attribute = []string{"cluster"}
		}
		return problem.At(attribute[0], j.RefuseSource(j.target(), state.source().String(), j.plan.source().String()))
	}
	if former := j.found.Live.Source(); !slices.Contains(j.record.FormerSources, former) {
		j.record.FormerSources = append(j.record.FormerSources, former)
	}
	return nil
}

// noteImage records the identity of the image, where it was looked at. The state of a new disk is nil.
func (j *job) noteImage(state *model, image ceph.Image) {
	planned := j.plan.ImageID
	switch {
	case j.plan.FSID.IsNull():
		j.record.PoolID, j.plan.ImageID = 0, types.StringNull()
	case image.ID != "" && !planned.IsUnknown() && planned.ValueString() != image.ID:
		j.record.PoolID = 0 // Terraform would refuse another id than the planned one. Without a pool the next refresh goes by the name.
	case image.ID != "":
		j.record.PoolID, j.plan.ImageID = image.PoolID, types.StringValue(image.ID)
	case state != nil && planned.IsUnknown() && j.plan.FSID.Equal(state.FSID):
		j.plan.ImageID = state.ImageID
	}
}
