package functions

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// NewRBDCaps returns the function rbd_caps.
func NewRBDCaps() function.Function { return rbdCapsFunction{} }

type rbdCapsFunction struct{}

// rbdCaps is the type of the result.
var rbdCaps = map[string]attr.Type{"mon": types.StringType, "osd": types.StringType, "mgr": types.StringType}

func (rbdCapsFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "rbd_caps"
}

func (rbdCapsFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Least capabilities of a user of RBD images",
		MarkdownDescription: "The least capabilities with which a user opens the images of some pools, as `caps` of a `ceph_user` takes them:" +
			" an object of `mon`, `osd` and `mgr`. Names are quoted where they need it. The same access gives the same text, in whichever" +
			" order it is written.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name:               "what",
			AllowUnknownValues: true, // a wrong name is an error also where the pools' names are known only after apply
			MarkdownDescription: "An object of any of `pools`, `read_only_pools`, `namespaces` (a map of pool to its namespaces) and `data_pools`." +
				" Names are lists, sets or tuples of strings; null is as if left out.",
		}},
		Return: function.ObjectReturn{AttributeTypes: rbdCaps},
	}
}

func (rbdCapsFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var what types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &what); resp.Error != nil {
		return
	}
	access, known, err := rbdAccess(what)
	if err == nil && !known {
		resp.Error = resp.Result.Set(ctx, types.ObjectUnknown(rbdCaps))
		return
	}
	var caps map[string]string
	if err == nil {
		caps, err = access.Caps()
	}
	if err != nil {
		resp.Error = atArgument(0, err)
		return
	}
	values := map[string]attr.Value{}
	for service, text := range caps {
		values[service] = types.StringValue(text)
	}
	resp.Error = resp.Result.Set(ctx, types.ObjectValueMust(rbdCaps, values))
}

// rbdAccess reads the argument, and returns whether all of it is known.
func rbdAccess(what attr.Value) (access ceph.RBDAccess, known bool, err error) {
	given, known, err := fields("what", what)
	if err != nil {
		return access, true, err
	}
	lists := map[string]*[]string{"pools": &access.Pools, "read_only_pools": &access.ReadOnlyPools, "data_pools": &access.DataPools}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		isKnown := true
		switch list := lists[name]; {
		case list != nil:
			*list, isKnown, err = names(name, given[name])
		case name == "namespaces":
			access.Namespaces, isKnown, err = namespaces(given[name])
		default:
			err = &problem.Problem{
				Kind: problem.Invalid, What: fmt.Sprintf("%q is unknown here.", name),
				Do: "Write any of pools, read_only_pools, namespaces and data_pools.",
			}
		}
		if err != nil {
			return access, true, err
		}
		known = known && isKnown
	}
	return access, known, nil
}

// namespaces reads the namespaces of each pool.
func namespaces(value attr.Value) (byPool map[string][]string, known bool, err error) {
	pools, known, err := fields("namespaces", value)
	if err != nil {
		return nil, true, err
	}
	byPool = map[string][]string{}
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		list, isKnown, err := names(fmt.Sprintf("namespaces[%q]", pool), pools[pool])
		if err != nil {
			return nil, true, err
		}
		byPool[pool], known = list, known && isKnown
	}
	return byPool, known, nil
}
