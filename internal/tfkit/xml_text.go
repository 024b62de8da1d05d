package tfkit

import (
	"context"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// XMLText refuses characters that a secret's XML does not give back unchanged: each refresh would show a text that libvirt seems to have
// changed.
type XMLText struct {
	Described
	Allowed string // control characters that may be in the text
}

// ValidateString is called by the framework.
func (v XMLText) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	unfit := func(r rune) bool {
		return unicode.IsControl(r) && !strings.ContainsRune(v.Allowed, r) || r == unicode.ReplacementChar
	}
	if strings.ContainsFunc(req.ConfigValue.ValueString(), unfit) {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid text",
			"The text has a control character, which can't be written in XML as libvirt takes it. Remove it, for example with trimspace().")
	}
}
