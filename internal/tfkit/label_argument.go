package tfkit

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

// LabelArgument is the label of the cluster or hypervisor that a data source reads.
func LabelArgument(noun string) schema.StringAttribute {
	return schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: fmt.Sprintf("Label of the %s in the provider block. May be left out where exactly one %s is configured.", noun,
			noun),
		Validators: []validator.String{LabelValidator()},
	}
}
