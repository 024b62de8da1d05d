//go:build cgo

package cephuser_test

import (
	"encoding/base64"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephUser_invalid(t *testing.T) {
	on := func(assignments string) string {
		return "resource \"ceph_user\" \"test\" {\n" + assignments + "\n}\n"
	}
	named := func(assignments string) string { return on("cluster = \"east\"\nname = \"u\"\n" + assignments) }
	// A mistake in the caps is located at its service.
	caps := func(text string) string { return named("caps = {\n" + text + "\n}") }
	key := func(text string) string { return named(someCaps + "\nkey = \"" + text + "\"") }
	good := cephxKey(7)
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"prefix": {
			on("cluster = \"east\"\nname = \"client.u\"\n" + someCaps), "name", `Write the user's name without "client.": "u".`,
		},
		"empty name":          {on("cluster = \"east\"\nname = \"\"\n" + someCaps), "name", `The name is empty.`},
		"name with a slash":   {on("cluster = \"east\"\nname = \"a/b\"\n" + someCaps), "name", `The name "a/b" contains`},
		"name with a space":   {on("cluster = \"east\"\nname = \"a b\"\n" + someCaps), "name", `The name "a b" contains`},
		"name with a bracket": {on("cluster = \"east\"\nname = \"a]b\"\n" + someCaps), "name", `The name "a]b" contains`},
		"unknown cluster": {
			on("cluster = \"north\"\nname = \"u\"\n" + someCaps), "cluster", `The provider block has no cluster "north". It has "east", "west".`,
		},
		"cluster left out": {on("name = \"u\"\n" + someCaps), "", `Nothing says which cluster is meant, and the provider block has` +
			` several: "east", "west".`},
		"no caps at all":      {named(""), "", `The argument "caps" is required`},
		"caps of nothing":     {named("caps = { mon = null }"), "caps", `This attribute contains a null value.`},
		"negative generation": {named(someCaps + "\nkey_generation = -1"), "key_generation", `value must be at least 0, got: -1`},
		"unknown service":     {caps(`rgw = "allow r"`), "rgw", `"rgw" takes no capabilities. The services are mon, osd, mgr, mds.`},
		"empty caps of a service": {caps(`mon = ""`), "mon", `The caps for "mon" can't work. They are empty, which the monitors refuse. Leave` +
			` the service out`},
		"caps without a verb": {caps(`mon = "r"`), "mon", "The grant \"r\" begins neither with `allow` nor with `profile`."},
		"incomplete caps":     {caps(`osd = "allow"`), "osd", `The grant "allow" is not complete.`},
		"two pools in a grant": {caps(`osd = "profile rbd pool=a pool=b"`), "osd", `names 2 pools, a grant can have one. Write one grant for` +
			` each pool, separated by commas.`},
		"open quote":          {caps(`osd = "allow rw pool='a"`), "osd", `A quote is not closed.`},
		"line break":          {caps(`osd = "allow r,\nallow w"`), "osd", `They contain a line break.`},
		"key of noise":        {key("not a key!"), "key", `The value is not a cephx key. It is not base64.`},
		"key of other base64": {key("c2VjcmV0"), "key", `It is base64, but what it encodes does not have the structure of a cephx key.`},
		"key encoded twice": {
			key(base64.StdEncoding.EncodeToString([]byte(good))), "key", `It was encoded to base64 twice. Leave out one base64encode()`,
		},
		"empty key":             {key(""), "key", `It is empty.`},
		"key with a line break": {key(good + `\n`), "key", `It begins or ends with white space. Remove it, for example with trimspace().`},
		"keyring for a key":     {key(`[client.u]\n\tkey = ` + good), "key", `It is the text of a keyring, not the key alone.`},
		"key kept out of state": {
			named(someCaps + "\nkey = \"" + good + "\"\nkey_in_state = false"), "key_in_state",
			`a chosen key can't be kept out of it. Remove key or key_in_state = false.`,
		},
	})
}
