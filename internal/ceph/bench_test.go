package ceph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// listPools returns the reading of a cluster's listing of so many pools, each as long as the recorded ones.
func listPools(t testing.TB, number int) func() {
	t.Helper()
	text, err := os.ReadFile("testdata/osd-pool-ls-detail-20.json")
	var recorded []json.RawMessage
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	pools := make([]json.RawMessage, number)
	for i := range pools {
		pools[i] = bytes.Replace(recorded[i%len(recorded)], []byte(`"pool_name": "`), fmt.Appendf(nil, `"pool_name": "%04d-`, i), 1)
	}
	reply, err := json.Marshal(pools)
	if err != nil {
		t.Fatal(err)
	}
	cluster, conn := withFake(map[string]answer{"osd pool ls": {out: string(reply)}, "osd crush rule dump": {out: "[]"}})
	return func() {
		if pools, err := cluster.Pools(t.Context()); err != nil || len(pools) != number {
			t.Fatal(len(pools), err)
		}
		conn.asked = nil
	}
}

func BenchmarkPools1000(b *testing.B) {
	work := listPools(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		work()
	}
}

func TestAllocationsOfPools(t *testing.T) {
	expect.Allocations(t, 12_800, listPools(t, 1000))
}
