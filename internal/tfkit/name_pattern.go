package tfkit

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// NamePattern is the argument with which a data source of several objects selects some of them.
func NamePattern(names string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true,
		MarkdownDescription: fmt.Sprintf("Pattern of %s, which the whole name has to fit: `*` stands for any number of characters, also none,"+
			" `?` for exactly one, and everything else for itself, also in upper and lower case. Default: `*`. One that nothing fits gives an"+
			" empty list.", names),
		Validators: []validator.String{patternValidator{}},
	}
}

type patternValidator struct{ Described }

// otherSyntax are the characters that show a regular expression or a pattern of a shell.
const otherSyntax = `[]{}()^$|+\`

// ValidateString is called by the framework.
func (patternValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	pattern, why := req.ConfigValue.ValueString(), ""
	if pattern == "" {
		why = "The pattern is empty: no name fits it. Leave the argument out to list all."
	} else if at := strings.IndexAny(pattern, otherSyntax); at >= 0 {
		why = fmt.Sprintf("%q has a %q, which has no meaning in a pattern: there are only * for any number of characters and ? for exactly one."+
			" Where the names have such a character, write ? for it.", pattern, pattern[at:at+1])
	}
	if why != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid name pattern", why)
	}
}

// Fits returns a function that reports whether a name fits a pattern. Where there is no pattern, every name fits.
func Fits(pattern types.String) func(name string) bool {
	if pattern.IsNull() {
		return func(string) bool { return true }
	}
	form := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(pattern.ValueString()))
	return regexp.MustCompile(`(?s)^` + form + `$`).MatchString
}
