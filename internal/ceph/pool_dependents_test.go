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
