package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	providerschema "github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

type toyProvider struct{}

func (toyProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "ceph"
}

func (toyProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = providerschema.Schema{}
}

func (toyProvider) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {
}

func (toyProvider) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (toyProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{func() function.Function { return toyFunction{} }}
}

type toyFunction struct{ function.Function }

func (toyFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "quote"
}

func (toyFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "In quotes", MarkdownDescription: "Puts a name in `quotes`.", Return: function.StringReturn{},
		Parameters: []function.Parameter{function.DynamicParameter{Name: "name", MarkdownDescription: "The name.", AllowNullValue: true}},
	}
}

func (toyProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		func() resource.Resource { return toyResource{name: "ceph_pool"} },
		func() resource.Resource { return toyResource{name: "libvirt_rbd_disk"} },
	}
}

type toyResource struct {
	resource.Resource
	name string
}

func (r toyResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.name
}

func (toyResource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
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

func (toyResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"name": identityschema.StringAttribute{RequiredForImport: true},
	}}
}

func toySchemas(t *testing.T) *tfjson.ProviderSchema {
	t.Helper()
	whole, err := schemas(t.Context(), providerserver.NewProtocol6(toyProvider{})())
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// The documentation tool reads the schema as JSON, so that is what is looked at.
func TestSchemasAreWhatTerraformWouldPrint(t *testing.T) {
	text, err := json.Marshal(toySchemas(t).ResourceSchemas["ceph_pool"])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		`"version":2`,
		`"caps":{"type":["map","string"],"description":"The ` + "`caps`" + `.","description_kind":"markdown","required":true}`,
		`"key_wo":{"type":"string","description_kind":"plain","optional":true,"sensitive":true,"write_only":true}`,
		`"monitors":{"nested_type":{"attributes":{"port":{"type":"number","description_kind":"plain","computed":true}},"nesting_mode":"set"}`,
	} {
		if !strings.Contains(string(text), part) {
			t.Errorf("%s is missing in\n%s", part, text)
		}
	}
	called, err := json.Marshal(toySchemas(t).Functions["quote"])
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"description":"Puts a name in ` + "`quotes`" + `.","summary":"In quotes","return_type":"string",` +
		`"parameters":[{"name":"name","description":"The name.","is_nullable":true,"type":"dynamic"}]}`; string(called) != want {
		t.Errorf("the function is told as\n%s\nwant\n%s", called, want)
	}
	if !toySchemas(t).ResourceIdentitySchemas["ceph_pool"].Attributes["name"].RequiredForImport {
		t.Error("the identity schema is lost")
	}
}

func TestHalfKeepsOneWord(t *testing.T) {
	for word, want := range map[string]string{"ceph": "ceph_pool", "libvirt": "libvirt_rbd_disk"} {
		got := half(toySchemas(t), word).Schemas[word]
		if names := slices.Collect(maps.Keys(got.ResourceSchemas)); !slices.Equal(names, []string{want}) {
			t.Errorf("%s: got %q", word, names)
		}
		if _, found := got.Functions["quote"]; found != (word == "ceph") {
			t.Errorf("%s: has the function: %v", word, found)
		}
		if len(got.ResourceIdentitySchemas) != 1 {
			t.Errorf("%s: %d identity schemas", word, len(got.ResourceIdentitySchemas))
		}
	}
}

func TestNames(t *testing.T) {
	for _, row := range []struct{ word, template, asSeen string }{
		{"ceph", "index.md.tmpl", "index.md.tmpl"},
		{"libvirt", "index.md.tmpl", ""},
		{"libvirt", "resources.md.tmpl", "resources.md.tmpl"},
		{"ceph", "guides/rotation.md.tmpl", "guides/rotation.md.tmpl"},
		{"libvirt", "guides/rotation.md.tmpl", ""},
		{"ceph", "functions/rbd_caps.md.tmpl", "functions/rbd_caps.md.tmpl"},
		{"libvirt", "functions/rbd_caps.md.tmpl", ""},
		{"ceph", "notes/functions/rbd_caps.md", ""},
		{"ceph", "resources/ceph_pool.md.tmpl", "resources/pool.md.tmpl"},
		{"libvirt", "resources/libvirt_rbd_disk.md.tmpl", "resources/rbd_disk.md.tmpl"},
		{"ceph", "resources/libvirt_rbd_disk.md.tmpl", ""},
	} {
		if got := templateName(row.word, row.template); got != row.asSeen {
			t.Errorf("template %s of %s: got %q, want %q", row.template, row.word, got, row.asSeen)
		}
	}
	for _, row := range []struct{ word, rendered, page string }{
		{"ceph", "index.md", "index.md"},
		{"ceph", "resources/pool.md", "resources/pool.md"},
		{"libvirt", "index.md", ""},
		{"libvirt", "guides/rotation.md", ""},
		{"libvirt", "resources/rbd_disk.md", "resources/libvirt_rbd_disk.md"},
		{"libvirt", "data-sources/ceph_secret.md", "data-sources/libvirt_ceph_secret.md"},
	} {
		if got := pageName(row.word, row.rendered); got != row.page {
			t.Errorf("page %s of %s: got %q, want %q", row.rendered, row.word, got, row.page)
		}
	}
}

func TestNotesGoToTheirPage(t *testing.T) {
	ours := map[string]string{
		"resources.md.tmpl":                        "before\n\n@@NOTES@@\n\nafter\n",
		"notes/resources/ceph_pool.md":             "pools\n",
		"notes/resources/libvirt_rbd_disk.md":      "disks\n",
		"notes/resources/ceph_of_another_time.md":  "gone\n",
		"notes/data-sources/libvirt_ceph_other.md": "gone\n",
	}
	for word, want := range map[string]map[string]string{
		"ceph":    {"resources.md.tmpl": "before\n\nafter\n", "resources/pool.md.tmpl": "before\n\npools\n\nafter\n"},
		"libvirt": {"resources.md.tmpl": "before\n\nafter\n", "resources/rbd_disk.md.tmpl": "before\n\ndisks\n\nafter\n"},
	} {
		if got := templates(ours, word, toySchemas(t)); !maps.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func TestCompleteNamesWhatIsMissing(t *testing.T) {
	root := t.TempDir()
	for _, file := range []string{
		"examples/resources/ceph_pool/resource.tf",
		"examples/resources/ceph_pool/import.sh",
		"examples/resources/ceph_pool/import-by-string-id.tf",
		"examples/resources/ceph_pool/import-by-identity.tf",
		"examples/resources/libvirt_rbd_disk/resource.tf",
		"examples/resources/libvirt_rbd_disk/import.sh",
		"examples/resources/libvirt_rbd_disk/import-by-string-id.tf",
		"examples/resources/libvirt_rbd_disk/import-by-identity.tf",
		"examples/functions/quote/function.tf",
		"templates/notes/resources/ceph_pool.md",
		"templates/notes/resources/libvirt_rbd_disk.md",
	} {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("  identity = {\n    name = \"x\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := complete(root, toySchemas(t)); err != nil {
		t.Fatalf("nothing is missing: %v", err)
	}
	for _, file := range []string{"examples/resources/ceph_pool/import.sh", "examples/functions/quote/function.tf"} {
		if err := os.Remove(filepath.Join(root, file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(root, "examples/resources/ceph_pol"), 0o700); err != nil {
		t.Fatal(err)
	}
	err := complete(root, toySchemas(t))
	for _, line := range []string{
		"ceph_pool lacks examples/resources/ceph_pool/import.sh", "quote lacks examples/functions/quote/function.tf",
		"examples/resources/ceph_pol belongs to no type",
	} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%q is missing in: %v", line, err)
		}
	}
}

func TestStaleSeesEveryKindOfDifference(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "docs")
	pages := map[string]string{"index.md": "one\ntwo\n", "resources/pool.md": "pool\n"}
	if err := write(dir, pages); err != nil {
		t.Fatal(err)
	}
	if err := stale(dir, pages); err != nil {
		t.Fatalf("just written, and already stale: %v", err)
	}
	for name, text := range map[string]string{"index.md": "one\nTWO\n", "resources/old.md": "old\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "resources", "pool.md")); err != nil {
		t.Fatal(err)
	}
	err := stale(dir, pages)
	if err == nil {
		t.Fatal("nothing seen")
	}
	for _, line := range []string{
		"index.md: differs from line 2", "resources/old.md: nothing makes", "resources/pool.md: missing",
		"make generate",
	} {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("%q is missing in: %v", line, err)
		}
	}
}
