package tfkit

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ImportKey is by which attributes an object is known, in its import id and in its resource identity.
type ImportKey struct {
	// Form is that of the import id, as users see it. What is in brackets may be left out: CLUSTER/POOL[/NAMESPACE]/IMAGE.
	Form string
	// Attributes are the names of the attributes to which the parts of the form are written, in the same order.
	Attributes []string
}

// formParts are the parts of a form, each with what is in front of it.
var formParts = regexp.MustCompile(`\[?[/@]?[A-Z]+\]?`)

// optional tells which parts may be left out.
func (k ImportKey) optional() []bool {
	parts := formParts.FindAllString(k.Form, -1)
	optional := make([]bool, len(parts))
	for i, part := range parts {
		optional[i] = strings.HasPrefix(part, "[")
	}
	return optional
}

// formEnd is the part of a form that an at sign separates, with the one before it. Other parts, such as a label, may have at signs.
var formEnd = regexp.MustCompile(`[A-Z]+@[A-Z]+$`)

// pattern matches an import id, with a group for each part.
func (k ImportKey) pattern() *regexp.Regexp {
	form := formEnd.ReplaceAllLiteralString(k.Form, "([^/@]+)@([^/@]+)")
	form = strings.NewReplacer("[/", "(?:/", "]/", ")?/").Replace(form)
	return regexp.MustCompile("^" + regexp.MustCompile("[A-Z]+").ReplaceAllLiteralString(form, "([^/]+)") + "$")
}

// Schema is the schema of the resource identity.
func (k ImportKey) Schema() identityschema.Schema {
	attributes := make(map[string]identityschema.Attribute, len(k.Attributes))
	for i, optional := range k.optional() {
		attributes[k.Attributes[i]] = identityschema.StringAttribute{RequiredForImport: !optional, OptionalForImport: optional}
	}
	return identityschema.Schema{Attributes: attributes}
}

// Import writes the parts of an import id, or of a resource identity, to the attributes; one that is left out is null.
func (k ImportKey) Import(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	values := make([]types.String, len(k.Attributes))
	if req.ID == "" {
		for i, name := range k.Attributes {
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(name), &values[i])...)
		}
	} else {
		parts := k.pattern().FindStringSubmatch(req.ID)
		if parts == nil {
			resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf("%q is not of the form %s.", req.ID, k.Form))
			return
		}
		for i, part := range parts[1:] {
			if part != "" {
				values[i] = types.StringValue(part)
			}
		}
	}
	for i, name := range k.Attributes {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), values[i])...)
	}
}
