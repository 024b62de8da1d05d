package main

import (
	"context"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type fakeProvider struct{}

func (fakeProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "ceph"
}

func (fakeProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerschema.Schema{}
}

func (fakeProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (fakeProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (fakeProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return fakeFunction{} }}
}

type fakeFunction struct{ function.Function }

func (fakeFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "quote"
}

func (fakeFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "In quotes", MarkdownDescription: "Puts a name in `quotes`.", Return: function.StringReturn{},
		Parameters: []function.Parameter{function.DynamicParameter{Name: "name", MarkdownDescription: "The name.", AllowNullValue: true}},
	}
}

func (fakeProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return fakeResource{name: "ceph_pool"} },
		func() resource.Resource { return fakeResource{name: "libvirt_rbd_disk"} },
	}
}

func (fakeProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{
		func() list.ListResource { return fakeResource{name: "ceph_pool"} },
		func() list.ListResource { return fakeResource{name: "libvirt_rbd_disk"} },
	}
}

func (fakeResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = listschema.Schema{Attributes: map[string]listschema.Attribute{"cluster": listschema.StringAttribute{Optional: true}}}
}

func (fakeResource) List(context.Context, list.ListRequest, *list.ListResultsStream) {}

type fakeResource struct {
	resource.Resource
	name string
}

func (r fakeResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.name
}

func (fakeResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		Version: 2,
		Attributes: map[string]schema.Attribute{
			"caps":   schema.MapAttribute{Required: true, ElementType: types.StringType, MarkdownDescription: "The `caps`."},
			"key_wo": schema.StringAttribute{Optional: true, Sensitive: true, WriteOnly: true},
			"monitors": schema.SetNestedAttribute{Computed: true, NestedObject: schema.NestedAttributeObject{
				Attributes: map[string]schema.Attribute{"port": schema.Int64Attribute{Computed: true}},
			}},
		},
	}
}

func (fakeResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true},
	}}
}

func fakeSchemas(t *testing.T) *tfjson.ProviderSchema {
	t.Helper()
	whole, err := schemas(t.Context(), providerserver.NewProtocol6(fakeProvider{})())
	if err != nil {
		t.Fatal(err)
	}
	return whole
}
