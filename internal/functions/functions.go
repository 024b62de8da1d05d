// Package functions has the provider's functions, which a configuration calls as provider::ceph::NAME(…). They ask no cluster and
// no hypervisor. Equal arguments give equal results.
package functions

import (
	"github.com/hashicorp/terraform-plugin-framework/function"
)

// atArgument is an error that Terraform shows at the argument of that position; nil for a nil error.
func atArgument(position int64, err error) *function.FuncError {
	if err == nil {
		return nil
	}
	return function.NewArgumentFuncError(position, err.Error())
}
