package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// bedFolder matches the folder of a bed.
var bedFolder = regexp.MustCompile(`/tmp/bed-[0-9]+`)

// neutral returns the text with one name for the bed's folder, which is another one in every run.
func neutral(text string) string { return bedFolder.ReplaceAllString(text, "/tmp/bed") }

// The lines of the demo between which is left out what has to be tried rather than read.
const (
	cutAfter  = "It stays up. "
	cutBefore = "To end it "
)

// shortened returns the text without the commands to try next, and says where they stood.
func shortened(text string) (string, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	begins := func(with string) int {
		return slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, with) })
	}
	after, before := begins(cutAfter), begins(cutBefore)
	if after < 0 || before <= after {
		return "", fmt.Errorf("this is no run of the demo: no lines that begin with %q and %q, in this order", cutAfter, cutBefore)
	}
	mark := fmt.Sprintf("  … (%d lines left out)", before-after-1)
	return strings.Join(slices.Replace(lines, after+1, before, mark), "\n") + "\n", nil
}

// cephKey matches a key of cephx, of each type: base64 of a type, a time, a length and so many bytes.
var cephKey = regexp.MustCompile(`\bA[A-Za-z0-9+/]{37,}={0,2}`)

// refuse returns an error for a text that should not be published: with one of these names in it, or with a key.
func refuse(text string, names ...string) error {
	for _, name := range names {
		if regexp.MustCompile(`(^|[^\w.-])` + regexp.QuoteMeta(name) + `($|[^\w.-])`).MatchString(text) {
			return fmt.Errorf("the demo has said %q, which names this machine: nothing was kept", name)
		}
	}
	if cephKey.MatchString(text) {
		return errors.New("the demo has said what looks like a key: nothing was kept")
	}
	return nil
}
