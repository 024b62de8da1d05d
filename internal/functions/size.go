package functions

import (
	"context"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/function"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

// NewSize returns the function size.
func NewSize() function.Function { return sizeFunction{} }

type sizeFunction struct{}

func (sizeFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "size"
}

func (sizeFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Size of a number of bytes",
		MarkdownDescription: "A number of bytes as text, with the largest unit of 1024 that leaves no remainder:" +
			" `size(32212254720)` is `\"30GiB\"`, `size(1000)` is `\"1000\"`. It is what this provider's arguments take, and `bytes`" +
			" turns it back into the number.",
		Parameters: []function.Parameter{function.NumberParameter{
			Name:                "bytes",
			MarkdownDescription: "A whole number of bytes, less than 8 EiB.",
		}},
		Return: function.StringReturn{},
	}
}

func (sizeFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var number *big.Float
	if resp.Error = req.Arguments.Get(ctx, &number); resp.Error != nil {
		return
	}
	bytes, exact := number.Int64()
	if exact != big.Exact || bytes < 0 {
		resp.Error = atArgument(0, &problem.Problem{
			Kind: problem.Invalid, What: fmt.Sprintf("%s is not a number of bytes.", number.Text('f', -1)),
			Do: "Give a whole number from 0 to less than 8 EiB. floor() and ceil() round one.",
		})
		return
	}
	resp.Error = resp.Result.Set(ctx, tfkit.FormatSize(uint64(bytes)))
}
