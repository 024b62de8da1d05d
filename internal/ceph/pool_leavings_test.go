package ceph

import (
	"context"
	"slices"
	"testing"
)

// headerlessConn has images that no header tells anything of, and one image of another pool that they are attached to.
type headerlessConn struct {
	fakeConn
	self, other int64 // the pools
	opened      []string
}

func (c *headerlessConn) Namespaces(context.Context, string) ([]string, error) { return nil, nil }

func (c *headerlessConn) Images(context.Context, string, string) ([]ImageEntry, error) {
	return []ImageEntry{{Name: "clone", ID: "1"}, {Name: "removed", ID: "2"}, {Name: "former"}}, nil
}

func (c *headerlessConn) Trash(context.Context, string, string) ([]ImageEntry, error) {
	return []ImageEntry{{Name: "clone", ID: "3"}}, nil
}

func (c *headerlessConn) ImageDataPools(context.Context, string, string, []string) (map[string]int64, error) {
	return nil, nil
}

func (c *headerlessConn) ImageHeaders(context.Context, string, string, []string) (map[string]Image, error) {
	return nil, nil
}

func (c *headerlessConn) Image(_ context.Context, ref ImageRef) (Image, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = append(c.opened, ref.Name)
	if ref.Name == "removed" {
		return Image{}, ENOENT
	}
	return Image{Parent: &SnapshotID{PoolID: c.other, ImageID: "parent"}}, nil
}

func (c *headerlessConn) AttachedClones(_ context.Context, pool, _ string, ids []string) ([]Clone, error) {
	if pool != "ecp" || !slices.Equal(ids, []string{"parent"}) {
		return nil, EINVAL
	}
	return []Clone{{PoolID: c.self, ID: "1"}, {PoolID: c.self, ID: "3"}, {PoolID: c.self, ID: "gone"}, {PoolID: c.other, ID: "2"}}, nil
}

// A clone whose header does not tell all is opened; what is in the trash, or has no header, is not in the way.
func TestLeavingsOfImagesThatAreOpened(t *testing.T) {
	conn := &headerlessConn{fakeConn: fakeConn{fsid: testFSID, answers: poolAnswers(t)}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	pools, err := cluster.Pools(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.other, conn.self = pools[0].ID, pools[1].ID
	names, err := cluster.PoolLeavings(t.Context(), "full")
	want := []string{`full/clone (a clone of an image in pool "ecp")`, `full/clone (in the trash, id 3, a clone of an image in pool "ecp")`}
	slices.Sort(conn.opened)
	if err != nil || !slices.Equal(names, want) || !slices.Equal(conn.opened, []string{"clone", "removed"}) {
		t.Errorf("%q, %v; opened %q; want %q", names, err, conn.opened, want)
	}
}
