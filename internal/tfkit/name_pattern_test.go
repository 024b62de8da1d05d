package tfkit

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestFits(t *testing.T) {
	names := []string{"vm", "vms", "vm.s", "vm/s", "my-vm", "VM", "vm\ns", "vmé"}
	for pattern, want := range map[string][]string{
		"*":    names,
		"vm":   {"vm"},
		"vm*":  {"vm", "vms", "vm.s", "vm/s", "vm\ns", "vmé"},
		"vm?":  {"vms", "vmé"},
		"vm?s": {"vm.s", "vm/s", "vm\ns"},
		"vm.s": {"vm.s"},
		"*vm":  {"vm", "my-vm"},
		"*-*":  {"my-vm"},
		"x*":   nil,
	} {
		fits := Fits(types.StringValue(pattern))
		for _, name := range names {
			if fits(name) != slices.Contains(want, name) {
				t.Errorf("%q: %q fits is %v", pattern, name, fits(name))
			}
		}
	}
	if !Fits(types.StringNull())("vm") {
		t.Error("without a pattern a name does not fit")
	}
}

func TestNamePatternIsValidated(t *testing.T) {
	for pattern, valid := range map[string]bool{
		"*": true, "vm-*_?.x@2": true, "": false, "vm[ab]": false, "^vm": false, "vm|ct": false, "{a,b}": false, `vm\*`: false, "vm.+": false,
	} {
		for _, v := range NamePattern("the names").Validators {
			resp := &validator.StringResponse{}
			v.ValidateString(t.Context(), validator.StringRequest{Path: path.Root("name_pattern"), ConfigValue: types.StringValue(pattern)}, resp)
			if resp.Diagnostics.HasError() == valid {
				t.Errorf("%q: valid is %v: %v", pattern, valid, resp.Diagnostics)
			}
		}
	}
}
