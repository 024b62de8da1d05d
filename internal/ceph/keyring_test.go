package ceph

import (
	"testing"
)

func TestKeyring(t *testing.T) {
	text := keyring("x", GivenKey("KEY"), map[string]string{"osd": "profile rbd", "mon": `allow command "osd blocklist"`})
	want := "[client.x]\n\tkey = KEY\n\tcaps mon = \"allow command \\\"osd blocklist\\\"\"\n\tcaps osd = \"profile rbd\"\n"
	if got := string(text.Bytes()); got != want {
		t.Errorf("got %q", got)
	}
	if key := KeyInKeyring(text, "client.x"); key.Text() != "KEY" {
		t.Errorf("read back as %q", key.Text())
	}
	if key := KeyInKeyring(text, "client.y"); !key.IsZero() {
		t.Errorf("another's key is %q", key.Text())
	}
}
