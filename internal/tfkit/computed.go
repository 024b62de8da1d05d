package tfkit

import (
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// ComputedText is an attribute of a data source that holds a text and can only be read.
func ComputedText(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, MarkdownDescription: description}
}

// ComputedNumber is an attribute of a data source that holds a whole number and can only be read. The description tells its unit.
func ComputedNumber(description string) schema.Int64Attribute {
	return schema.Int64Attribute{Computed: true, MarkdownDescription: description}
}

// ComputedSize is an attribute of a data source that holds a [Size] and can only be read.
func ComputedSize(description string) schema.StringAttribute {
	return schema.StringAttribute{Computed: true, CustomType: SizeType{}, MarkdownDescription: description}
}

// ComputedMap is an attribute of a data source that holds texts by name and can only be read.
func ComputedMap(description string) schema.MapAttribute {
	return schema.MapAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: description}
}
