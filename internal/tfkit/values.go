package tfkit

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Fill replaces a value that the plan left unknown by the actual one. A value that the plan fixed stays as planned: the next
// refresh shows any difference.
func Fill[T attr.Value](planned *T, actual T) {
	if (*planned).IsUnknown() {
		*planned = actual
	}
}

// FullyKnown tells whether neither a value nor anything in it is unknown.
func FullyKnown(ctx context.Context, value attr.Value) bool {
	whole, err := value.ToTerraformValue(ctx)
	return err == nil && whole.IsFullyKnown()
}

// JoinID is an id of its parts, without those that are null, and unknown while one of them is.
func JoinID(parts ...types.String) types.String {
	var known []string
	for _, part := range parts {
		if part.IsUnknown() {
			return types.StringUnknown()
		}
		if !part.IsNull() {
			known = append(known, part.ValueString())
		}
	}
	return types.StringValue(strings.Join(known, "/"))
}

// StringOrNull is a text, null where it is empty.
func StringOrNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// CountOrNull is a count, null where it is 0.
func CountOrNull(n uint) types.Int64 {
	if n == 0 {
		return types.Int64Null()
	}
	return types.Int64Value(int64(n)) //nolint:gosec // counts are small
}

// TrueOrNull is a flag, null where it is false.
func TrueOrNull(flag bool) types.Bool {
	if !flag {
		return types.BoolNull()
	}
	return types.BoolValue(true)
}

// FalseOrNull is a flag that was read, where unset means false: a recorded false stays, and null where it was null.
func FalseOrNull(recorded types.Bool, found bool) types.Bool {
	switch {
	case found:
		return types.BoolValue(true)
	case !recorded.ValueBool() && !recorded.IsUnknown():
		return recorded
	}
	return types.BoolNull()
}

// Elements are the known texts of a set in order. It is nil for a set that is null or unknown, but not for an empty set.
func Elements(set types.Set) []string {
	if set.IsNull() || set.IsUnknown() {
		return nil
	}
	texts := []string{}
	for _, element := range set.Elements() {
		if text, ok := element.(types.String); ok && !text.IsUnknown() {
			texts = append(texts, text.ValueString())
		}
	}
	slices.Sort(texts)
	return texts
}

// TextSet is the set of these texts.
func TextSet(texts []string) types.Set {
	values := make([]attr.Value, len(texts))
	for i, text := range texts {
		values[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, values)
}

// Missing are those of the first texts that are not among the second.
func Missing(texts, from []string) []string {
	var lacking []string
	for _, text := range texts {
		if !slices.Contains(from, text) {
			lacking = append(lacking, text)
		}
	}
	return lacking
}
