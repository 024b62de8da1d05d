//go:build cgo

package rados

import "strings"

// keyIn is an entity's key as the text of a keyring has it, empty where there is none. It takes whatever Ceph takes: comments,
// quotes, lines that go on after a backslash, escaped characters, a later entry that goes over an earlier one. What it takes
// beyond that librados still refuses when it connects.
//
// Similar to: ceph-authtool --print-key
func keyIn(text, entity string) string {
	text = strings.NewReplacer("\\\r\n", "", "\\\n", "").Replace(text)
	section, key := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, isSection := strings.CutPrefix(line, "["); isSection {
			section, _, _ = strings.Cut(name, "]")
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if found && section == entity && strings.TrimSpace(name) == "key" {
			key = valueIn(strings.TrimSpace(value))
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
