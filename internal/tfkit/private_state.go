package tfkit

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// PrivateStateWriter is the private state of a response: Terraform stores it beside the state and shows it nowhere. It must never
// hold a key.
type PrivateStateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// privateStateReader is the private state of a request.
type privateStateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// SetPrivate stores a value under a name in the private state.
func SetPrivate(ctx context.Context, private PrivateStateWriter, name string, value any) diag.Diagnostics {
	text, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to record the private state", err.Error())}
	}
	return private.SetKey(ctx, name, text)
}

// GetPrivate returns the value that [SetPrivate] stored under a name, and the zero value where there is none.
func GetPrivate[T any](ctx context.Context, private privateStateReader, name string, diags *diag.Diagnostics) T {
	var value T
	text, d := private.GetKey(ctx, name)
	diags.Append(d...)
	if len(text) > 0 {
		if err := json.Unmarshal(text, &value); err != nil {
			diags.AddWarning("Private state not readable", err.Error())
		}
	}
	return value
}
