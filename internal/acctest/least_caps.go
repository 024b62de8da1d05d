//go:build cgo

package acctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guide has the table of the capabilities that a provider's user needs. The tests use what it says, which shows that it is true.
const guide = "templates/guides/least-capabilities.md.tmpl"

// LeastCaps returns the capabilities that the guide states for an operation on a resource, by service, with a name put in for each
// placeholder. The row begins with the resource's type, or with what the guide has there: "data `ceph_pool`".
func LeastCaps(t *testing.T, resourceType, operation string, placeholders map[string]string) map[string]string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, guide))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 || !strings.Contains(cells[1], operation) {
			continue
		}
		if about := strings.TrimSpace(cells[0]); about != resourceType && about != "`"+resourceType+"`" {
			continue
		}
		caps := map[string]string{}
		for i, service := range []string{"mon", "osd"} {
			text := strings.ReplaceAll(strings.TrimSpace(cells[2+i]), "`", "")
			for placeholder, name := range placeholders {
				text = strings.ReplaceAll(text, placeholder, name)
			}
			if text != "" {
				caps[service] = text
			}
		}
		return caps
	}
	t.Fatalf("%s has no row for %s %s", guide, resourceType, operation)
	return nil
}
