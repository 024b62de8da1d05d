package ceph

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// imagesConn has images, by pool and namespace. Those whose name begins with "clone" are not told by their headers, "gone" is listed
// only once, and "broken" can't be opened.
type imagesConn struct {
	fakeConn
	images map[string][]string
	listed map[string]bool
	opened []string

	listings int
	removed  string // an image that is listed and isn't there any more

	removing map[string]string // the former names of images whose removal was cut off, by their ids
	ended    []string          // calls that end a removal
	busy     int               // how many of them find a watcher
}

func (c *imagesConn) ImageName(_ context.Context, pool, _, id string) (string, error) {
	name := strings.TrimPrefix(id, "id of ")
	if !slices.Contains(c.images[pool], name) || name == c.removed {
		return "", nil
	}
	return name, nil
}

func (c *imagesConn) RenameImage(context.Context, ImageRef, string) error { return nil }

func (c *imagesConn) RemovalOf(_ context.Context, _, _, id string) (string, error) {
	return c.removing[id], nil
}

func (c *imagesConn) EndRemoval(_ context.Context, pool, _, id string) error {
	c.ended = append(c.ended, pool+" "+id)
	if c.busy > 0 {
		c.busy--
		return EBUSY
	}
	delete(c.removing, id)
	return nil
}

func (c *imagesConn) Trash(context.Context, string, string) ([]ImageEntry, error) { return nil, nil }

func (c *imagesConn) ImageMigration(context.Context, string, string, string) (*Migration, error) {
	return nil, nil //nolint:nilnil // none is an answer
}

func (c *imagesConn) Namespaces(_ context.Context, pool string) ([]string, error) {
	var names []string
	for place := range c.images {
		if in, namespace, named := strings.Cut(place, "/"); named && in == pool {
			names = append(names, namespace)
		}
	}
	slices.Sort(names)
	return names, nil
}

func (c *imagesConn) Images(_ context.Context, pool, namespace string) ([]ImageEntry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listings++
	place := strings.TrimSuffix(pool+"/"+namespace, "/")
	var entries []ImageEntry
	for _, name := range c.images[place] {
		if name != "gone" || !c.listed[place] {
			entries = append(entries, ImageEntry{Name: name, ID: "id of " + name})
		}
	}
	c.listed[place] = true
	return entries, nil
}

func (c *imagesConn) ImageHeaders(_ context.Context, _, _ string, ids []string) (map[string]Image, error) {
	images := map[string]Image{}
	for _, id := range ids {
		if name := strings.TrimPrefix(id, "id of "); !strings.HasPrefix(name, "clone") && name != "gone" && name != "broken" &&
			name != c.removed {
			images[id] = Image{ID: id, PoolID: 1, Metadata: map[string]string{"conf_rbd_cache": "false", "a": "b"}}
		}
	}
	return images, nil
}

func (c *imagesConn) Image(_ context.Context, ref ImageRef) (Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, ref.Name)
	switch ref.Name {
	case "gone", "recorded":
		return Image{}, ENOENT
	case "broken":
		return Image{}, EIO
	}
	return Image{ID: "id of " + ref.Name, PoolID: 1, Metadata: map[string]string{"conf_rbd_cache": "false", "a": "b"}}, nil
}

func withImages(t *testing.T, images map[string][]string) (*Cluster, *imagesConn) {
	conn := &imagesConn{images: images, listed: map[string]bool{}}
	conn.fsid = testFSID
	conn.answers = map[string]answer{
		"osd pool ls": {out: `[{"pool_id":1,"pool_name":"vms","type":1,"application_metadata":{"rbd":{}}},
			{"pool_id":2,"pool_name":"ec","type":3,"application_metadata":{"rbd":{}}},
			{"pool_id":3,"pool_name":"files","type":1,"application_metadata":{"cephfs":{}}},
			{"pool_id":4,"pool_name":"bare","type":1,"application_metadata":{}}]`},
		"osd crush rule dump": recorded(t, "osd-crush-rule-dump"),
	}
	return NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil }), conn
}

func TestVisitImages(t *testing.T) {
	images := map[string][]string{"vms": {"a", "clone", "gone", "z"}, "vms/n": {"a", "b"}, "bare": {"x"}, "ec": {"never"}, "files": {"never"}}
	empty, named := "", "n"
	for name, test := range map[string]struct {
		filter ImageFilter
		want   []string
	}{
		"all":                   {ImageFilter{}, []string{"bare/x", "vms/a", "vms/clone", "vms/z", "vms/n/a", "vms/n/b"}},
		"a pool":                {ImageFilter{Pool: "vms"}, []string{"vms/a", "vms/clone", "vms/z", "vms/n/a", "vms/n/b"}},
		"the default namespace": {ImageFilter{Pool: "vms", Namespace: &empty}, []string{"vms/a", "vms/clone", "vms/z"}},
		"a namespace":           {ImageFilter{Namespace: &named}, []string{"vms/n/a", "vms/n/b"}},
		"names":                 {ImageFilter{Name: func(name string) bool { return name == "a" }}, []string{"vms/a", "vms/n/a"}},
		"an erasure-coded pool": {ImageFilter{Pool: "ec"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cluster, conn := withImages(t, images)
			var got []string
			err := cluster.VisitImages(t.Context(), test.filter, func(image ListedImage) bool {
				got = append(got, image.String())
				if image.Config["rbd_cache"] != "false" || len(image.Metadata) != 1 {
					t.Errorf("%s: config %v, metadata %v", image.ImageRef, image.Config, image.Metadata)
				}
				return true
			})
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
			for _, opened := range conn.opened {
				if opened != "clone" && opened != "gone" {
					t.Errorf("%s was opened", opened)
				}
			}
		})
	}
}

func TestVisitImagesEnds(t *testing.T) {
	cluster, _ := withImages(t, map[string][]string{"vms": {"a", "b", "c"}})
	visited := 0
	err := cluster.VisitImages(t.Context(), ImageFilter{}, func(ListedImage) bool { visited++; return visited < 2 })
	if err != nil || visited != 2 {
		t.Errorf("visited %d, %v", visited, err)
	}
	cluster, _ = withImages(t, map[string][]string{"vms": {"a", "broken"}})
	err = cluster.VisitImages(t.Context(), ImageFilter{}, func(ListedImage) bool { return true })
	if err == nil || !strings.Contains(err.Error(), "vms/broken") || !strings.Contains(err.Error(), "as if they were gone") {
		t.Errorf("an image that can't be read: %v", err)
	}
	err = cluster.VisitImages(t.Context(), ImageFilter{Pool: "none"}, func(ListedImage) bool { return true })
	expect.Problem(t, err, problem.NotFound, `no pool "none"`)
}
