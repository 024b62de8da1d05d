package main

import (
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// stripped returns the schema without validators and plan modifiers, which are the provider's work. Defaults and types stay.
func stripped(s schema.Schema) schema.Schema {
	s.Attributes, s.Blocks = strippedAll(s.Attributes), strippedAll(s.Blocks)
	return s
}

func strippedAll[T any](all map[string]T) map[string]T {
	copies := make(map[string]T, len(all))
	for name, one := range all {
		if stripped, ok := strippedValue(reflect.ValueOf(one)).Interface().(T); ok {
			copies[name] = stripped
		}
	}
	return copies
}

// strippedValue returns a copy of an attribute, a block or a nested object. The framework has about twenty types of them, all of which
// name these fields alike.
func strippedValue(value reflect.Value) reflect.Value {
	c := reflect.New(value.Type()).Elem()
	c.Set(value)
	for _, name := range []string{"Validators", "PlanModifiers"} {
		if field := c.FieldByName(name); field.IsValid() {
			field.SetZero()
		}
	}
	if nested := c.FieldByName("NestedObject"); nested.IsValid() {
		nested.Set(strippedValue(nested))
	}
	if attributes := c.FieldByName("Attributes"); attributes.IsValid() {
		all, ok := attributes.Interface().(map[string]schema.Attribute)
		if ok {
			attributes.Set(reflect.ValueOf(strippedAll(all)))
		}
	}
	if blocks := c.FieldByName("Blocks"); blocks.IsValid() {
		if all, ok := blocks.Interface().(map[string]schema.Block); ok {
			blocks.Set(reflect.ValueOf(strippedAll(all)))
		}
	}
	return c
}
