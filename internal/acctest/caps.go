//go:build cgo

package acctest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// guide holds the table of what a provider's user needs. The tests read it, so that it is true.
const guide = "templates/guides/least-capabilities.md.tmpl"

// LeastCaps are the capabilities that the guide states for an operation on a resource, by service, with the given name for
// each of its placeholders. The row begins with the resource's type, or with what the guide says in full: "data `ceph_pool`".
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

// ProviderAs is a provider block for one cluster, as a user that is made with these capabilities and no others.
func ProviderAs(t *testing.T, cluster, user string, caps map[string]string) string {
	t.Helper()
	c := Bed(t).Cluster(cluster)
	args := []string{"auth", "get-or-create", "client." + user}
	for service, text := range caps {
		args = append(args, service, text)
	}
	Ceph(t, cluster, args...)
	t.Cleanup(func() { Ceph(t, cluster, "auth", "rm", "client."+user) })
	key := Ceph(t, cluster, "auth", "print-key", "client."+user)
	return fmt.Sprintf("provider \"ceph\" {\n  clusters = {\n    %s = { mon_host = %q, user = %q, key = %q, connect_timeout = \"5s\","+
		" operation_timeout = \"60s\" }\n  }\n}\n",
		cluster, c.MonHost, user, key)
}
