package libvirtrbddisk

import (
	"context"
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

// elsewhereLimit bounds the question whether a domain that is shut off here runs on another hypervisor: one that is down
// must not hold up the others.
const elsewhereLimit = 5 * time.Second

// place is where a domain is and where its disks are changed.
type place struct {
	host   *libvirt.Host
	domain libvirt.Domain
	// unasked are the hypervisors of which it isn't known whether the domain, shut off here, runs there.
	unasked []unasked
}

// unasked is a hypervisor that could not be asked, and why.
type unasked struct {
	label string
	err   error
}

// locate finds a domain by its UUID: at home, or after a migration on another configured hypervisor. A domain that is shut
// off at home and runs elsewhere is there; so it is nowhere while a hypervisor on which it was seen last can't be asked. It is
// problem.NotFound only when every hypervisor says so, and problem.Unknown where only hypervisors whose settings are not known yet
// might say otherwise. The recorded disk tells where it was seen.
func (r *diskResource) locate(ctx context.Context, home *libvirt.Host, recorded *model) (place, error) {
	uuid := recorded.DomainUUID.ValueString()
	domain, err := home.Domain(ctx, uuid)
	if err != nil && !problem.Is(err, problem.NotFound) || err == nil && domain.Active {
		return place{host: home, domain: domain}, err
	}
	away := recorded.RunningOn.ValueString()
	if away == home.Label() || away == recorded.Hypervisor.ValueString() {
		away = ""
	}
	others := slices.DeleteFunc(r.Hypervisors.All(), func(h *libvirt.Host) bool { return h == home })
	asking := ctx
	if err == nil && away == "" {
		bounded, cancel := context.WithTimeout(ctx, elsewhereLimit)
		defer cancel()
		asking = bounded
	}
	found, unanswered := libvirt.FindDomain(asking, others, uuid)
	for _, there := range found {
		if there.Domain.Active {
			return place{host: there.Host, domain: there.Domain}, nil
		}
	}
	silent := r.unasked(unanswered)
	switch {
	case err == nil && slices.ContainsFunc(silent, func(u unasked) bool { return u.label == away }):
		return place{}, lastSeen(home, domain, away, silent)
	case err == nil:
		return place{host: home, domain: domain, unasked: silent}, nil
	case len(silent) > 0:
		return place{}, undecided(home, uuid, silent)
	case len(found) > 0:
		return place{host: found[0].Host, domain: found[0].Domain}, nil
	}
	return place{}, err
}

// unasked are the hypervisors that gave no answer, and those whose settings are known only after the apply.
func (r *diskResource) unasked(unanswered []libvirt.Unanswered) []unasked {
	var list []unasked
	for _, u := range unanswered {
		list = append(list, unasked{u.Host.Label(), u.Err})
	}
	for _, label := range r.Hypervisors.Unasked() {
		list = append(list, unasked{label, r.Hypervisors.NotKnown(label)})
	}
	return list
}

// silence is the kind of an error that only silence has caused: with unknown settings alone it is over after the apply.
func silence(list []unasked) problem.Kind {
	if slices.ContainsFunc(list, func(u unasked) bool { return !problem.Is(u.err, problem.Unknown) }) {
		return problem.Unreachable
	}
	return problem.Unknown
}

// undecided is the answer where a domain is not at home and not every other hypervisor could be asked.
func undecided(home *libvirt.Host, uuid string, silent []unasked) error {
	return &problem.Problem{
		Kind: silence(silent),
		What: fmt.Sprintf("Domain %s is no longer on hypervisor %q, and it is not known where it is.", uuid, home.Label()),
		Why:  "It may have been migrated, and not every configured hypervisor could be asked.",
		Do:   "Make the hypervisors answer that are named below, then plan again.",
		Raw:  reasons(silent),
	}
}

// lastSeen is the answer where a domain is shut off at home, as a migration leaves it, and the hypervisor to which it went does
// not answer.
func lastSeen(home *libvirt.Host, domain libvirt.Domain, away string, silent []unasked) error {
	return &problem.Problem{
		Kind: silence(slices.DeleteFunc(slices.Clone(silent), func(u unasked) bool { return u.label != away })),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q, and it is not known whether it still runs on hypervisor %q.", domain.Name, home.Label(), away),
		Why:  "It was seen there last, and that hypervisor could not be asked. What is left where it came from says nothing about its disks.",
		Do: fmt.Sprintf("Make hypervisor %q answer, then plan again. If it is gone for good, remove it from the hypervisors of provider \"ceph\":"+
			" the disk is then the one on hypervisor %q.", away, home.Label()),
		Raw: reasons(silent),
	}
}

// perhapsElsewhere is the answer where the definition of a domain that is shut off here lacks the disk, and the domain may run, with the
// disk, on a hypervisor that could not be asked.
func (p place) perhapsElsewhere(target string) error {
	if len(p.unasked) == 0 {
		return nil
	}
	return &problem.Problem{
		Kind: silence(p.unasked),
		What: fmt.Sprintf("Domain %q is shut off on hypervisor %q without disk %s, and it is not known whether it runs elsewhere with it.",
			p.domain.Name, p.host.Label(), target),
		Why: "It may have been migrated, and not every configured hypervisor could be asked.",
		Do: "Make the hypervisors answer that are named below, then plan again. One that is gone for good is removed from the hypervisors of" +
			" provider \"ceph\".",
		Raw: reasons(p.unasked),
	}
}

func reasons(list []unasked) string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.err.Error()
	}
	return strings.Join(texts, "; ")
}

// warnUnasked tells that a domain which is shut off here was not looked for everywhere.
func (p place) warnUnasked(diags *diag.Diagnostics) {
	if len(p.unasked) == 0 {
		return
	}
	names := make([]string, len(p.unasked))
	for i, u := range p.unasked {
		names[i] = fmt.Sprintf("%q", u.label)
	}
	diags.AddWarning(fmt.Sprintf("Domain %q not looked for everywhere", p.domain.Name), fmt.Sprintf(
		"It is shut off on hypervisor %q. Whether it runs on %s was not to be learned, because no answer came from there. Its disk is taken to be the"+
			" one in the definition on hypervisor %q.\n\n%s", p.host.Label(), strings.Join(names, ", "), p.host.Label(), reasons(p.unasked)))
}

// verifyLimit bounds what a cluster is asked about a disk that exists: it is the hypervisor's word that counts.
const verifyLimit = 5 * time.Second

const notVerified = "Source of the disk not verified"

// clusterHome is the cluster of a planned disk.
type clusterHome = tfkit.Home[*ceph.Cluster]

// noCluster is the home of a disk that has none: it says itself where its monitors are.
var noCluster = clusterHome{Label: types.StringNull(), Identity: types.StringNull()}

// planCluster settles the cluster in a plan. A disk that names neither a cluster nor monitors belongs to the only one that
// is configured when it is created, and later to the one with that fsid.
//
// An existing disk whose cluster does not answer is planned without it, as long as it stays there.
func (p *planning) planCluster(ctx context.Context) (clusterHome, error) {
	config, state := p.config, p.state
	named := !config.Cluster.IsNull() && config.Cluster.Equal(state.Cluster)
	stays := named || config.Cluster.IsNull() && config.Monitors.IsNull()
	if !p.exists || state.FSID.IsNull() || !stays {
		return p.configuredCluster(ctx)
	}
	var home clusterHome
	ask := func(ctx context.Context) (err error) {
		home, err = p.configuredCluster(ctx)
		return err
	}
	var err error
	if len(changes(state, p.plan, namesImage)) > 0 {
		err = ask(ctx) // It has to tell whether that is the same image.
	} else {
		err = p.Courtesy(ctx, state.FSID.ValueString(), ask)
	}
	if problem.Is(err, problem.Unreachable) {
		tfkit.AddWarning(p.diags, notVerified, err)
		return clusterHome{Label: config.Cluster, Identity: state.FSID}, nil
	}
	return home, err
}

// configuredCluster is the cluster that the configuration means.
func (p *planning) configuredCluster(ctx context.Context) (clusterHome, error) {
	switch {
	case !p.config.Cluster.IsNull():
		return p.Clusters.PlanHome(ctx, p.config.Cluster, p.state.Cluster, p.state.FSID, p.diags)
	case !p.config.Monitors.IsNull(), p.exists && p.state.FSID.IsNull():
		return noCluster, nil
	case p.exists:
		home, err := p.rememberedCluster(ctx, p.state, p.diags)
		if problem.Is(err, problem.Unknown) {
			return clusterHome{Identity: p.state.FSID}, nil
		}
		return home, err
	}
	home, err := p.Clusters.PlanHome(ctx, types.StringNull(), types.StringNull(), types.StringNull(), p.diags)
	if problem.Is(err, problem.Invalid) {
		err = needsCluster(err)
	}
	return home, err
}

// rememberedCluster finds the cluster of a disk that exists: by its label, or by the remembered fsid.
func (r *diskResource) rememberedCluster(ctx context.Context, state *model, diags *diag.Diagnostics) (clusterHome, error) {
	home, err := r.Clusters.ResolveHome(ctx, state.Cluster, state.FSID, diags)
	if state.Cluster.IsNull() && problem.Is(err, problem.Invalid) {
		err = &problem.Problem{
			Kind: problem.Invalid,
			What: fmt.Sprintf("The provider block has no cluster with the fsid %s, to which the disk belongs.", state.FSID.ValueString()),
			Do:   "Add that cluster to the clusters of provider \"ceph\", or set monitors to do without it.",
		}
	}
	return home, err
}

// settleCluster settles the cluster at apply; nil for a disk without one.
func (r *diskResource) settleCluster(ctx context.Context, config, plan *model, diags *diag.Diagnostics) (*ceph.Cluster, error) {
	if plan.FSID.IsNull() {
		return nil, nil
	}
	var home clusterHome
	var err error
	if config.Cluster.IsNull() && !plan.FSID.IsUnknown() {
		home, err = r.rememberedCluster(ctx, &model{Cluster: types.StringNull(), FSID: plan.FSID}, diags)
	} else {
		home, err = r.Clusters.SettleHome(ctx, plan.Cluster, plan.FSID, diags)
	}
	if err != nil {
		return nil, problem.At("cluster", err)
	}
	plan.FSID = home.Identity
	return home.Target, nil
}

func needsCluster(cause error) error {
	return &problem.Problem{
		Kind: problem.Invalid,
		What: "The disk says neither which cluster its image is on nor where the monitors are.",
		Why:  cause.Error(),
		Do:   "Set cluster to a label of the provider block, or set monitors.",
	}
}

// readCluster notes which cluster an imported disk is on.
func (r *diskResource) readCluster(ctx context.Context, host *libvirt.Host, state *model, diags *diag.Diagnostics) error {
	asking, cancel := context.WithTimeout(ctx, elsewhereLimit)
	defer cancel()
	cluster, undecided := rbdusage.ClusterOf(asking, r.Clusters.All(), host, state.disk())
	if undecided {
		diags.AddAttributeWarning(path.Root("cluster"), "Cluster of the disk not known", "The disk names no monitors, or by names"+
			" that mean nothing here, and it is not exactly one configured cluster that has the image and the key that the disk's"+
			" secret holds. The disk is imported without a cluster; where the configuration names one, the first apply takes it over.")
	}
	if cluster == nil {
		return nil
	}
	fsid, err := cluster.FSID(ctx)
	if err == nil {
		state.Cluster, state.FSID = types.StringValue(cluster.Label()), types.StringValue(fsid)
	}
	return err
}

// clusterForUpdate settles the cluster only where the update asks it something: a disk whose cluster is down can still be
// changed in what concerns the hypervisor alone.
func (r *diskResource) clusterForUpdate(ctx context.Context, config, state, plan *model, diags *diag.Diagnostics) (*ceph.Cluster, error) {
	cluster, err := r.settleCluster(ctx, config, plan, diags)
	if problem.Is(err, problem.Unreachable) && !plan.FSID.IsUnknown() && plan.FSID.Equal(state.FSID) && !asksCluster(state, plan) {
		return nil, nil
	}
	return cluster, err
}

func asksCluster(state, plan *model) bool {
	return len(changes(state, plan, opens)) > 0 || becomesWriter(state, plan) || plan.Monitors.IsUnknown() || plan.ImageID.IsUnknown() || resized(state, plan) ||
		plan.Live.ValueBool() && !state.Live.ValueBool()
}
