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

// Noted is the text that [Note] kept, as the private state gives it back; empty where there is none.
func Noted(kept []byte) string {
	var text string
	if json.Unmarshal(kept, &text) != nil {
		return ""
	}
	return text
}
