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
	return regexp.MustCompile(`in (?:resource|data) "[a-z_]+" "test":` + space + `\d+:\s+"?` + regexp.QuoteMeta(argument) +
		`"?\s+=` + withinOne() + phrase(words))
}

// withinOne matches what stands between the place of a diagnostic and words of it. Another diagnostic begins with a corner of its frame or,
// without frames, with a line of its own; a pattern of Go can't say what is not to follow but letter by letter.
func withinOne() string {
	const rest = `\n╷]`
	begin := []string{`[^EW` + rest, `$`}
	for _, other := range []string{"Error: ", "Warning: "} {
		for i := 1; i < len(other); i++ {
			begin = append(begin, other[:i]+`(?:[^`+other[i:i+1]+rest+`|$)`)
		}
	}
	return `(?m:(?:[^` + rest + `|\n(?:` + strings.Join(begin, "|") + `))*?\n?)`
}

func phrase(words string) string {
	parts := strings.Fields(words)
	for i, part := range parts {
		parts[i] = regexp.QuoteMeta(part)
	}
	return strings.Join(parts, space)
}
