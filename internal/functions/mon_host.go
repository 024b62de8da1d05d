package functions

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// NewMonHost returns the function mon_host.
func NewMonHost() function.Function { return monHostFunction{} }

type monHostFunction struct{}

func (monHostFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "mon_host"
}

func (monHostFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Monitors as mon_host in ceph.conf",
		MarkdownDescription: "A cluster's monitors as the value of `mon_host` in ceph.conf, and of `ceph -m`. The same monitors give the same" +
			" text, in whichever order they come.",
		Parameters: []function.Parameter{function.DynamicParameter{
			Name:               "monitors",
			AllowUnknownValues: true,
			MarkdownDescription: "`monitors` of the data source `ceph_cluster`, or a list, set or tuple of strings: addresses or names, with or" +
				" without a port, or as in ceph.conf (`\"[v2:192.0.2.1:3300,v1:192.0.2.1:6789]\"`).",
		}},
		Return: function.StringReturn{},
	}
}

func (monHostFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var argument types.Dynamic
	if resp.Error = req.Arguments.Get(ctx, &argument); resp.Error != nil {
		return
	}
	list, known, err := monitors(argument)
	if err == nil && !known {
		resp.Error = resp.Result.Set(ctx, types.StringUnknown())
		return
	}
	var joined string
	if err == nil {
		joined, err = ceph.JoinMonHost(list)
	}
	if err != nil {
		resp.Error = atArgument(0, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, joined)
}

// monitors reads each monitor as mon_host lists it, and returns whether all are known.
func monitors(value attr.Value) (list []string, known bool, err error) {
	values, known, err := elements("monitors", value)
	if err != nil {
		return nil, true, err
	}
	for i, value := range values {
		at := fmt.Sprintf("monitors[%d]", i)
		read := text
		switch concrete(value).(type) {
		case types.Object, types.Map:
			read = monitor
		}
		name, isKnown, err := read(at, value)
		if err != nil {
			return nil, true, err
		}
		list, known = append(list, name), known && isKnown
	}
	return list, known, nil
}

// monitor is a monitor of the data source.
func monitor(at string, value attr.Value) (string, bool, error) {
	given, known, err := fields(at, value)
	if err != nil || !known {
		return "", known, err
	}
	var m ceph.Monitor
	for name, endpoint := range map[string]*ceph.Endpoint{"v1": &m.V1, "v2": &m.V2} {
		value, present := given[name]
		if !present {
			continue
		}
		var isKnown bool
		if *endpoint, isKnown, err = address(at+"."+name, value); err != nil {
			return "", true, err
		}
		known = known && isKnown
	}
	if known && m.V1 == (ceph.Endpoint{}) && m.V2 == (ceph.Endpoint{}) {
		return "", true, &problem.Problem{
			Kind: problem.Invalid, What: at + " has no address, neither v1 nor v2.",
			Do: "Give the attribute monitors of the data source ceph_cluster, or a list of strings.",
		}
	}
	return m.MonHost(), known, nil
}

// address is where a monitor listens for one protocol; a null one means that it doesn't.
func address(at string, value attr.Value) (endpoint ceph.Endpoint, known bool, err error) {
	given, known, err := fields(at, value)
	if err != nil || len(given) == 0 {
		return endpoint, known, err
	}
	host, port := given["host"], given["port"]
	if host == nil || port == nil {
		return endpoint, true, &problem.Problem{Kind: problem.Invalid, What: at + " lacks host or port.", Do: "Write both."}
	}
	var hostKnown bool
	if endpoint.Host, hostKnown, err = text(at+".host", host); err != nil {
		return endpoint, true, err
	}
	number, isNumber := concrete(port).(types.Number)
	switch {
	case port.IsUnknown() || concrete(port).IsUnknown():
		return endpoint, false, nil
	case !isNumber || number.IsNull():
		return endpoint, true, wrongType(at+".port", concrete(port), "a number")
	}
	whole, _ := number.ValueBigFloat().Int64()
	endpoint.Port = int(whole)
	return endpoint, hostKnown, nil
}
