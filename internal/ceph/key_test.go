package ceph

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// madeKey builds the text of a key of a type with a secret of some length.
func madeKey(kind uint16, length int) string {
	raw := make([]byte, keyHeader+length)
	binary.LittleEndian.PutUint16(raw, kind)
	binary.LittleEndian.PutUint16(raw[keyHeader-2:], uint16(length))
	return base64.StdEncoding.EncodeToString(raw)
}

func TestParseKey(t *testing.T) {
	aes, aes256k := madeKey(1, 16), madeKey(2, 32)
	for _, text := range []string{aes, aes256k, madeKey(3, 48)} {
		if key, err := ParseKey(text); err != nil || key.Text() != text || base64.StdEncoding.EncodeToString(key.Bytes()) != text {
			t.Errorf("%v", err)
		}
	}
	raw, _ := base64.StdEncoding.DecodeString(aes)
	for name, test := range map[string]struct{ key, word string }{
		"empty":           {"", "empty"},
		"not base64":      {"!!!", "not base64"},
		"twice":           {base64.StdEncoding.EncodeToString([]byte(aes256k)), "twice"},
		"twice, newline":  {base64.StdEncoding.EncodeToString([]byte(aes + "\n")), "twice"},
		"decoded":         {string(raw), "decoded"},
		"space":           {aes + "\n", "white space"},
		"keyring":         {"[client.x]\n\tkey = " + aes, "keyring"},
		"right length":    {base64.StdEncoding.EncodeToString(make([]byte, 28)), "structure"},
		"short secret":    {madeKey(1, 15), "structure"},
		"cut":             {aes[:36], "structure"},
		"unpadded":        {strings.TrimRight(aes, "="), "not base64"},
		"other text":      {base64.StdEncoding.EncodeToString([]byte("a passphrase")), "structure"},
		"aes, 32 bytes":   {madeKey(1, 32), "structure"},
		"no type":         {madeKey(0, 16), "structure"},
		"impossible type": {madeKey(40000, 16), "structure"},
	} {
		key, err := ParseKey(test.key)
		if !key.IsZero() || !problem.Is(err, problem.Invalid) || !strings.Contains(err.Error(), test.word) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && test.key != "" && strings.Contains(err.Error(), test.key) {
			t.Errorf("%s: the error holds the key", name)
		}
		given := GivenKey(test.key)
		if given.Text() != test.key || len(given.Bytes()) != 0 || given.Fingerprint()+given.Type() != "" || given.IsZero() != (test.key == "") {
			t.Errorf("%s: taken for a key", name)
		}
		if checked := given.Check(); checked == nil || err == nil || checked.Error() != err.Error() {
			t.Errorf("%s: checked otherwise than parsed: %v", name, checked)
		}
	}
}

func TestKeyTypeAndComparison(t *testing.T) {
	aes, aes256k, later := GivenKey(madeKey(1, 16)), GivenKey(madeKey(2, 32)), GivenKey(madeKey(3, 48))
	if aes.Type() != "aes" || aes256k.Type() != "aes256k" || later.Type() != "" || (Key{}).Type() != "" {
		t.Errorf("types %q, %q, %q", aes.Type(), aes256k.Type(), later.Type())
	}
	if same := KeyOf(aes.Value); !same.Equal(aes) || same.Text() != aes.Text() || same.Fingerprint() != aes.Fingerprint() {
		t.Error("the decoded key is another one")
	}
	if aes.Equal(aes256k) || aes.Equal(Key{}) || GivenKey("x").Equal(GivenKey("y")) || GivenKey("x").Equal(Key{}) ||
		!(Key{}).Equal(GivenKey("")) {
		t.Error("compared wrongly")
	}
}

func TestNewAESKey(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		key, err := newAESKey()
		if err != nil {
			t.Fatal(err)
		}
		if len(key.Bytes()) != 28 || key.Type() != typeNameAES || seen[key.Text()] {
			t.Fatal(len(key.Bytes()), key.Check())
		}
		seen[key.Text()] = true
	}
}
