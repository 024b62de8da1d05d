package ceph

import (
	"fmt"
	"strings"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/sensitive"
)

// Keyring is the text of a keyring with the user and its key, without caps, as a client reads it.
//
// Similar to: ceph auth get-or-create -o
func (u User) Keyring() sensitive.Value { return keyring(u.Name, u.Key, nil) }

// keyring writes one entity as the monitors read it from their input.
func keyring(name string, key Key, caps map[string]string) sensitive.Value {
	var b strings.Builder
	fmt.Fprintf(&b, "[%s]\n\tkey = %s\n", entityOf(name), key.Text())
	list := capsList(caps)
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	for i := 0; i+1 < len(list); i += 2 {
		fmt.Fprintf(&b, "\tcaps %s = \"%s\"\n", list[i], escape.Replace(list[i+1]))
	}
	return sensitive.New([]byte(b.String()))
}

// KeyInKeyring is an entity's key as the text of a keyring has it, zero where there is none. It takes whatever Ceph takes: comments,
// quotes, lines that go on after a backslash, escaped characters, a later entry that goes over an earlier one. What is beside the key
// may be malformed, for which Ceph refuses the whole.
//
// Similar to: ceph-authtool --print-key
func KeyInKeyring(keyring sensitive.Value, entity string) Key {
	text := strings.NewReplacer("\\\r\n", "", "\\\n", "").Replace(string(keyring.Bytes()))
	section, key := "", Key{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, isSection := strings.CutPrefix(line, "["); isSection {
			section, _, _ = strings.Cut(name, "]")
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if found && section == entity && strings.TrimSpace(name) == "key" {
			key = GivenKey(valueIn(strings.TrimSpace(value)))
		}
	}
	return key
}

// valueIn is the value that a line begins with: what the quotes hold, or all up to a comment or white space.
func valueIn(text string) string {
	if quote := strings.IndexAny(text, `"'`); quote == 0 {
		value, _, _ := strings.Cut(text[1:], text[:1])
		return value
	}
	var value strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
			value.WriteByte(text[i])
		case strings.IndexByte("#; \t", text[i]) >= 0:
			return value.String()
		default:
			value.WriteByte(text[i])
		}
	}
	return value.String()
}
