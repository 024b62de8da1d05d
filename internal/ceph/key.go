package ceph

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// Key is a cephx key. Whatever prints, logs or encodes it, or a struct that holds it, shows nothing of it; only Text and Bytes
// hand it over. Two keys are compared with Equal.
type Key struct {
	// Value is the decoded key, as libvirt takes it: empty where the text is not a cephx key.
	sensitive.Value
	text sensitive.Value
}

// The types of cephx key, as the first two bytes of the key tell.
const (
	keyTypeAES     = 1
	keyTypeAES256K = 2
)

// The key types by name. A cluster of 19.2.6 or later knows both.
const (
	typeNameAES     = "aes"
	typeNameAES256K = "aes256k"
)

// KeyTypes are the key types that can be asked for.
var KeyTypes = []string{typeNameAES, typeNameAES256K}

// keyHeader is the size of what stands before the secret: type, seconds, nanoseconds, length.
const keyHeader = 2 + 4 + 4 + 2

// ParseKey makes a key of its text in base64, after a check that it has the structure of one. The error is problem.Invalid and
// never holds the key. All key types are accepted; a length alone proves nothing.
//
// Similar to: ceph-authtool --print-key
func ParseKey(text string) (Key, error) {
	raw, err := decodeKey(text)
	if err != nil {
		return Key{}, err
	}
	return Key{Value: sensitive.New(raw), text: sensitive.New([]byte(text))}, nil
}

// GivenKey makes a key of its text as a user or a cluster gives it. Check tells whether it is valid.
func GivenKey(text string) Key {
	if key, err := ParseKey(text); err == nil {
		return key
	}
	return Key{text: sensitive.New([]byte(text))}
}

// KeyOf is GivenKey for the decoded bytes, as libvirt holds them.
func KeyOf(value sensitive.Value) Key {
	return GivenKey(base64.StdEncoding.EncodeToString(value.Bytes()))
}

// newAESKey makes a new key of type aes, with the structure that Ceph gives its own: type, time, length, secret.
//
// Similar to: ceph-authtool --gen-print-key
func newAESKey() (Key, error) {
	const length = 16
	raw := make([]byte, keyHeader+length)
	now := time.Now()
	binary.LittleEndian.PutUint16(raw[0:], keyTypeAES)
	binary.LittleEndian.PutUint32(raw[2:], uint32(now.Unix()))       // #nosec G115 -- the format's own limit, in 2106
	binary.LittleEndian.PutUint32(raw[6:], uint32(now.Nanosecond())) // #nosec G115 -- less than a thousand million
	binary.LittleEndian.PutUint16(raw[10:], length)
	if _, err := rand.Read(raw[keyHeader:]); err != nil {
		return Key{}, fmt.Errorf("making a key: %w", err)
	}
	return KeyOf(sensitive.New(raw)), nil
}

// UnmarshalText is GivenKey for a reply of the monitors.
func (k *Key) UnmarshalText(text []byte) error {
	*k = GivenKey(string(text))
	return nil
}

// Check is the error of ParseKey for a given key.
func (k Key) Check() error {
	_, err := decodeKey(k.Text())
	return err
}

// Text returns the key in base64, or as it was given.
func (k Key) Text() string { return string(k.text.Bytes()) }

// HideIn returns a text with nothing of the key in it.
func (k Key) HideIn(text string) string { return k.text.HideIn(k.Value.HideIn(text)) }

// IsZero tells whether there is no key, not even a malformed one.
func (k Key) IsZero() bool { return k.text.IsZero() }

// Equal tells whether both are the same key.
func (k Key) Equal(other Key) bool { return k.text.Equal(other.text) }

// Type returns aes or aes256k, and an empty string for a type that it doesn't know.
func (k Key) Type() string {
	switch k.cipher() {
	case keyTypeAES:
		return typeNameAES
	case keyTypeAES256K:
		return typeNameAES256K
	}
	return ""
}

// cipher is the number of the key's type, 0 for what is not a key.
func (k Key) cipher() uint16 {
	if k.Value.IsZero() {
		return 0
	}
	return binary.LittleEndian.Uint16(k.Bytes())
}

func decodeKey(text string) ([]byte, error) {
	invalid := func(why, do string) ([]byte, error) {
		return nil, &problem.Problem{Kind: problem.Invalid, What: "The value is not a cephx key.", Why: why, Do: do}
	}
	const whereFrom = "Use the key as `ceph auth print-key client.NAME` prints it."
	switch {
	case text == "":
		return invalid("It is empty.", whereFrom)
	case strings.Contains(text, "[client.") || strings.Contains(text, "key ="):
		return invalid("It is the text of a keyring, not the key alone.", whereFrom)
	case strings.TrimSpace(text) != text:
		return invalid("It begins or ends with white space.", "Remove it, for example with trimspace().")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		if isKey([]byte(text)) {
			return invalid("It is the decoded key.", "Use the key in base64. "+whereFrom)
		}
		return invalid("It is not base64.", whereFrom)
	}
	if isKey(raw) {
		if strings.ContainsAny(text, "\r\n") { // base64 passes over it, and a keyring would end there
			return invalid("It has a line break in it.", "Write it in one line. "+whereFrom)
		}
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
