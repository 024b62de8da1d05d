// Package sensitive hides values that must not be shown, such as keys. The clients of Ceph and libvirt share it.
package sensitive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Placeholder is what stands for a Value wherever one is printed, logged or encoded.
const Placeholder = "(sensitive value)"

// Value is bytes that are handed over by Bytes alone. Whatever prints, logs or encodes a Value, or a struct that holds one,
// writes the Placeholder or an address. The zero Value is empty.
type Value struct {
	// A function, because fmt prints unexported fields by reflection and calls none of the methods below for them.
	reveal func() string
}

// New hides a copy of the bytes.
func New(bytes []byte) Value {
	if len(bytes) == 0 {
		return Value{}
	}
	text := string(bytes)
	return Value{reveal: func() string { return text }}
}

// Bytes returns a copy of what is hidden.
func (v Value) Bytes() []byte { return []byte(v.text()) }

func (v Value) text() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// IsZero tells whether nothing is hidden.
func (v Value) IsZero() bool { return v.reveal == nil }

// Equal tells whether both hide the same bytes.
func (v Value) Equal(other Value) bool { return v.text() == other.text() }

// Fingerprint returns "sha256:" and the digest of the bytes in lower-case hexadecimal, empty where nothing is hidden. It is safe
// to show.
func (v Value) Fingerprint() string {
	if v.IsZero() {
		return ""
	}
	sum := sha256.Sum256(v.Bytes())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// partLength is from how many bytes in a row on a piece counts as a part of what is hidden, and not as a word that happens to be in it.
const partLength = 8

// HideIn returns a text with the Placeholder wherever what is hidden, or a part of it, stands in it: others quote it whole, cut off or in
// pieces.
func (v Value) HideIn(text string) string {
	hidden := v.text()
	if hidden == "" {
		return text
	}
	var b strings.Builder
	for text != "" {
		length := 0
		for length < len(text) && strings.Contains(hidden, text[:length+1]) {
			length++
		}
		if length >= min(partLength, len(hidden)) {
			b.WriteString(Placeholder)
		} else {
			length = 1
			b.WriteString(text[:length])
		}
		text = text[length:]
	}
	return b.String()
}

// Format writes the Placeholder, whatever the verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Placeholder) }

// String returns the Placeholder.
func (Value) String() string { return Placeholder }

// GoString returns the Placeholder.
func (Value) GoString() string { return Placeholder }

// MarshalText writes the Placeholder.
func (Value) MarshalText() ([]byte, error) { return []byte(Placeholder), nil }

// MarshalJSON writes the Placeholder as a string.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + Placeholder + `"`), nil }

// LogValue returns the Placeholder.
func (Value) LogValue() slog.Value { return slog.StringValue(Placeholder) }
