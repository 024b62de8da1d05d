package functions

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Terraform calls a function with a partly unknown value only if the function allows it. OpenTofu calls it unless the value is
// unknown as a whole. So each of these functions also returns whether all is known. Null means none; a null element is an error.

// fields are the values of an object or a map, by name.
func fields(at string, value attr.Value) (byName map[string]attr.Value, known bool, err error) {
	switch value := concrete(value).(type) {
	case types.Object:
		return value.Attributes(), !value.IsUnknown(), nil
	case types.Map:
		return value.Elements(), !value.IsUnknown(), nil
	case types.Dynamic:
		return nil, !value.IsUnknown(), nil
	default:
		return nil, true, wrongType(at, value, "an object or a map")
	}
}

// elements are the values in a list, a set or a tuple.
func elements(at string, value attr.Value) (list []attr.Value, known bool, err error) {
	switch value := concrete(value).(type) {
	case interface {
		attr.Value
		Elements() []attr.Value
	}: // a list, a set or a tuple
		return value.Elements(), !value.IsUnknown(), nil
	case types.Dynamic:
		return nil, !value.IsUnknown(), nil
	default:
		return nil, true, wrongType(at, value, "a list or a set")
	}
}

// names are the strings in a list, a set or a tuple.
func names(at string, value attr.Value) (list []string, known bool, err error) {
	values, known, err := elements(at, value)
	for i, value := range values {
		name, isKnown, err := text(fmt.Sprintf("%s[%d]", at, i), value)
		if err != nil {
			return nil, true, err
		}
		known = known && isKnown
		list = append(list, name)
	}
	return list, known, err
}

// text is a string that can't be null.
func text(at string, value attr.Value) (string, bool, error) {
	value = concrete(value)
	text, isText := value.(types.String)
	if value.IsNull() || !isText && !value.IsUnknown() {
		return "", true, wrongType(at, value, "a string")
	}
	return text.ValueString(), !value.IsUnknown(), nil
}

// concrete is the value inside a dynamic value. Where that is null or unknown without a type, it is the dynamic value itself.
func concrete(value attr.Value) attr.Value {
	for {
		dynamic, ok := value.(types.Dynamic)
		if !ok || dynamic.IsNull() || dynamic.IsUnknown() {
			return value
		}
		value = dynamic.UnderlyingValue()
	}
}

func wrongType(at string, value attr.Value, want string) error {
	is := "of another type"
	switch value.(type) {
	case types.String:
		is = "a string"
	case types.Number:
		is = "a number"
	case types.Bool:
		is = "a bool"
	case types.List, types.Set, types.Tuple:
		is = "a list"
	case types.Map, types.Object:
		is = "an object"
	}
	if value.IsNull() {
		is = "null"
	}
	return &problem.Problem{Kind: problem.Invalid, What: fmt.Sprintf("%s is %s.", at, is), Do: fmt.Sprintf("Write %s.", want)}
}
