package problem

import (
	"strings"
	"unicode"
)

// Word writes a text as one word of a command that is shown to be copied: in single quotes where a shell would make more of it.
func Word(text string) string {
	if text != "" && !strings.ContainsFunc(text, needsQuotes) {
		return text
	}
	return Quote(text)
}

func needsQuotes(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@%+=:,./_-", r)
}

// Quote makes one word of a text for a shell, without a backslash of its own: what is quoted twice would have it within quotes, where fish
// takes it for the beginning of an escape, and what follows for commands.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'"
}
