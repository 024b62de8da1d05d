// Package functions are the provider's functions: what a configuration writes as provider::ceph::NAME(…). They ask no cluster and
// no hypervisor, and equal arguments give equal results.
package functions

import (
	"github.com/hashicorp/terraform-plugin-framework/function"
)

// atArgument is an error that Terraform shows at the argument of that position; nil stays nil.
func atArgument(position int64, err error) *function.FuncError {
	if err == nil {
		return nil
	}
	return function.NewArgumentFuncError(position, err.Error())
}
