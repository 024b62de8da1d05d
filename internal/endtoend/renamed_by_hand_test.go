//go:build cgo

package endtoend_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// What was renamed by hand since the state was read is changed under its new name, and never what has its former name now.
func TestAccRenamedByHandSinceRefresh(t *testing.T) {
	const unrefreshed = "-refresh=false"
	bed := acctest.Bed(t)
	config := func(size string, objects int) string {
		return both.block(t) + fmt.Sprintf(`
resource "ceph_pool" "a" {
  cluster           = "east"
  name              = "by-hand-a"
  applications      = ["rbd"]
  pg_num            = 1
  quota_max_objects = %d
}
resource "ceph_pool" "b" {
  cluster      = "east"
  name         = "by-hand-b"
  applications = ["rbd"]
  pg_num       = 1
}
resource "ceph_rbd_image" "a" {
  cluster = "east"
  pool    = ceph_pool.a.name
  name    = "a"
  size    = %q
}
resource "ceph_rbd_image" "b" {
  cluster = "east"
  pool    = ceph_pool.a.name
  name    = "b"
  size    = "8MiB"
}
`, objects, size)
	}
	renameImage := func(pool, from, to string) { acctest.RBD(t, "east", "rename", pool+"/"+from, pool+"/"+to) }
	renamePool := func(from, to string) { acctest.Ceph(t, "east", "osd", "pool", "rename", from, to) }
	sizes := func() string {
		return strings.Join(strings.Fields(acctest.RBD(t, "east", "ls", "--long", "by-hand-a")), " ")
	}
	quota := func(pool string) int {
		t.Helper()
		// get-quota fails until the pool has statistics.
		var pools []struct {
			Name    string `json:"pool_name"`
			Objects int    `json:"quota_max_objects"`
		}
		if err := json.Unmarshal([]byte(acctest.Ceph(t, "east", "osd", "pool", "ls", "detail", "--format", "json")), &pools); err != nil {
			t.Fatal(err)
		}
		for _, p := range pools {
			if p.Name == pool {
				return p.Objects
			}
		}
		t.Fatalf("there is no pool %s: %+v", pool, pools)
		return 0
	}
	t.Cleanup(func() {
		ctx := context.Background()
		for _, pool := range []string{"by-hand-a", "by-hand-b", "by-hand-c"} {
			_, _ = bed.Cluster("east").Ceph(ctx, "osd", "pool", "rm", pool, pool, "--yes-i-really-really-mean-it")
		}
	})
	w := acctest.NewWorkspaceOf(t, config("8MiB", 1000))
	w.Apply(t)
	refused := func(says string, args ...string) {
		t.Helper()
		out, err := w.Try(t, append([]string{"apply", "-auto-approve", "-input=false"}, args...)...)
		if err == nil || !acctest.Message(says).MatchString(out) || !strings.Contains(out, "already") {
			t.Errorf("should be refused, because another one has the name: %s", out)
		}
	}

	for _, names := range [][]string{{"a", "c"}, {"b", "a"}, {"c", "b"}} {
		renameImage("by-hand-a", names[0], names[1])
	}
	before := sizes()
	w.Write(t, config("16MiB", 1000))
	refused("Unable to rename image by-hand-a/b", unrefreshed)
	if after := sizes(); after != before {
		t.Errorf("the image that got the other's name was changed: %s, and before %s", after, before)
	}
	renameImage("by-hand-a", "a", "c") // what has the name is gone, so that the image gets it back
	w.Apply(t, unrefreshed)
	if after := sizes(); !strings.Contains(after, " a 16 MiB") || !strings.Contains(after, " c 8 MiB") || strings.Contains(after, " b ") {
		t.Errorf("not the image that was renamed is changed: %s", after)
	}
	renameImage("by-hand-a", "c", "b")

	for _, names := range [][]string{{"by-hand-a", "by-hand-c"}, {"by-hand-b", "by-hand-a"}, {"by-hand-c", "by-hand-b"}} {
		renamePool(names[0], names[1])
	}
	w.Write(t, config("16MiB", 2000))
	refused(`Unable to rename pool "by-hand-b"`, unrefreshed, "-target=ceph_pool.a")
	for _, pool := range []string{"by-hand-a", "by-hand-b"} {
		if got := quota(pool); got == 2000 {
			t.Errorf("pool %s was changed: it may have %d objects", pool, got)
		}
	}
	renamePool("by-hand-a", "by-hand-c")
	w.Apply(t, unrefreshed, "-target=ceph_pool.a")
	if got := quota("by-hand-a"); got != 2000 {
		t.Errorf("the pool that was renamed is not changed: it may have %d objects", got)
	}
	renamePool("by-hand-c", "by-hand-b")
	w.ExpectEmptyPlan(t)
	w.Destroy(t)
}
