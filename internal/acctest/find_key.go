//go:build cgo

package acctest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
)

// FindKey looks for a cephx key in base64, decoded, in hexadecimal, or encoded twice, and returns in which form it is there, or
// nothing where it isn't.
func FindKey(content []byte, key string) string {
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return "and what was searched for is no key"
	}
	// The first 12 bytes hold only type and time. Without them the base64 of the 16 secret bytes begins at a boundary of base64.
	secret := raw[12:]
	for form, pattern := range map[string][]byte{
		"in base64":          []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(secret), "=")[:20]),
		"decoded":            secret,
		"in hexadecimal":     []byte(hex.EncodeToString(secret)),
		"in base64, twice":   []byte(strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(key)), "=")),
		"as a list of bytes": []byte(strings.Trim(fmt.Sprintf("%d", secret), "[]")),
	} {
		if bytes.Contains(content, pattern) {
			return form
		}
	}
	return ""
}
