package functions_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// key is a cephx key that no user has.
var key = base64.StdEncoding.EncodeToString(append([]byte{1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 0}, "sixteen letters!"...))

func TestKeyring(t *testing.T) {
	expect(t, "keyring", text("[client.libvirt]\n\tkey = "+key+"\n"), text("client.libvirt"), text(key))
	for entity, words := range map[string]string{
		"libvirt": "is not the full name of a user.", "client.": "The name is empty.", "": "is not the full name",
		"osd.0": "is not the full name", "client.a]\n[client.b": "contains what a keyring or an id can't hold",
		"client.a]": "contains what a keyring or an id can't hold", "mon.": "does not begin with the type of a user",
	} {
		expectRefusal(t, "keyring", 0, words, text(entity), text(key))
	}
	// Terraform takes the marks of sensitive values away before it calls a function.
	expectRefusal(t, "keyring", 0, "is not the full name", text(key), text("client.libvirt"))
	if _, _, refusal := call(t, "keyring", text(key), text("client.libvirt")); strings.Contains(refusal, key) {
		t.Errorf("the error shows the key: %s", refusal)
	}
	for _, value := range []string{"", key[1:], base64.StdEncoding.EncodeToString([]byte(key)), key + "\n"} {
		expectRefusal(t, "keyring", 1, "The value is not a cephx key.", text("client.libvirt"), text(value))
		_, _, refusal := call(t, "keyring", text("client.libvirt"), text(value))
		if trimmed := strings.TrimSpace(value); trimmed != "" && strings.Contains(refusal, trimmed) {
			t.Errorf("the error shows the key: %s", refusal)
		}
	}
}
