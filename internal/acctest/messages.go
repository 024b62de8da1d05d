//go:build cgo

package acctest

import (
	"regexp"
	"strings"
)

// space matches what Terraform can make of a space in a message: it breaks lines and draws a frame around them.
const space = `[\s│]+`

// Message returns a pattern that matches these words in Terraform's output, wherever it breaks the lines.
func Message(words string) *regexp.Regexp { return regexp.MustCompile(phrase(words)) }

// MessageAt is Message for a diagnostic that is located at an argument of a resource, or data source, with the label "test".
func MessageAt(argument, words string) *regexp.Regexp {
	return regexp.MustCompile(`(?s)in (?:resource|data) "[a-z_]+" "test":` + space + `\d+:\s+"?` + regexp.QuoteMeta(argument) +
		`"?\s+=.*?` + phrase(words))
}

func phrase(words string) string {
	parts := strings.Fields(words)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return strings.Join(parts, space)
}
