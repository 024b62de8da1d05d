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
