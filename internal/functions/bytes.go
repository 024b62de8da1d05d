package functions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewBytes returns the function bytes.
func NewBytes() function.Function { return bytesFunction{} }

type bytesFunction struct{}

func (bytesFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "bytes"
}

func (bytesFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Number of bytes of a size",
		MarkdownDescription: "The number of bytes of a size as this provider's arguments take it, to calculate with:" +
			" `bytes(\"30GiB\")` is 32212254720. `size` turns it back into text.",
		Parameters: []function.Parameter{function.StringParameter{
			Name: "size",
			MarkdownDescription: "A whole number of bytes, or one with a unit of 1024 such as `\"30GiB\"` or `\"30720M\"`." +
				" Decimal units (`\"30GB\"`) are refused, because readers disagree on what they mean.",
		}},
		Return: function.Int64Return{},
	}
}

func (bytesFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var size string
	if resp.Error = req.Arguments.Get(ctx, &size); resp.Error != nil {
		return
	}
	bytes, err := tfkit.ParseSize(size)
	if err != nil {
		resp.Error = atArgument(0, err)
		return
	}
	resp.Error = resp.Result.Set(ctx, int64(bytes)) //nolint:gosec // ParseSize takes at most 8 EiB
}
