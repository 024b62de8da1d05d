package testbed

import (
	"bytes"
	"os"
)

// logTail returns the end of a log file, for an error text.
func logTail(path string) string {
	const enough = 2000
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	content = bytes.TrimSpace(content)
	if len(content) > enough {
		content = content[len(content)-enough:]
	}
	return string(content)
}
