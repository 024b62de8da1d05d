package sensitive

import (
	"slices"
	"testing"
)

func TestValue(t *testing.T) {
	given := []byte("abc")
	value := New(given)
	given[0] = 'x'
	value.Bytes()[1] = 'x'
	if got := value.Bytes(); !slices.Equal(got, []byte("abc")) {
		t.Errorf("changed from outside: %q", got)
	}
	if got := value.Fingerprint(); got != "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
	if value.IsZero() || !value.Equal(New([]byte("abc"))) || value.Equal(New([]byte("abd"))) || value.Equal(Value{}) {
		t.Error("compared wrongly")
	}
	if empty := New(nil); !empty.IsZero() || !empty.Equal(Value{}) || len(empty.Bytes()) != 0 || empty.Fingerprint() != "" {
		t.Error("nothing is something")
	}
}

func TestHideIn(t *testing.T) {
	const hidden = "AQBbVQNrrmrbAxAA8l0oxoset90Fhg1f7I61sw=="
	for text, want := range map[string]string{
		"":                                     "",
		"val=" + hidden + ": Malformed":        "val=" + Placeholder + ": Malformed",
		hidden + hidden:                        Placeholder + Placeholder,
		"val=" + hidden[:30] + "...":           "val=" + Placeholder + "...",
		hidden[:10] + "\n" + hidden[10:] + "x": Placeholder + "\n" + Placeholder + "x",
		"AQBbVQN of a key, ü":                  "AQBbVQN of a key, ü", // too short to be a part
		"AQBAQBbVQNr":                          "AQB" + Placeholder,
	} {
		if got := New([]byte(hidden)).HideIn(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := (Value{}).HideIn(text); got != text {
			t.Errorf("nothing hides a part of %q: %q", text, got)
		}
	}
	if got := New([]byte("abc")).HideIn("ab abc"); got != "ab "+Placeholder {
		t.Errorf("a short one: %q", got)
	}
}
