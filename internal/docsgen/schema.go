package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// schemas returns everything that the provider offers, in the form that the documentation tool reads.
//
// Similar to: terraform providers schema -json.
func schemas(ctx context.Context, server tfprotov6.ProviderServer) (*tfjson.ProviderSchema, error) {
	reply, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, d := range append(reply.Diagnostics, identities.Diagnostics...) {
		errs = append(errs, fmt.Errorf("%s: %s", d.Summary, d.Detail))
	}
	if len(reply.ActionSchemas) > 0 {
		errs = append(errs, errors.New("the provider offers actions, which docsgen does not pass on yet"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}

	whole := &tfjson.ProviderSchema{
		ConfigSchema:             oneSchema(reply.Provider),
		ResourceSchemas:          each(reply.ResourceSchemas, oneSchema),
		DataSourceSchemas:        each(reply.DataSourceSchemas, oneSchema),
		EphemeralResourceSchemas: each(reply.EphemeralResourceSchemas, oneSchema),
		ListResourceSchemas:      each(reply.ListResourceSchemas, oneSchema),
		ResourceIdentitySchemas:  each(identities.IdentitySchemas, identity),
		Functions:                each(reply.Functions, signature),
	}
	return whole, nil
}

// oneWord returns the types whose name begins with this word. The documentation tool refuses types whose first word is not the
// provider's name, so it gets the types of each word as those of another provider.
func oneWord(whole *tfjson.ProviderSchema, word string) *tfjson.ProviderSchemas {
	kept := &tfjson.ProviderSchema{
		ConfigSchema:             whole.ConfigSchema,
		ResourceSchemas:          only(whole.ResourceSchemas, word),
		DataSourceSchemas:        only(whole.DataSourceSchemas, word),
		EphemeralResourceSchemas: only(whole.EphemeralResourceSchemas, word),
		ListResourceSchemas:      only(whole.ListResourceSchemas, word),
		ResourceIdentitySchemas:  only(whole.ResourceIdentitySchemas, word),
	}
	if word == providerName { // a function's name begins with no word; it is called by the provider's name
		kept.Functions = whole.Functions
	}
	return &tfjson.ProviderSchemas{FormatVersion: "1.0", Schemas: map[string]*tfjson.ProviderSchema{word: kept}}
}

func only[T any](all map[string]T, word string) map[string]T {
	some := map[string]T{}
	for name, value := range all {
		if strings.HasPrefix(name, word+"_") {
			some[name] = value
		}
	}
	return some
}

func each[From, To any](from map[string]From, convert func(From) To) map[string]To {
	to := make(map[string]To, len(from))
	for name, value := range from {
		to[name] = convert(value)
	}
	return to
}

func oneSchema(s *tfprotov6.Schema) *tfjson.Schema {
	return &tfjson.Schema{Version: uint64(max(s.Version, 0)), Block: block(s.Block)} // #nosec G115 -- not negative
}

func block(b *tfprotov6.SchemaBlock) *tfjson.SchemaBlock {
	blocks := map[string]*tfjson.SchemaBlockType{}
	for _, nested := range b.BlockTypes {
		blocks[nested.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: tfjson.SchemaNestingMode(strings.ToLower(nested.Nesting.String())),
			Block:       block(nested.Block),
		}
	}
	return &tfjson.SchemaBlock{
		Attributes:      attributes(b.Attributes),
		NestedBlocks:    blocks,
		Description:     b.Description,
		DescriptionKind: kind(b.DescriptionKind),
		Deprecated:      b.Deprecated,
	}
}

func attributes(list []*tfprotov6.SchemaAttribute) map[string]*tfjson.SchemaAttribute {
	byName := map[string]*tfjson.SchemaAttribute{}
	for _, a := range list {
		converted := &tfjson.SchemaAttribute{
			Description:     a.Description,
			DescriptionKind: kind(a.DescriptionKind),
			Deprecated:      a.Deprecated,
			Required:        a.Required,
			Optional:        a.Optional,
			Computed:        a.Computed,
			Sensitive:       a.Sensitive,
			WriteOnly:       a.WriteOnly,
		}
		if a.NestedType != nil {
			converted.AttributeNestedType = &tfjson.SchemaNestedAttributeType{
				NestingMode: tfjson.SchemaNestingMode(strings.ToLower(a.NestedType.Nesting.String())),
				Attributes:  attributes(a.NestedType.Attributes),
			}
		} else {
			converted.AttributeType = ctyType(a.Type)
		}
		byName[a.Name] = converted
	}
	return byName
}

func identity(s *tfprotov6.ResourceIdentitySchema) *tfjson.IdentitySchema {
	converted := &tfjson.IdentitySchema{
		Version:    uint64(max(s.Version, 0)), // #nosec G115 -- not negative
		Attributes: map[string]*tfjson.IdentityAttribute{},
	}
	for _, a := range s.IdentityAttributes {
		converted.Attributes[a.Name] = &tfjson.IdentityAttribute{
			IdentityType:      ctyType(a.Type),
			Description:       a.Description,
			RequiredForImport: a.RequiredForImport,
			OptionalForImport: a.OptionalForImport,
		}
	}
	return converted
}

func signature(f *tfprotov6.Function) *tfjson.FunctionSignature {
	converted := &tfjson.FunctionSignature{Summary: f.Summary, Description: f.Description, ReturnType: ctyType(f.Return.Type)}
	for _, p := range f.Parameters {
		converted.Parameters = append(converted.Parameters, &tfjson.FunctionParameter{
			Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: ctyType(p.Type),
		})
	}
	return converted
}

// ctyType converts a type by way of JSON, which both libraries write and read.
func ctyType(t tftypes.Type) cty.Type {
	text, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprintf("a type of the schema can't be written down: %v", err))
	}
	converted, err := ctyjson.UnmarshalType(text)
	if err != nil {
		panic(fmt.Sprintf("a type of the schema can't be read back from %s: %v", text, err))
	}
	return converted
}

func kind(k tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if k == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}
