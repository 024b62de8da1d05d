package tfkit

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// PrivateState is where a response keeps what is for the provider only, beside the state. It is no place for a key.
type PrivateState interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// Note keeps a value under a name in the private state.
func Note(ctx context.Context, private PrivateState, name string, value any) diag.Diagnostics {
	text, err := json.Marshal(value)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to record the private state", err.Error())}
	}
	return private.SetKey(ctx, name, text)
}

// PrivateStateRead is where a request has what [Note] kept.
type PrivateStateRead interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

// Recall is what [Note] kept under a name, empty where there is none.
func Recall[T any](ctx context.Context, private PrivateStateRead, name string, diags *diag.Diagnostics) T {
	var kept T
	text, d := private.GetKey(ctx, name)
	diags.Append(d...)
	if len(text) > 0 {
		if err := json.Unmarshal(text, &kept); err != nil {
			diags.AddWarning("Private state not readable", err.Error())
		}
	}
	return kept
}

// Noted is the text that [Note] kept, as the private state gives it back; empty where there is none.
func Noted(kept []byte) string {
	var text string
	if json.Unmarshal(kept, &text) != nil {
		return ""
	}
	return text
}
