package ceph

import (
	"testing"
	"time"
)

func TestPoolCacheServesUntilAChange(t *testing.T) {
	var c poolCache
	now := time.Now()
	c.store([]Pool{{ID: 1, Name: "vms"}}, now, c.begin())
	if _, ok := c.get(now.Add(poolCacheTTL / 2)); !ok {
		t.Error("a recent listing does not serve")
	}
	if _, ok := c.get(now.Add(poolCacheTTL)); ok {
		t.Error("an old listing serves")
	}
	c.invalidate()
	if _, ok := c.get(now); ok {
		t.Error("a listing serves after a change")
	}
	before := c.begin()
	c.invalidate()
	c.store([]Pool{{ID: 1}}, now, before)
	if _, ok := c.get(now); ok {
		t.Error("a listing that began before a change serves")
	}
}

func TestWhichCommandsChangePools(t *testing.T) {
	for prefix, want := range map[string]bool{
		"osd pool set": true, "osd pool create": true, "osd pool application enable": true, "osd pool rename": true, "osd pool delete": true,
		"osd pool ls": false, "osd crush rule dump": false, "auth get": false,
	} {
		if got := changesPools(command{"prefix": prefix}); got != want {
			t.Errorf("%s: %v", prefix, got)
		}
	}
}

func TestFirstPool(t *testing.T) {
	if _, found := firstPool([]Pool{{Name: "a"}}, func(p Pool) bool { return p.Name == "b" }); found {
		t.Error("found what is not there")
	}
}
