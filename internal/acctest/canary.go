//go:build cgo

package acctest

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"testing"
)

// Canary returns a text with two keys that nobody has, one in base64 and one decoded, to be put where no key may be found: a
// detector that misses it would miss a key. The keys are listed by the form in which [FindKey] has to find them.
func Canary(t testing.TB) (text string, keys map[string]string) {
	t.Helper()
	head := []byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}
	secret := make([]byte, 16)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	// Of letters only, since a text, a state and a log show these unchanged.
	bare := rand.Text()[:16]
	encoded := base64.StdEncoding.EncodeToString(append(bytes.Clone(head), secret...))
	return encoded + " " + bare, map[string]string{
		"in base64": encoded, "decoded": base64.StdEncoding.EncodeToString(append(bytes.Clone(head), bare...)),
	}
}

// ExpectCanary fails the test when [FindKey] misses a key of the canary in the content of a place.
func ExpectCanary(t testing.TB, place string, content []byte, keys map[string]string) {
	t.Helper()
	for form, key := range keys {
		if got := FindKey(content, key); got != form {
			t.Errorf("of the canary %s, %q was found in the %d bytes of %s", form, got, len(content), place)
		}
	}
}
