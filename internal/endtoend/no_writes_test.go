//go:build cgo

package endtoend_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// content is what a write would change on the clusters and hypervisors of the bed.
type content struct {
	// objects has a line for each pool (with the epoch of its last change), user (with its key), image, and file of a secret (with
	// its time).
	objects []string
	// commands are the last ones in the monitors' audit log.
	commands []string
}

func contentNow(t *testing.T) content {
	t.Helper()
	bed := acctest.Bed(t)
	var objects, commands []string
	for _, c := range bed.Clusters() {
		for line := range strings.Lines(poolsOf(t, c.Name)) {
			// This line changes by itself while the OSDs remove the snapshots of a deleted image.
			if !strings.Contains(line, "removed_snaps_queue") {
				objects = append(objects, line)
			}
		}
		if slices.Contains(strings.Fields(acctest.Ceph(t, c.Name, "osd", "pool", "ls")), "identity") {
			objects = append(objects, imageInfo(t, c.Name, "identity/data"))
		}
		objects = append(objects, hashKeys(acctest.Ceph(t, c.Name, "auth", "export")))
		objects = append(objects, configKeys(t, c.Name)...)
		commands = append(commands, auditLog(t, c.Name)...)
	}
	for _, h := range bed.Hypervisors() {
		files, err := filepath.Glob(filepath.Join(bed.Dir, h.Name, "config", "libvirt", "secrets", "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			objects = append(objects, fmt.Sprint(file, info.Size(), info.ModTime()))
		}
	}
	lines := strings.Split(strings.Join(objects, "\n"), "\n")
	return content{slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }), commands}
}

// poolsOf is what ceph osd pool ls detail shows of the pools of a cluster. A new pool has the flag creating until all its placement groups
// are known, and that the flag goes counts as a change of the pool: it is waited for.
func poolsOf(t *testing.T, cluster string) (pools string) {
	t.Helper()
	expect.Eventually(t, "the end of the creation of pools on "+cluster, func() bool {
		pools = acctest.Ceph(t, cluster, "osd", "pool", "ls", "detail")
		return !strings.Contains(pools, "creating")
	})
	return pools
}

// auditLog returns the commands of clients in the log of a cluster. The monitors write it a moment later: a command that only says a word
// is waited for, so whatever came before it is in the log too.
func auditLog(t *testing.T, cluster string) (commands []string) {
	t.Helper()
	word := fmt.Sprintf("looked at %d", time.Now().UnixNano())
	acctest.Ceph(t, cluster, "log", word)
	var lines string
	expect.Eventually(t, "the command in the audit log of "+cluster, func() bool {
		lines = acctest.Ceph(t, cluster, "log", "last", "1000", "info", "audit")
		return strings.Contains(lines, word)
	})
	for line := range strings.Lines(lines) {
		if strings.Contains(line, "entity='client.") && !readOnly.MatchString(line) {
			commands = append(commands, cluster+": "+line)
		}
	}
	return commands
}

// expectAudited fails the test unless the audit log of each cluster shows that these pools were created: what [expectNoWrites] doesn't see
// there has not been done.
func expectAudited(t *testing.T, pool string, clusters ...string) {
	t.Helper()
	commands := contentNow(t).commands
	for _, cluster := range clusters {
		if !slices.ContainsFunc(commands, func(line string) bool {
			return strings.HasPrefix(line, cluster+": ") && strings.Contains(line, `"osd pool create"`) && strings.Contains(line, `"`+pool+`"`)
		}) {
			t.Errorf("the audit log of %s doesn't have the create of pool %s: %q", cluster, pool, commands)
		}
	}
}

// readOnly matches commands that change nothing; they are in the audit log because they show keys, or say a word.
var readOnly = regexp.MustCompile(`"prefix": ?"(auth (export|get|ls)|log)"`)

// expectNoWrites runs do, and fails the test when it wrote anything to a cluster or hypervisor. The first refresh after an apply removes
// the records of what was created, so a plan comes before.
func expectNoWrites(t *testing.T, do func()) {
	t.Helper()
	before := contentNow(t)
	do()
	after := contentNow(t)
	for what, lines := range map[string][]string{
		"is gone": without(before.objects, after.objects),
		"is new":  without(after.objects, before.objects),
	} {
		for _, line := range lines {
			t.Errorf("something was written: this line %s: %s", what, line)
		}
	}
	for _, command := range without(after.commands, before.commands) {
		t.Errorf("a monitor was told to change something: %s", command)
	}
}

// imageInfo is what rbd info shows of an image, but for the time of its last access: to look at an image sets it now and then.
func imageInfo(t *testing.T, cluster, image string) string {
	t.Helper()
	return withoutLastAccess(acctest.RBD(t, cluster, "info", image))
}

// withoutLastAccess is the output of rbd info without the time of the last access.
func withoutLastAccess(info string) string {
	lines := slices.Collect(strings.Lines(info))
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, "access_timestamp") }), "")
}

// without returns the lines that are not in the other list.
func without(lines, other []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return slices.Contains(other, line) })
}
