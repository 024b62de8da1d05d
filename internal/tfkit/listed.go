package tfkit

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	resourceschema "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Listed are the attributes that a resource has, by the same names and of the same types, for the objects of a listing: what a
// configuration needs to adopt one, and the id of its import. Left out are the timeouts, secrets, and what is named: arguments that only
// Terraform stores.
func Listed(ctx context.Context, of resource.Resource, without ...string) map[string]schema.Attribute {
	var described resource.SchemaResponse
	of.Schema(ctx, resource.SchemaRequest{}, &described)
	return allComputed(described.Schema.Attributes, append(without, "timeouts"))
}

// computed is a resource's attribute as one that is only read.
func computed(attribute resourceschema.Attribute) schema.Attribute {
	text := firstSentence(attribute.GetMarkdownDescription())
	switch a := attribute.(type) {
	case resourceschema.StringAttribute:
		return schema.StringAttribute{Computed: true, CustomType: a.CustomType, MarkdownDescription: text}
	case resourceschema.Int64Attribute:
		return schema.Int64Attribute{Computed: true, CustomType: a.CustomType, MarkdownDescription: text}
	case resourceschema.Float64Attribute:
		return schema.Float64Attribute{Computed: true, CustomType: a.CustomType, MarkdownDescription: text}
	case resourceschema.BoolAttribute:
		return schema.BoolAttribute{Computed: true, CustomType: a.CustomType, MarkdownDescription: text}
	case resourceschema.SetAttribute:
		return schema.SetAttribute{Computed: true, CustomType: a.CustomType, ElementType: a.ElementType, MarkdownDescription: text}
	case resourceschema.MapAttribute:
		return schema.MapAttribute{Computed: true, CustomType: a.CustomType, ElementType: a.ElementType, MarkdownDescription: text}
	case resourceschema.SingleNestedAttribute:
		return schema.SingleNestedAttribute{
			Computed: true, CustomType: a.CustomType, Attributes: allComputed(a.Attributes, nil), MarkdownDescription: text,
		}
	case resourceschema.SetNestedAttribute:
		return schema.SetNestedAttribute{
			Computed: true, CustomType: a.CustomType, MarkdownDescription: text,
			NestedObject: schema.NestedAttributeObject{Attributes: allComputed(a.NestedObject.Attributes, nil)},
		}
	}
	panic(fmt.Sprintf("an attribute of type %T is not known in a listing", attribute))
}

func allComputed(attributes map[string]resourceschema.Attribute, without []string) map[string]schema.Attribute {
	all := make(map[string]schema.Attribute, len(attributes))
	for name, attribute := range attributes {
		if !attribute.IsSensitive() && !attribute.IsWriteOnly() && !slices.Contains(without, name) {
			all[name] = computed(attribute)
		}
	}
	return all
}

// sentence is text up to a full stop outside of what is quoted as code.
var sentence = regexp.MustCompile("^(?:`[^`]*`|[^`])*?\\.(?: |$)")

// firstSentence is the sentence that says what an attribute is. The rest of a description is about changes.
func firstSentence(description string) string {
	if first := sentence.FindString(description); first != "" {
		return strings.TrimSpace(first)
	}
	return description
}

// ListOf turns models of a resource into the list attribute of that name, whose elements have the attributes of [Listed].
func ListOf[M any](ctx context.Context, in tfsdk.State, name string, models []M, diags *diag.Diagnostics) types.List {
	kind, d := in.Schema.TypeAtPath(ctx, path.Root(name))
	diags.Append(d...)
	list, ok := kind.(types.ListType)
	if !ok {
		return types.ListNull(types.StringType)
	}
	return ListOfType(list, models)
}

// ListOfType is ListOf for a list whose type is known.
func ListOfType[M any](list types.ListType, models []M) types.List {
	kind := list.ElemType.(attr.TypeWithAttributeTypes) //nolint:forcetypeassert // the elements are objects
	objects := make([]attr.Value, len(models))
	for i := range models {
		objects[i] = objectOf(kind, reflect.ValueOf(&models[i]).Elem())
	}
	return types.ListValueMust(list.ElemType, objects)
}

// objectOf makes an object of a type from the fields of a model, also of an embedded model, whose tags are the type's attributes.
// Other fields are left out.
func objectOf(kind attr.TypeWithAttributeTypes, model reflect.Value) types.Object {
	attributes := kind.AttributeTypes()
	values := make(map[string]attr.Value, len(attributes))
	for _, field := range reflect.VisibleFields(model.Type()) {
		if name := field.Tag.Get("tfsdk"); attributes[name] != nil {
			values[name] = model.FieldByIndex(field.Index).Interface().(attr.Value) //nolint:forcetypeassert // all fields of a model are
		}
	}
	return types.ObjectValueMust(attributes, values)
}
