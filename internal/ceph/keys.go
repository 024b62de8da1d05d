package ceph

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// The types of cephx key, as the first two bytes of the key tell.
const (
	keyTypeAES     = 1
	keyTypeAES256K = 2
)

// keyHeader is the size of what stands before the secret: type, seconds, nanoseconds, length.
const keyHeader = 2 + 4 + 4 + 2

// ParseKey decodes a cephx key from base64 and checks that it has the structure of one: libvirt takes these bytes. The
// error is problem.Invalid and never holds the key. All key types are accepted; a length alone proves nothing.
//
// Similar to: ceph-authtool --print-key
func ParseKey(key string) ([]byte, error) {
	invalid := func(why, do string) ([]byte, error) {
		return nil, &problem.Problem{Kind: problem.Invalid, What: "The value is not a cephx key.", Why: why, Do: do}
	}
	const whereFrom = "Use the key as `ceph auth print-key client.NAME` prints it."
	switch {
	case key == "":
		return invalid("It is empty.", whereFrom)
	case strings.Contains(key, "[client.") || strings.Contains(key, "key ="):
		return invalid("It is the text of a keyring, not the key alone.", whereFrom)
	case strings.TrimSpace(key) != key:
		return invalid("It begins or ends with white space.", "Remove it, for example with trimspace().")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(key)
	if err != nil {
		if isKey([]byte(key)) {
			return invalid("It is the decoded key.", "Use the key in base64. "+whereFrom)
		}
		return invalid("It is not base64.", whereFrom)
	}
	if isKey(raw) {
		return raw, nil
	}
	if twice, err := base64.StdEncoding.Strict().DecodeString(string(bytes.TrimSpace(raw))); err == nil && isKey(twice) {
		return invalid("It was encoded to base64 twice.", "Leave out one base64encode(): the key that Ceph prints is base64 already.")
	}
	return invalid("It is base64, but what it encodes does not have the structure of a cephx key.", whereFrom)
}

// isKey tells whether raw is type, time of creation, length and as many bytes of secret as that says.
func isKey(raw []byte) bool {
	if len(raw) <= keyHeader {
		return false
	}
	kind := binary.LittleEndian.Uint16(raw)
	length := int(binary.LittleEndian.Uint16(raw[keyHeader-2:]))
	if len(raw)-keyHeader != length {
		return false
	}
	switch kind {
	case 0:
		return false
	case keyTypeAES:
		return length == 16
	case keyTypeAES256K:
		return length == 32
	}
	// Key types to come: the low numbers are given out one after the other.
	return kind < 256
}

// KeyType returns aes or aes256k for the bytes that ParseKey returned, empty for a type that it doesn't know.
func KeyType(raw []byte) string {
	if len(raw) < 2 {
		return ""
	}
	switch binary.LittleEndian.Uint16(raw) {
	case keyTypeAES:
		return typeNameAES
	case keyTypeAES256K:
		return typeNameAES256K
	}
	return ""
}

// Fingerprint returns "sha256:" and the digest of the decoded key in lower-case hexadecimal. It is safe to show.
func Fingerprint(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
