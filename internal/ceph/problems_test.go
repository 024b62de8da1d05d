package ceph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestErrnoKinds(t *testing.T) {
	for errno, kind := range map[Errno]problem.Kind{
		ETIMEDOUT: problem.Unreachable, EACCES: problem.Denied, EPERM: problem.Denied, EEXIST: problem.Exists, EBUSY: problem.Busy,
		EINVAL: problem.Invalid, ERANGE: problem.Invalid, EOPNOTSUPP: problem.Unsupported, ENOSPC: problem.Other, ENOENT: problem.Other,
	} {
		cluster, _ := withFake(map[string]answer{"osd pool ls": {errno: errno, status: "the words"}})
		_, err := cluster.Pools(context.Background())
		expect.Problem(t, err, kind, `"east"`, "Reply: ", "the words")
	}
	for _, row := range []struct {
		reply answer
		kind  problem.Kind
		words string
	}{
		{answer{errno: EINVAL, status: "command not known"}, problem.Unsupported, "does not know the command."},
		{answer{errno: EINVAL, status: "unrecognized variable 'bulk'"}, problem.Unsupported, "does not know the setting."},
		{answer{errno: ETIMEDOUT}, problem.Unreachable, "has caps for OSDs (ceph auth get client.admin)"},
	} {
		cluster, _ := withFake(map[string]answer{"osd pool ls": row.reply})
		_, err := cluster.Pools(context.Background())
		expect.Problem(t, err, row.kind, row.words)
	}
}

// Each call with the numbers that librbd's source, or the monitors', has for it beyond those of everywhere. words are what the
// explanation of a number has to say where it means something special for that call.
func TestEveryErrnoHasWords(t *testing.T) {
	ref := ImageRef{Pool: "vms", Name: "data"}
	remove := func(ctx context.Context, c *Cluster) error {
		return c.DeleteImage(ctx, KnownImage{ImageRef: ref}, true, nil)
	}
	contents := func(ctx context.Context, c *Cluster) error { _, err := c.ImageContents(ctx, ref, ""); return err }
	for call, row := range map[string]struct {
		run    func(context.Context, *Cluster) error
		errnos []Errno
		words  map[Errno]string
		done   []Errno // what is no error of this operation
	}{
		"Image":  {run: func(ctx context.Context, c *Cluster) error { _, err := c.Image(ctx, ref); return err }, errnos: []Errno{EROFS}},
		"Images": {run: func(ctx context.Context, c *Cluster) error { _, err := c.Images(ctx, "vms", ""); return err }},
		"Trash": {run: func(ctx context.Context, c *Cluster) error {
			_, err := c.PoolContents(ctx, "vms")
			return err
		}},
		"PoolName": {
			run:  func(ctx context.Context, c *Cluster) error { _, _, err := c.ImageByID(ctx, 1, "", "1ab"); return err },
			done: []Errno{ENOENT}, // the listing decides, and has the pool
		},
		"ImageName":      {run: func(ctx context.Context, c *Cluster) error { _, _, err := c.ImageByID(ctx, 1, "", "1ab"); return err }},
		"ImageRelations": {run: contents, errnos: []Errno{EROFS}},
		"ImageContents":  {run: contents, errnos: []Errno{EROFS, EDOM}},
		"ListedClones":   {run: contents},
		"ImageAllocated": {run: contents, errnos: []Errno{EDOM}},
		"Watchers":       {run: func(ctx context.Context, c *Cluster) error { _, err := c.Watchers(ctx, ref); return err }},
		"Namespaces":     {run: func(ctx context.Context, c *Cluster) error { _, err := c.Namespaces(ctx, "vms"); return err }},
		"Groups": {run: func(ctx context.Context, c *Cluster) error {
			_, err := c.NamespaceContents(ctx, Namespace{"vms", 1, "n"})
			return err
		}},
		"CreateNamespace": {
			run:    func(ctx context.Context, c *Cluster) error { _, err := c.CreateNamespace(ctx, "vms", "n"); return err },
			errnos: []Errno{EEXIST}, words: map[Errno]string{EEXIST: "import it", EINVAL: "replicated pool", EOPNOTSUPP: "replicated pool"},
		},
		"RemoveNamespace": {
			run:    func(ctx context.Context, c *Cluster) error { return c.DeleteNamespace(ctx, Namespace{"vms", 1, "n"}) },
			errnos: []Errno{ENOTEMPTY}, words: map[Errno]string{EBUSY: "still holds images", ENOTEMPTY: "still holds"},
			done: []Errno{ENOENT},
		},
		"CreateImage": {
			run: func(ctx context.Context, c *Cluster) error {
				_, err := c.CreateImage(ctx, ImageSpec{ImageRef: ref, SizeBytes: 1})
				return err
			},
			errnos: []Errno{EEXIST, EDOM, EROFS, EFBIG, E2BIG, EXDEV, ENAMETOOLONG},
			words: map[Errno]string{
				EEXIST: "import it", EINVAL: "256000000 objects", ENOENT: "does not exist", ENOSPC: "full", EDQUOT: "quota",
				ENAMETOOLONG: "shorter name",
			},
		},
		"ResizeImage": {
			run:    func(ctx context.Context, c *Cluster) error { return c.ResizeImage(ctx, ref, 2, false) },
			errnos: []Errno{EROFS, EFBIG}, words: map[Errno]string{EROFS: "rbd lock ls", EINVAL: "256000000 objects", EDQUOT: "quota"},
		},
		"RenameImage": {
			run:    func(ctx context.Context, c *Cluster) error { return c.RenameImage(ctx, ref, "other") },
			errnos: []Errno{EROFS, EEXIST, ENAMETOOLONG}, words: map[Errno]string{EROFS: "rbd lock ls", EEXIST: "name exists already"},
		},
		"SetImageFeatures": {
			run: func(ctx context.Context, c *Cluster) error {
				return c.SetImageFeatures(ctx, ref, []string{"exclusive-lock"}, nil)
			},
			errnos: []Errno{EROFS, ENOTEMPTY}, words: map[Errno]string{EROFS: "rbd lock ls", EINVAL: "needs exclusive-lock"},
		},
		"SetImageMetadata": {
			run: func(ctx context.Context, c *Cluster) error {
				return c.SetImageMetadata(ctx, ref, map[string]string{"a": "b"}, nil)
			},
			errnos: []Errno{EROFS, E2BIG}, words: map[Errno]string{EROFS: "rbd lock ls", EINVAL: "rbd config image list"},
		},
		"Snapshots": {
			run: func(ctx context.Context, c *Cluster) error { _, err := c.Snapshot(ctx, ref, "s"); return err }, errnos: []Errno{EROFS},
		},
		"CreateSnapshot": {
			run: func(ctx context.Context, c *Cluster) error {
				_, err := c.CreateSnapshot(ctx, ref, "new", false)
				return err
			},
			errnos: []Errno{EEXIST, EROFS}, words: map[Errno]string{EEXIST: "import it", EDQUOT: "rbd snap limit"},
		},
		"RenameSnapshot": {
			run: func(ctx context.Context, c *Cluster) error {
				return c.RenameSnapshot(ctx, Snapshot{Image: ref, ImageSnapshot: ImageSnapshot{Name: "s"}}, "t")
			},
			errnos: []Errno{EEXIST, EROFS}, words: map[Errno]string{EEXIST: "already"},
		},
		"ProtectSnapshot": {
			run: remove, errnos: []Errno{EROFS}, done: []Errno{EINVAL, ENOENT}, // it is not protected any more, or gone
			words: map[Errno]string{EBUSY: "has got a clone", ETIMEDOUT: "all pools of the cluster are asked"},
		},
		"RemoveSnapshot": {run: remove, errnos: []Errno{EROFS}, done: []Errno{ENOENT}, words: map[Errno]string{EBUSY: "protected"}},
		"RemoveImage": {
			run: remove, errnos: []Errno{EROFS, EMLINK, ENOTEMPTY, ECHILD},
			words: map[Errno]string{
				EBUSY: "Another operation on the image", EMLINK: "rbd group image rm", ENOTEMPTY: "new snapshot or a clone",
				EINVAL: "rbd mirror image promote", EROFS: "Its snapshots are removed already: s",
			},
		},
		"RemovalOf": {run: func(ctx context.Context, c *Cluster) error { return c.EndRemoval(ctx, ref, "1ab") }},
		"EndRemoval": {
			run: func(ctx context.Context, c *Cluster) error { return c.EndRemoval(ctx, ref, "1ab") }, errnos: []Errno{ENOTEMPTY},
			words: map[Errno]string{EBUSY: "another removal"}, done: []Errno{ENOENT},
		},
		"PoolConfig": {run: func(ctx context.Context, c *Cluster) error { _, err := c.PoolConfig(ctx, "vms"); return err }},
		"SetPoolConfig": {
			run: func(ctx context.Context, c *Cluster) error {
				return c.SetPoolConfig(ctx, "vms", map[string]string{"rbd_cache": "true"}, nil)
			},
			errnos: []Errno{E2BIG}, words: map[Errno]string{EINVAL: "rbd config pool list", EACCES: "rbd_cache", EDQUOT: "quota"},
		},
		"RemovePoolConfig": {
			run: func(ctx context.Context, c *Cluster) error {
				return c.SetPoolConfig(ctx, "vms", nil, []string{"rbd_cache"})
			},
			done: []Errno{ENOENT}, // it is not set
		},
		"CheckConfig": {
			run:   func(ctx context.Context, c *Cluster) error { return c.CheckConfig(ctx, "rbd_cache", "maybe") },
			words: map[Errno]string{ENOENT: "knows no setting of this name", EINVAL: "has no such value", ERANGE: "has no such value"},
		},
		"InitPool":     {run: func(ctx context.Context, c *Cluster) error { return c.initPool(ctx, "vms") }},
		"VisitObjects": {run: func(ctx context.Context, c *Cluster) error { _, err := c.PoolContents(ctx, "vms"); return err }},
		"MonCommand": {
			run:    func(ctx context.Context, c *Cluster) error { _, err := c.Pools(ctx); return err },
			errnos: []Errno{EEXIST, ENOTEMPTY, E2BIG, EDOM, EALREADY, EINPROGRESS, ENODEV, EXDEV, ENAMETOOLONG, ECHILD, EROFS},
		},
	} {
		for _, errno := range append(append([]Errno{}, everywhere...), row.errnos...) {
			t.Run(fmt.Sprintf("%s %d", call, errno), func(t *testing.T) {
				conn := &refusing{call: call, errno: errno}
				conn.fsid = testFSID
				conn.answers = map[string]answer{
					"osd pool ls": {out: `[{"pool_id":1,"pool_name":"vms","type":1,"flags_names":"hashpspool",` +
						`"application_metadata":{"rbd":{}}}]`},
					"osd crush rule dump": recorded(t, "osd-crush-rule-dump"),
				}
				cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
				ctx := t.Context()
				if (call == "RemoveImage" || call == "EndRemoval") && errno == EBUSY { // what holds the image may let go in time
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
					defer cancel()
				}
				err := row.run(ctx, cluster)
				switch {
				case slices.Contains(row.done, errno):
					if err != nil {
						t.Error(err)
					}
				case err == nil:
					t.Error("no error")
				case strings.Contains(err.Error(), "no explanation here"):
					t.Errorf("there are no words for it: %v", err)
				case !strings.Contains(err.Error(), row.words[errno]):
					t.Errorf("%q is missing in: %v", row.words[errno], err)
				}
			})
		}
	}
}

// librbd hides from a removal that the pool is full.
func TestRemovalFromAFullPool(t *testing.T) {
	conn := &refusing{call: "RemoveImage", errno: ENOENT}
	conn.fsid = testFSID
	conn.answers = map[string]answer{
		"osd pool ls":         {out: `[{"pool_id":1,"pool_name":"vms","type":1,"flags_names":"hashpspool,full"}]`},
		"osd crush rule dump": recorded(t, "osd-crush-rule-dump"),
	}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	err := cluster.DeleteImage(t.Context(), KnownImage{ImageRef: ImageRef{Pool: "vms", Name: "data"}}, true, nil)
	expect.Problem(t, err, problem.Other, `Pool "vms" is full`, "set-full-ratio", "ENOENT")
}

// any call that reaches OSDs can be answered with these, by the OSDs, by librados or by a class of theirs.
var everywhere = []Errno{
	EPERM, ENOENT, EINTR, EIO, ENXIO, EAGAIN, ENOMEM, EACCES, EFAULT, EBUSY, EINVAL, ENOSPC, ERANGE, ENOSYS, ENODATA, EBADMSG, EOVERFLOW,
	EILSEQ, EOPNOTSUPP, ENOTCONN, ESHUTDOWN, ETIMEDOUT, ESTALE, EDQUOT, ECANCELED,
}

// refusing is a connection on which one call is refused with a number, and every other works and finds nothing.
type refusing struct {
	fakeConn

	call  string
	errno Errno
}

func (r *refusing) answer(call string) error {
	if call == r.call {
		return r.errno
	}
	return nil
}

func (r *refusing) Images(context.Context, string, string) ([]ImageEntry, error) {
	if r.call == "VisitObjects" { // is called for pools without images only
		return nil, nil
	}
	return []ImageEntry{{Name: "data", ID: "1ab"}}, r.answer("Images")
}

func (r *refusing) Trash(context.Context, string, string) ([]ImageEntry, error) {
	return nil, r.answer("Trash")
}

func (r *refusing) PoolName(ctx context.Context, id int64) (string, error) {
	if err := r.answer("PoolName"); err != nil {
		return "", err
	}
	return r.fakeConn.PoolName(ctx, id)
}

func (r *refusing) ImageName(context.Context, string, string, string) (string, error) {
	return "data", r.answer("ImageName")
}

func (r *refusing) Image(context.Context, ImageRef) (Image, error) {
	return Image{ID: "1ab", SizeBytes: 1}, r.answer("Image")
}

func (r *refusing) ImageRelations(context.Context, ImageRef) (ImageRelations, error) {
	return ImageRelations{PoolID: 1, ID: "1ab", Snapshots: []ImageSnapshot{{ID: 4, Name: "s", Protected: true}}}, r.answer("ImageRelations")
}

func (r *refusing) ImageContents(ctx context.Context, ref ImageRef, _ string) (contents ImageContents, looked bool, err error) {
	contents.ImageRelations, err = r.ImageRelations(ctx, ref)
	if err == nil {
		err = r.answer("ImageContents")
	}
	return contents, false, err
}

func (r *refusing) ListedClones(context.Context, string, string, int64, string, uint64) ([]string, error) {
	return nil, r.answer("ListedClones")
}

func (r *refusing) ImageAllocated(context.Context, ImageRef, string) (bool, error) {
	return false, r.answer("ImageAllocated")
}

func (r *refusing) ImageMigration(context.Context, string, string, string) (*Migration, error) {
	return nil, r.answer("ImageMigration")
}

func (r *refusing) Watchers(context.Context, ImageRef) ([]Watcher, error) {
	return nil, r.answer("Watchers")
}

func (r *refusing) Namespaces(context.Context, string) ([]string, error) {
	return nil, r.answer("Namespaces")
}

func (r *refusing) Groups(context.Context, string, string) ([]string, error) {
	return nil, r.answer("Groups")
}

func (r *refusing) CreateNamespace(context.Context, string, string) error {
	return r.answer("CreateNamespace")
}

func (r *refusing) RemoveNamespace(context.Context, string, string) error {
	return r.answer("RemoveNamespace")
}

func (r *refusing) CreateImage(context.Context, ImageSpec) error { return r.answer("CreateImage") }

func (r *refusing) ResizeImage(context.Context, ImageRef, uint64, bool) error {
	return r.answer("ResizeImage")
}

func (r *refusing) RenameImage(context.Context, ImageRef, string) error {
	return r.answer("RenameImage")
}

func (r *refusing) SetImageFeatures(context.Context, ImageRef, []string, bool) error {
	return r.answer("SetImageFeatures")
}

func (r *refusing) SetImageMetadata(context.Context, ImageRef, map[string]string, []string) error {
	return r.answer("SetImageMetadata")
}

func (r *refusing) Snapshots(context.Context, ImageRef) (ImageSnapshots, error) {
	return ImageSnapshots{List: []ImageSnapshot{{ID: 1, Name: "s"}}}, r.answer("Snapshots")
}

func (r *refusing) CreateSnapshot(context.Context, ImageRef, string) error {
	return r.answer("CreateSnapshot")
}

func (r *refusing) RenameSnapshot(context.Context, ImageRef, string, string) error {
	return r.answer("RenameSnapshot")
}

func (r *refusing) ProtectSnapshot(context.Context, ImageRef, string, bool) error {
	return r.answer("ProtectSnapshot")
}

func (r *refusing) RemoveSnapshot(context.Context, ImageRef, string) error {
	return r.answer("RemoveSnapshot")
}

func (r *refusing) RemovalOf(context.Context, string, string, string) (string, error) {
	return "data", r.answer("RemovalOf")
}

func (r *refusing) EndRemoval(context.Context, string, string, string) error {
	return r.answer("EndRemoval")
}

func (r *refusing) RemoveImage(context.Context, ImageRef) error { return r.answer("RemoveImage") }

func (r *refusing) InitPool(context.Context, string) error { return r.answer("InitPool") }

func (r *refusing) PoolConfig(context.Context, string) (map[string]string, error) {
	return nil, r.answer("PoolConfig")
}

func (r *refusing) SetPoolConfig(context.Context, string, string, string) error {
	return r.answer("SetPoolConfig")
}

func (r *refusing) RemovePoolConfig(context.Context, string, string) error {
	return r.answer("RemovePoolConfig")
}

func (r *refusing) CheckConfig(context.Context, string, string) error { return r.answer("CheckConfig") }

func (r *refusing) VisitObjects(context.Context, string, func(string, string) bool) error {
	return r.answer("VisitObjects")
}

func (r *refusing) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	if r.call == "MonCommand" {
		return nil, "", r.errno
	}
	out, status, err := r.fakeConn.MonCommand(ctx, text, input)
	return out, status, err
}

// A number that tells the cause gets the advice for that cause alone.
func TestErrnoWithOneCauseGetsItsAdvice(t *testing.T) {
	cluster, _ := withFake(nil)
	for number, words := range map[Errno]string{
		ENOTCONN:  "connection to cluster",
		ESHUTDOWN: "blocklist",
		ENOSPC:    "add OSDs",
		EDQUOT:    "quota",
	} {
		text := cluster.failed("It failed.", "", number).Error()
		told, _, _ := strings.Cut(text, "Reply: ")
		for _, cause := range []string{"connection to cluster", "blocklist", "add OSDs", "quota"} {
			if strings.Contains(told, cause) != (cause == words) {
				t.Errorf("%v: %q is told: %v in %s", number, cause, cause != words, told)
			}
		}
	}
}
