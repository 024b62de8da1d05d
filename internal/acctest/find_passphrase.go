//go:build cgo

package acctest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
)

// Passphrase returns a passphrase that nobody has. It is of letters and digits only, which a text, a state and a log show unchanged, and
// its length is a multiple of three, so that its base64 within a longer text may begin at a boundary.
func Passphrase() string { return rand.Text()[:24] }

// FindPassphrase looks for a passphrase as it is, in base64, in hexadecimal or as a list of bytes, and for its SHA-256, of which it could
// be guessed. What is written in base64, as a private state is, twice over, is searched as well. It returns in which form the passphrase is
// there, or nothing where it isn't.
func FindPassphrase(content []byte, passphrase string) string {
	return findPassphrase(content, passphrase, 3)
}

// encoded is a text that may be base64.
var encoded = regexp.MustCompile(`[A-Za-z0-9+/]{24,}`)

func findPassphrase(content []byte, passphrase string, depth int) string {
	if form := findPlainly(content, passphrase); form != "" || depth == 0 {
		return form
	}
	for _, text := range encoded.FindAll(content, -1) {
		decoded := make([]byte, len(text))
		n, _ := base64.RawStdEncoding.Decode(decoded, text) // what comes before an error counts
		if form := findPassphrase(decoded[:n], passphrase, depth-1); form != "" {
			return form + ", encoded"
		}
	}
	return ""
}

func findPlainly(content []byte, passphrase string) string {
	sum := sha256.Sum256([]byte(passphrase))
	for form, pattern := range map[string]string{
		"as it is":                   passphrase,
		"in base64":                  base64.StdEncoding.EncodeToString([]byte(passphrase)),
		"in hexadecimal":             hex.EncodeToString([]byte(passphrase)),
		"as a list of bytes":         strings.Trim(fmt.Sprintf("%d", []byte(passphrase)), "[]"),
		"as a digest":                string(sum[:]),
		"as a digest in hexadecimal": hex.EncodeToString(sum[:]),
		"as a digest in base64":      base64.RawStdEncoding.EncodeToString(sum[:])[:40],
	} {
		if bytes.Contains(content, []byte(pattern)) {
			return form
		}
	}
	return ""
}
