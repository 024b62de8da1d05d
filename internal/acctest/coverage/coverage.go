// Package coverage keeps which steps of each attribute of each resource a second view has confirmed, and compares it
// with the table in CONTRIBUTING.
package coverage

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Mark is a step of an attribute, or a kind of domain in which all its steps were taken: a column of the table.
type Mark string

// The marks, in the order of the table's columns.
const (
	Set      Mark = "set"
	Changed  Mark = "changed"
	Cleared  Mark = "cleared"
	Imported Mark = "imported"
	Drifted  Mark = "drifted"

	// What can be in a running domain goes through the same steps in one, and in one without a saved definition.
	Running   Mark = "running"
	Transient Mark = "transient"
)

// Steps are the steps of an attribute in order, and Marks all marks.
var (
	Steps = []Mark{Set, Changed, Cleared, Imported, Drifted}
	Marks = append(Steps[:len(Steps):len(Steps)], Running, Transient)
)

// Seen has the confirmed marks by resource type and attribute.
type Seen map[string]map[string]map[Mark]bool

// Append writes a confirmed mark to a folder, in which each process has a file of its own.
func Append(dir, resourceType, attribute string, mark Mark) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(dir, fmt.Sprintf("%d.txt", os.Getpid())), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(file, "%s %s %s\n", resourceType, attribute, mark); err != nil {
		return err
	}
	return file.Close()
}

// Read returns the marks that the files of a folder hold.
func Read(dir string) (Seen, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, err
	}
	seen := Seen{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		lines := bufio.NewScanner(strings.NewReader(string(content)))
		for lines.Scan() {
			words := strings.Fields(lines.Text())
			if len(words) != 3 {
				return nil, fmt.Errorf("%s: %q is not a note", name, lines.Text())
			}
			seen.add(words[0], words[1], Mark(words[2]))
		}
	}
	return seen, nil
}

func (s Seen) add(resourceType, attribute string, mark Mark) {
	if s[resourceType] == nil {
		s[resourceType] = map[string]map[Mark]bool{}
	}
	if s[resourceType][attribute] == nil {
		s[resourceType][attribute] = map[Mark]bool{}
	}
	s[resourceType][attribute][mark] = true
}
