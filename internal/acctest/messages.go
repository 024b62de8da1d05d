//go:build cgo

package acctest

import (
	"regexp"
	"strings"
)

// space is what a space of a message may have become: Terraform breaks lines and draws a frame around them.
const space = `[\s│]+`

// Message matches these words in what Terraform prints, wherever it breaks the lines.
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
