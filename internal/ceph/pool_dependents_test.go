package ceph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/readcache"
)

// dataPoolsConn has pools of one image each, whose data is in a pool of its own or in another one. A listing takes a second.
type dataPoolsConn struct {
	fakeConn
	dataPools map[string]int64 // of the image of a pool, by its name
	listings  int
}

func (c *dataPoolsConn) Namespaces(context.Context, string) ([]string, error) { return nil, nil }

func (c *dataPoolsConn) Trash(context.Context, string, string) ([]ImageEntry, error) { return nil, nil }

func (c *dataPoolsConn) VisitObjects(context.Context, string, func(namespace, object string) bool) error {
	return nil
}

func (c *dataPoolsConn) Images(_ context.Context, pool, _ string) ([]ImageEntry, error) {
	c.mu.Lock()
	c.listings++
	_, has := c.dataPools[pool]
	c.mu.Unlock()
	time.Sleep(time.Second)
	if !has {
		return nil, nil
	}
	return []ImageEntry{{Name: "image", ID: "id of " + pool}}, nil
}

func (c *dataPoolsConn) ImageDataPools(_ context.Context, pool, _ string, ids []string) (map[string]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := map[string]int64{}
	for _, id := range ids {
		if dataPool := c.dataPools[pool]; dataPool != 0 {
			found[id] = dataPool
		}
	}
	return found, nil
}

// Pools that are deleted at the same time share the looks at the images of all pools, and each look begins after the question.
func TestDataPoolsOfManyPools(t *testing.T) {
	const pools = 16
	var recorded []map[string]any
	if err := json.Unmarshal([]byte(poolAnswers(t)["osd pool ls"].out), &recorded); err != nil {
		t.Fatal(err)
	}
	all := make([]map[string]any, pools)
	for i := range all {
		all[i] = map[string]any{}
		for key, value := range recorded[1] {
			all[i][key] = value
		}
		all[i]["pool_name"], all[i]["pool_id"] = fmt.Sprintf("pool%d", i), i+1
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	answers := poolAnswers(t)
	answers["osd pool ls"] = answer{out: string(text)}
	synctest.Test(t, func(t *testing.T) {
		cluster, _ := withFake(answers)
		conn := &dataPoolsConn{fakeConn: fakeConn{fsid: testFSID, answers: answers}, dataPools: map[string]int64{"pool0": 2}}
		cluster.dial = func(context.Context, Config) (Conn, error) { return conn, nil }
		want := func(pool int, dataOf ...string) {
			name := fmt.Sprintf("pool%d", pool)
			contents, err := cluster.PoolContents(t.Context(), name)
			if got := refNames(contents.DataOf); err != nil || !slices.Equal(got, dataOf) {
				t.Errorf("%s has the data of %v, %v; want %v", name, got, err, dataOf)
			}
		}
		var asked sync.WaitGroup
		for i := 1; i < pools; i++ {
			asked.Go(func() {
				if i == 1 {
					want(i, "pool0/image")
				} else {
					want(i)
				}
			})
		}
		asked.Wait()
		if limit := pools - 1 + 2*pools; conn.listings > limit {
			t.Errorf("%d listings for %d pools, at most %d wanted", conn.listings, pools-1, limit)
		}

		time.Sleep(2 * readcache.Lifetime)
		asked.Go(func() { want(2) })
		time.Sleep(1900 * time.Millisecond)
		asked.Go(func() { want(4, "pool3/image") })
		// By now the look that the first has begun has listed all pools, and at its end the second asks.
		time.Sleep(600 * time.Millisecond)
		conn.mu.Lock()
		conn.dataPools["pool3"] = 5
		conn.mu.Unlock()
		asked.Wait()
		cluster.Close()
	})
}

// trashedDataConn has an image in the trash whose data is in another pool, and an image that has got its name since.
type trashedDataConn struct {
	dataPoolsConn
	asked []string
}

func (c *trashedDataConn) Trash(_ context.Context, pool, _ string) ([]ImageEntry, error) {
	if pool != "ecp" && pool != "full" {
		return nil, nil
	}
	return []ImageEntry{{Name: "image", ID: "trashed"}}, nil
}

func (c *trashedDataConn) Images(context.Context, string, string) ([]ImageEntry, error) {
	return []ImageEntry{{Name: "image", ID: "live"}}, nil
}

func (c *trashedDataConn) ImageDataPools(_ context.Context, _, _ string, ids []string) (map[string]int64, error) {
	found := map[string]int64{}
	for _, id := range ids {
		if id == "trashed" {
			found[id] = c.dataPools[""]
		}
	}
	return found, nil
}

func (c *trashedDataConn) AttachedClones(context.Context, string, string, []string) ([]Clone, error) {
	return nil, nil
}

func (c *trashedDataConn) AllListedClones(context.Context, string, string, int64) ([]Clone, error) {
	return nil, nil
}

func (c *trashedDataConn) Watchers(_ context.Context, ref ImageRef) ([]Watcher, error) {
	c.asked = append(c.asked, ref.String())
	return []Watcher{{Addr: "192.0.2.7:0/1"}}, nil
}

// What is in the trash is lost with its data pool, and is not the image that has its name now.
func TestTrashedImagesKeepTheirData(t *testing.T) {
	other, _ := withFake(poolAnswers(t))
	pool, err := other.Pool(t.Context(), "ecp")
	if err != nil {
		t.Fatal(err)
	}
	conn := &trashedDataConn{dataPoolsConn: dataPoolsConn{
		fakeConn: fakeConn{fsid: testFSID, answers: poolAnswers(t)}, dataPools: map[string]int64{"": pool.ID},
	}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	contents, err := cluster.PoolContents(t.Context(), "ecp")
	if got := refNames(contents.DataOfTrash); err != nil || len(contents.DataOf) > 0 || !slices.Equal(got, []string{"full/image"}) ||
		contents.Empty() || contents.Summary() != "1 image in the trash of another pool that keeps its data here (full/image)" {
		t.Errorf("%+v: %s; %v", contents, contents.Summary(), err)
	}
	dependents, err := cluster.PoolDependents(t.Context(), "ecp")
	if want := []string{"full/image (in the trash, id trashed, its data)"}; err != nil || !slices.Equal(dependents, want) {
		t.Errorf("dependents %q, %v; want %q", dependents, err, want)
	}
	watched, err := cluster.PoolWatchers(t.Context(), "ecp")
	if err != nil || len(watched) > 0 || len(conn.asked) > 0 {
		t.Errorf("watched %v, %v; asked for %v", watched, err, conn.asked)
	}
}
