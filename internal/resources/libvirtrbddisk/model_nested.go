package libvirtrbddisk

import (
	"fmt"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

var (
	monitorAttributes = map[string]attr.Type{"host": types.StringType, "port": types.Int64Type}
	monitorType       = types.ObjectType{AttrTypes: monitorAttributes}
)

// monitorList of the attribute; nothing for a null or unknown one.
func monitorList(set types.Set) []libvirt.Monitor {
	list := make([]libvirt.Monitor, 0, len(set.Elements()))
	for _, element := range set.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		host, _ := object.Attributes()["host"].(types.String)
		port, _ := object.Attributes()["port"].(types.Int64)
		list = append(list, libvirt.Monitor{Host: host.ValueString(), Port: int(port.ValueInt64())})
	}
	return list
}

func monitorSet(list []libvirt.Monitor) types.Set {
	if len(list) == 0 {
		return types.SetNull(monitorType)
	}
	var values []attr.Value
	for _, m := range libvirt.SortMonitors(list) {
		values = append(values, types.ObjectValueMust(monitorAttributes, map[string]attr.Value{
			"host": types.StringValue(m.Host), "port": tfkit.CountOrNull(uint(max(m.Port, 0))),
		}))
	}
	return types.SetValueMust(monitorType, values)
}

var addressTypes = map[string]attr.Type{
	"type": types.StringType, "domain": types.StringType, "bus": types.StringType, "slot": types.StringType, "function": types.StringType,
	"controller": types.StringType, "target": types.StringType, "unit": types.StringType,
}

// parsePart reads a number in decimal, or with 0x in hexadecimal.
func parsePart(text string, limit uint64) (uint64, error) {
	n, err := strconv.ParseUint(text, 0, 64)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%q is not a number from 0 to %d (0x%x), decimal or with 0x in hexadecimal", text, limit, limit)
	}
	return n, nil
}

func addressPart(object types.Object, name string) types.String {
	value, ok := object.Attributes()[name].(types.String)
	if !ok {
		return types.StringNull()
	}
	return value
}

// addressOf is the attribute as an address; absent parts are 0, as libvirt reads them.
func addressOf(object types.Object) *libvirt.Address {
	if object.IsNull() || object.IsUnknown() {
		return nil
	}
	address := &libvirt.Address{Type: addressPart(object, "type").ValueString()}
	for _, p := range libvirt.AddressParts[address.Type] {
		n, err := parsePart(addressPart(object, p.Name).ValueString(), p.Limit)
		if err != nil {
			n = 0
		}
		address.Numbers = append(address.Numbers, uint(n))
	}
	return address
}

// addressObject is an address as the attribute, null for none.
func addressObject(address *libvirt.Address) types.Object {
	if address == nil {
		return types.ObjectNull(addressTypes)
	}
	values := make(map[string]attr.Value, len(addressTypes))
	for name := range addressTypes {
		values[name] = types.StringNull()
	}
	values["type"] = types.StringValue(address.Type)
	for i, p := range libvirt.AddressParts[address.Type] {
		values[p.Name] = types.StringValue(fmt.Sprintf(p.Format, address.Numbers[i]))
	}
	return types.ObjectValueMust(addressTypes, values)
}

// planAddress completes a configured address: a part that is left out is 0, and one that belongs to the other type is null.
// Parts that mean the recorded number keep its spelling.
func planAddress(config, state types.Object) types.Object {
	if config.IsNull() || config.IsUnknown() {
		return config
	}
	kind := addressPart(config, "type")
	if kind.IsUnknown() {
		return types.ObjectUnknown(addressTypes)
	}
	values := make(map[string]attr.Value, len(addressTypes))
	for name := range addressTypes {
		values[name] = types.StringNull()
	}
	values["type"] = kind
	for _, p := range libvirt.AddressParts[kind.ValueString()] {
		value := addressPart(config, p.Name)
		if value.IsNull() {
			value = types.StringValue(fmt.Sprintf(p.Format, 0))
		}
		recorded := addressPart(state, p.Name)
		n, err := parsePart(value.ValueString(), p.Limit)
		was, errWas := parsePart(recorded.ValueString(), p.Limit)
		if !value.IsUnknown() && err == nil && errWas == nil && n == was {
			value = recorded
		}
		values[p.Name] = value
	}
	return types.ObjectValueMust(addressTypes, values)
}

const groupName = "group_name"

func limitTypes() map[string]attr.Type {
	all := map[string]attr.Type{groupName: types.StringType}
	for _, name := range libvirt.LimitNames() {
		all[name] = types.Int64Type
	}
	return all
}

// limitsOf is the attribute as the limits of a disk.
func limitsOf(object types.Object) libvirt.Limits {
	limits := libvirt.Limits{Rates: map[string]uint64{}}
	for name, value := range object.Attributes() {
		switch value := value.(type) {
		case types.Int64:
			limits.Rates[name] = uint64(max(value.ValueInt64(), 0))
		case types.String:
			limits.Group = value.ValueString()
		}
	}
	return limits
}

// limitsObject are limits as the attribute, null where nothing is limited.
func limitsObject(limits libvirt.Limits) types.Object {
	if len(limits.Rates) == 0 && limits.Group == "" {
		return types.ObjectNull(limitTypes())
	}
	values := map[string]attr.Value{groupName: tfkit.StringOrNull(limits.Group)}
	for _, name := range libvirt.LimitNames() {
		values[name] = types.Int64Null()
		if n := limits.Rates[name]; n != 0 {
			values[name] = types.Int64Value(int64(n)) //nolint:gosec // libvirt's own limit is below 2^63
		}
	}
	return types.ObjectValueMust(limitTypes(), values)
}
