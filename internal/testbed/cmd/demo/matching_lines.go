package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
)

// matchingLines writes the lines that match to another writer: the whole line, or, of logged, the part that its group matches.
type matchingLines struct {
	to      io.Writer
	match   *regexp.Regexp // nil: none
	partial []byte
}

func (t *matchingLines) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		end := bytes.IndexByte(t.partial, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := t.partial[:end+1]
		t.partial = t.partial[end+1:]
		if t.match == nil {
			continue
		}
		parts := t.match.FindSubmatch(line)
		if parts == nil {
			continue
		}
		if t.match == logged {
			line = parts[1]
		}
		if _, err := fmt.Fprintf(t.to, "  %s\n", bytes.TrimSpace(line)); err != nil {
			return 0, err
		}
	}
}
