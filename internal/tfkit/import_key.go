package tfkit

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
)

// ImportKey is the form of a resource's import id: the names of the attributes that its parts, separated by slashes, are written to. They
// are also the attributes of the resource identity.
type ImportKey []string

// Form is the id as users see it: CLUSTER/POOL.
func (k ImportKey) Form() string { return strings.ToUpper(strings.Join(k, "/")) }

// Schema is the schema of the resource identity.
func (k ImportKey) Schema() identityschema.Schema {
	attributes := make(map[string]identityschema.Attribute, len(k))
	for _, name := range k {
		attributes[name] = identityschema.StringAttribute{RequiredForImport: true}
	}
	return identityschema.Schema{Attributes: attributes}
}

// Import writes the parts of an import id, or of a resource identity, to the attributes of these names. It returns false after an error.
func (k ImportKey) Import(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) bool {
	for _, name := range k {
		if req.ID == "" {
			var part string
			resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(name), &part)...)
			resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), part)...)
		}
	}
	if req.ID != "" {
		parts := strings.Split(req.ID, "/")
		for i, name := range k {
			if len(parts) != len(k) || parts[i] == "" {
				resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf("%q is not of the form %s.", req.ID, k.Form()))
				return false
			}
			resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(name), parts[i])...)
		}
	}
	return !resp.Diagnostics.HasError()
}
