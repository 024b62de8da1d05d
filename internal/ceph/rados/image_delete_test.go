//go:build cgo

package rados_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// obstacles are the ways in which something holds an image, so that it can't be removed. IMAGE is its name, with an unprotected
// snapshot a and a protected one p. A removal that removes the snapshots too has to name each, and to remove nothing.
var obstacles = map[string]struct {
	make, undo []string // rbd commands
	words      []string
	namespace  string // of the image
}{
	"a clone of format 2": {
		make:  []string{"clone --rbd-default-clone-format 2 IMAGE@a held/c"},
		words: []string{"held/c of its snapshot a", "rbd flatten"}, undo: []string{"rm held/c"},
	},
	"a clone in a namespace of another pool": {
		make:  []string{"clone --rbd-default-clone-format 2 IMAGE@a far/n/c"},
		words: []string{"far/n/c of its snapshot a"}, undo: []string{"rm far/n/c"},
	},
	"a clone of a snapshot that was removed": {
		make:  []string{"snap create IMAGE@gone", "clone --rbd-default-clone-format 2 IMAGE@gone held/c", "snap rm IMAGE@gone"},
		words: []string{"held/c of its snapshot gone"}, undo: []string{"rm held/c"},
	},
	"a clone of format 1": {
		make:  []string{"clone --rbd-default-clone-format 1 IMAGE@p far/c"},
		words: []string{"far/c of its snapshot p"}, undo: []string{"rm far/c"},
	},
	"a clone in the trash": {
		make:  []string{"clone --rbd-default-clone-format 2 IMAGE@a far/c", "trash mv far/c"},
		words: []string{"far/c (in the trash, id"}, undo: []string{"trash purge far"},
	},
	"a lock": {
		make:  []string{"lock add IMAGE host1"},
		words: []string{`has put the lock "host1" on it by hand`, `rbd lock rm IMAGE host1 client.`},
		undo:  []string{"lock rm IMAGE host1 LOCKER"},
	},
	"a shared lock": {
		make:  []string{"lock add --shared together IMAGE host2"},
		words: []string{`has put the lock "host2" on it by hand`}, undo: []string{"lock rm IMAGE host2 LOCKER"},
	},
	"a group": {
		make:  []string{"group create far/g", "group image add far/g IMAGE"},
		words: []string{"is in the group far/g", "rbd group image rm far/g IMAGE"},
		undo:  []string{"group image rm far/g IMAGE", "group rm far/g"},
	},
	"a group's snapshot": {
		make:  []string{"group create far/g", "group image add far/g IMAGE", "group snap create far/g@together"},
		words: []string{"is part of the group's snapshot far/g@together", "rbd group snap rm far/g@together"},
		undo:  []string{"group snap rm far/g@together", "group image rm far/g IMAGE", "group rm far/g"},
	},
	"a group in a namespace": {
		namespace: "n",
		make:      []string{"group create far/g", "group create far/n/g", "group image add far/n/g IMAGE", "group snap create far/n/g@together"},
		words: []string{
			"is in the group far/n/g", "rbd group image rm far/n/g IMAGE", "the group's snapshot far/n/g@together",
			"rbd group snap rm far/n/g@together",
		},
		undo: []string{"group snap rm far/n/g@together", "group image rm far/n/g IMAGE", "group rm far/n/g", "group rm far/g"},
	},
	"the copy of a mirror of snapshots": {
		make:  []string{"mirror pool enable held image", "mirror image enable IMAGE snapshot", "mirror image demote IMAGE"},
		words: []string{"is a mirrored copy", "rbd mirror image promote IMAGE"},
		undo:  []string{"mirror image disable --force IMAGE", "mirror pool disable held"},
	},
	"the copy of a mirror by journal": {
		make:  []string{"mirror pool enable held image", "mirror image enable IMAGE journal", "mirror image demote IMAGE"},
		words: []string{"is a mirrored copy"}, undo: []string{"mirror image disable --force IMAGE", "mirror pool disable held"},
	},
	"a migration": {
		make:  []string{"migration prepare --data-pool far IMAGE IMAGE"},
		words: []string{"migration of it is under way", "rbd migration commit"}, undo: []string{"migration abort IMAGE"},
	},
}

// imageWithSnapshots makes the image of a row.
func imageWithSnapshots(t *testing.T, c *testbed.Cluster, spec string) {
	t.Helper()
	rbd(t, c, "create", "--size", "1M", spec)
	for _, snapshot := range []string{"a", "p"} {
		rbd(t, c, "snap", "create", "--no-progress", spec+"@"+snapshot)
	}
	rbd(t, c, "snap", "protect", spec+"@p")
}

// runRBD runs a command of a row.
func runRBD(t *testing.T, c *testbed.Cluster, line, spec string) {
	t.Helper()
	line = strings.ReplaceAll(line, "IMAGE", spec)
	if strings.Contains(line, "LOCKER") {
		var client string
		for _, word := range strings.Fields(rbd(t, c, "lock", "ls", spec)) {
			if strings.HasPrefix(word, "client.") {
				client = word
			}
		}
		line = strings.ReplaceAll(line, "LOCKER", client)
	}
	rbd(t, c, strings.Fields(line)...)
}

// imageState is what the rbd command tells of an image.
func imageState(t *testing.T, c *testbed.Cluster, spec string) string {
	t.Helper()
	return rbd(t, c, "snap", "ls", "--all", spec) + "\n" + rbd(t, c, "children", "--all", spec) + "\n" + rbd(t, c, "lock", "ls", spec)
}

func TestDeleteImageWithObstacles(t *testing.T) {
	cluster, c := east(t)
	for _, pool := range []string{"held", "far"} {
		newPool(t, cluster, pool)
	}
	rbd(t, c, "namespace", "create", "far/n")
	rbd(t, c, "namespace", "create", "held/n")
	number := 0
	for name, row := range obstacles {
		number++
		ref := ceph.ImageRef{Pool: "held", Namespace: row.namespace, Name: fmt.Sprintf("i%d-", number)}
		spec := ref.String()
		t.Run(name, func(t *testing.T) {
			ctx := limited(t)
			imageWithSnapshots(t, c, spec)
			for _, line := range row.make {
				runRBD(t, c, line, spec)
			}
			var words []string
			for _, word := range row.words {
				words = append(words, strings.ReplaceAll(word, "IMAGE", spec))
			}
			before := imageState(t, c, spec)
			err := cluster.DeleteImage(ctx, named(ref), true, nil)
			expect.Problem(t, err, problem.Refused, append(words, "Nothing was removed")...)
			expect.Problem(t, cluster.CheckImageRemoval(ctx, ref, true), problem.Refused, words...)
			if after := imageState(t, c, spec); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			for _, line := range row.undo {
				runRBD(t, c, line, spec)
			}
			expect.NoError(t, cluster.DeleteImage(ctx, named(ref), true, nil))
			if left := rbd(t, c, "ls", strings.TrimSuffix("held/"+row.namespace, "/")); strings.Contains(left, ref.Name) {
				t.Errorf("left: %s", left)
			}
		})
	}
}

// A pool whose placement groups are not active does not answer. Only an image that may have clones of format 1 needs its answer.
func TestDeleteImageBesideAPoolWithoutAnswer(t *testing.T) {
	needBed(t)
	c := bed.Cluster("west")
	cluster := connect(t, configOf(c))
	cfg := configOf(c)
	cfg.OperationTimeout = 5 * time.Second
	impatient := connect(t, cfg)
	newPool(t, cluster, "quiet")
	ask(t, c, "osd", "erasure-code-profile", "set", "nowhere", "k=2", "m=1", "crush-failure-domain=osd")
	ask(t, c, "osd", "pool", "create", "stuck", "4", "4", "erasure", "nowhere")
	t.Cleanup(func() { expect.NoError(t, cluster.DeletePool(limited(t), "stuck", "stuck")) })
	imageWithSnapshots(t, c, "quiet/protected")
	protected := ceph.ImageRef{Pool: "quiet", Name: "protected"}
	before := rbd(t, c, "snap", "ls", "--all", "quiet/protected")
	expect.Problem(t, impatient.DeleteImage(limited(t), named(protected), true, nil), problem.Unreachable,
		`Pool "stuck" did not answer in time`, "ceph health detail")
	if after := rbd(t, c, "snap", "ls", "--all", "quiet/protected"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}

	// Taking the protection away asks all pools too, so it is not had here: the image is made without.
	rbd(t, c, "create", "--size", "1M", "quiet/plain")
	rbd(t, c, "snap", "create", "--no-progress", "quiet/plain@a")
	rbd(t, c, "clone", "--rbd-default-clone-format", "2", "quiet/plain@a", "quiet/child")
	plain := ceph.ImageRef{Pool: "quiet", Name: "plain"}
	expect.Problem(t, cluster.DeleteImage(limited(t), named(plain), true, nil), problem.Refused, "quiet/child of its snapshot a")
	rbd(t, c, "rm", "--no-progress", "quiet/child")
	expect.NoError(t, cluster.DeleteImage(limited(t), named(plain), true, nil))
}

// A pool whose quota is used up takes no write, and librbd would wait for space.
func TestImagesOnAFullPool(t *testing.T) {
	needBed(t)
	c := bed.Cluster("west")
	cluster := connect(t, configOf(c))
	ctx := limited(t)
	newPool(t, cluster, "brim")
	imageWithSnapshots(t, c, "brim/i")
	awaitFull := func(full bool) {
		t.Helper()
		for ; ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
			if strings.Contains(ask(t, c, "osd", "pool", "ls", "detail"), "full_quota") == full {
				return
			}
		}
		t.Fatalf("full never became %v", full)
	}
	ask(t, c, "osd", "pool", "set-quota", "brim", "max_objects", "1")
	awaitFull(true)
	ref := ceph.ImageRef{Pool: "brim", Name: "i"}
	before := imageState(t, c, "brim/i")
	_, err := cluster.CreateImage(ctx, ceph.ImageSpec{ImageRef: ceph.ImageRef{Pool: "brim", Name: "new"}, SizeBytes: 1 << 20})
	expect.Problem(t, err, problem.Other, "quota is used up")
	expect.Problem(t, cluster.ResizeImage(ctx, ref, 2<<20, false), problem.Other, "quota is used up")
	expect.Problem(t, cluster.DeleteImage(ctx, named(ref), true, nil), problem.Refused,
		`quota of pool "brim" is used up`, "Nothing was removed")
	if after := imageState(t, c, "brim/i"); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	// The monitors take the flag away some seconds after the quota was raised, which what follows waits for.
	ask(t, c, "osd", "pool", "set-quota", "brim", "max_objects", "100")
	expect.NoError(t, cluster.ResizeImage(ctx, ref, 2<<20, false))
	ask(t, c, "osd", "pool", "set-quota", "brim", "max_objects", "1")
	awaitFull(true)
	ask(t, c, "osd", "pool", "set-quota", "brim", "max_objects", "0")
	expect.NoError(t, cluster.DeleteImage(ctx, named(ref), true, nil))
}

// An image that somebody renames while its deletion waits is not taken for gone, and what has got its name is left alone.
func TestImageRenamedBeforeItsDeletion(t *testing.T) {
	needBed(t)
	c := bed.Cluster("west")
	cluster := connect(t, configOf(c))
	ctx := limited(t)
	newPool(t, cluster, "swapped")
	ask := func(args ...string) { t.Helper(); rbd(t, c, args...) }
	ask("create", "--size", "1M", "swapped/data")
	known := named(ceph.ImageRef{Pool: "swapped", Name: "data"})
	image, err := cluster.Image(ctx, known.ImageRef)
	expect.NoError(t, err)
	known.PoolID, known.ID = image.PoolID, image.ID
	refused := func(words string) {
		t.Helper()
		expect.Problem(t, cluster.DeleteImage(ctx, known, true, nil), problem.Refused, words)
		expect.Problem(t, cluster.DeleteImage(ctx, known, false, nil), problem.Refused, words)
		expect.Problem(t, cluster.TrashImage(ctx, known, 0), problem.Refused, words)
	}
	ask("mv", "swapped/data", "swapped/former")
	refused("renamed or migrated to swapped/former")
	ask("create", "--size", "1M", "swapped/data")
	ask("snap", "create", "--no-progress", "swapped/data@kept")
	refused("has the id")
	ask("snap", "rm", "--no-progress", "swapped/data@kept")
	if names := strings.Fields(rbd(t, c, "ls", "swapped")); !slices.Equal(names, []string{"data", "former"}) {
		t.Errorf("there are %v", names)
	}
	ask("rm", "--no-progress", "swapped/former")
	ask("rm", "--no-progress", "swapped/data")
	expect.NoError(t, cluster.DeleteImage(ctx, known, true, nil))
}
