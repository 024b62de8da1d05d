package ceph

import (
	"strconv"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Clients hear of settings by a value that differs from the one that librbd has written in the same second.
func TestTellPoolConfig(t *testing.T) {
	cluster, conn := withFake(map[string]answer{"config set": {}})
	now := time.Unix(1000, 0)
	cluster.now = func() time.Time { return now }
	if err := cluster.TellPoolConfig(t.Context(), "vms"); err != nil {
		t.Fatal(err)
	}
	cmd := conn.asked[len(conn.asked)-1]
	if cmd["who"] != "global" || cmd["name"] != configStamp || cmd["value"] != strconv.Itoa(1001) {
		t.Errorf("sent %v", cmd)
	}
}

func TestTellPoolConfigWithoutTheCapability(t *testing.T) {
	cluster, _ := withFake(map[string]answer{"config set": {errno: EACCES, status: "access denied"}})
	expect.Problem(t, cluster.TellPoolConfig(t.Context(), "vms"), problem.Denied,
		`The RBD settings of pool "vms" of cluster "east" are stored`,
		`allow command "config set" with who=global name=rbd_config_pool_override_update_timestamp`, "started or migrated the next time",
		"Reply: ", "access denied")
	cluster, _ = withFake(map[string]answer{"config set": {errno: ETIMEDOUT}})
	expect.Problem(t, cluster.TellPoolConfig(t.Context(), "vms"), problem.Unreachable, "ceph config set global")
}
