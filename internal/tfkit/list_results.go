package tfkit

import (
	"context"
	"math"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ImportDefaults are the arguments that only Terraform stores, by name, with the values that an import gives them.
type ImportDefaults map[string]attr.Value

// Set sets the arguments in the state of an import.
func (d ImportDefaults) Set(
	ctx context.Context, state interface {
		SetAttribute(ctx context.Context, at path.Path, value any) diag.Diagnostics
	}, diags *diag.Diagnostics,
) {
	for name, value := range d {
		diags.Append(state.SetAttribute(ctx, path.Root(name), value)...)
	}
}

// Filters are the arguments by which a data source of several selects objects, as arguments of a list resource.
func Filters(ctx context.Context, of datasource.DataSource) map[string]listschema.Attribute {
	var described datasource.SchemaResponse
	of.Schema(ctx, datasource.SchemaRequest{}, &described)
	filters := map[string]listschema.Attribute{}
	for name, attribute := range described.Schema.Attributes {
		if a, isText := attribute.(schema.StringAttribute); isText && a.Optional {
			filters[name] = Filter(a)
		}
	}
	return filters
}

// Filter is an argument of a data source as one of a list resource.
func Filter(of schema.StringAttribute) listschema.StringAttribute {
	return listschema.StringAttribute{Optional: true, MarkdownDescription: of.MarkdownDescription, Validators: of.Validators}
}

// ListResults is the stream of a list resource: what it finds goes to Terraform one by one.
type ListResults[M any] struct {
	// Imported is what is known of an object when an import begins: the arguments that only Terraform stores.
	Imported M
	// Whole tells that Terraform asks for all attributes of the objects, and not only for their identities.
	Whole bool
	// Diags go with the next result, or end the stream.
	Diags diag.Diagnostics

	req   list.ListRequest
	push  func(list.ListResult) bool
	left  int64 // how many results Terraform still wants
	ended bool
}

// StreamList answers a query: find gets its filter, and adds what it finds to the results. Its error ends the stream.
func StreamList[F, M any](
	ctx context.Context, req list.ListRequest, stream *list.ListResultsStream, summary string, defaults ImportDefaults,
	find func(filter F, results *ListResults[M]) error,
) {
	stream.Results = func(push func(list.ListResult) bool) {
		results := &ListResults[M]{Whole: req.IncludeResource, req: req, push: push, left: req.Limit}
		if req.Limit <= 0 {
			results.left = math.MaxInt64
		}
		imported := req.NewListResult(ctx).Resource
		ImportDefaults{"id": types.StringNull()}.Set(ctx, imported, &results.Diags) // of a null object it makes one of null attributes
		defaults.Set(ctx, imported, &results.Diags)
		results.Diags.Append(imported.Get(ctx, &results.Imported)...)
		var filter F
		if Get(ctx, req.Config, &filter, &results.Diags) {
			if err := find(filter, results); err != nil {
				AddError(&results.Diags, summary, err)
			}
		}
		if len(results.Diags) > 0 && !results.ended {
			push(list.ListResult{Diagnostics: results.Diags})
		}
	}
}

// Add sends an object to Terraform. It returns false when no more are wanted.
func (r *ListResults[M]) Add(ctx context.Context, name string, identity any, m *M) bool {
	result := r.req.NewListResult(ctx)
	result.DisplayName = name
	result.Diagnostics, r.Diags = r.Diags, nil
	result.Diagnostics.Append(result.Identity.Set(ctx, identity)...)
	if r.Whole {
		result.Diagnostics.Append(result.Resource.Set(ctx, m)...)
	} else {
		result.Resource = nil
	}
	r.left--
	r.ended = !r.push(result)
	return !r.ended && r.left > 0
}
