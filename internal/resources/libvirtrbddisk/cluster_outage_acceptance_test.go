//go:build cgo

package libvirtrbddisk_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// monitorsOf returns host and port (v2) of a cluster's monitors, sorted, as `ceph mon dump` shows them.
func monitorsOf(t *testing.T, cluster string) []string {
	t.Helper()
	var dump struct {
		Mons []struct {
			PublicAddrs struct {
				AddrVec []struct{ Type, Addr string } `json:"addrvec"`
			} `json:"public_addrs"`
		} `json:"mons"`
	}
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "mon", "dump", "--format", "json")), &dump); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range dump.Mons {
		for _, a := range m.PublicAddrs.AddrVec {
			if a.Type == "v2" {
				addr := netip.MustParseAddrPort(a.Addr)
				list = append(list, fmt.Sprintf("%s %d", addr.Addr(), addr.Port()))
			}
		}
	}
	slices.Sort(list)
	return list
}

// quorumOf counts the monitors of a cluster's quorum.
func quorumOf(t *testing.T, cluster string) int {
	t.Helper()
	var status struct {
		Names []string `json:"quorum_names"`
	}
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "quorum_status", "--format", "json")), &status); err != nil {
		t.Fatal(err)
	}
	return len(status.Names)
}

// Cluster north, which no other test needs, stops to answer, and later loses a monitor.
func TestAccLibvirtRBDDisk_clusterOutage(t *testing.T) {
	prepare(t)
	t.Parallel()
	prepareCluster(t, "north", northSecret)
	t.Run("down", clusterDown)
	t.Run("monitors", severalMonitors)
}

// While its cluster is down a disk is still refreshed, changed and detached.
func clusterDown(t *testing.T) {
	const name = "down"
	guest(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "north", name, "16M")
	image(t, "east", name+"-named", "16M")
	acctest.VirshIn(t, "kvm1", fmt.Sprintf("<disk type='network' device='disk'><driver name='qemu' type='raw'/><auth username='libvirt'>"+
		"<secret type='ceph' uuid='%s'/></auth><source protocol='rbd' name='%s/%s-named'><host name='mon.invalid' port='6789'/></source>"+
		"<target dev='vdc' bus='virtio'/></disk>", eastSecret, pool, name), "attach-device", name, "/dev/stdin", "--config")
	const named = `monitors = [{ host = "mon.invalid", port = 6789 }]`
	// Each question to a cluster that doesn't answer takes as long as its timeout. It is short only once the cluster has stopped.
	shortLimits := regexp.MustCompile(`(north = .*)"30s"(.*)"60s"`).ReplaceAllString(acctest.Provider(t), `$1"2s"$2"2s"`)
	north := func(provider string, assignments ...string) string {
		return provider + block(name, name, append(assignments, `cluster = "north"`, fmt.Sprintf("secret_uuid = %q", northSecret))...)
	}
	t.Cleanup(func() {
		if err := acctest.Bed(t).Cluster("north").Resume(); err != nil {
			t.Error(err)
		}
	})
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: north(acctest.Provider(t))},
		{
			PreConfig: func() {
				if err := acctest.Bed(t).Cluster("north").Pause(); err != nil {
					t.Fatal(err)
				}
			},
			Config: north(shortLimits, `cache = "none"`), ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: check(func() error {
				if got := diskOf(t, "kvm1", name, "vdb", true).Driver.Cache; got != "none" {
					return fmt.Errorf("cache is %q", got)
				}
				return nil
			}),
		},
		{Config: shortLimits, Check: check(func() error {
			if diskOf(t, "kvm1", name, "vdb", true) != nil {
				return fmt.Errorf("the disk is still there")
			}
			return nil
		})},
		// A cluster that doesn't answer takes no time from those that do: whose disk it is, its secret tells.
		{
			Config: regexp.MustCompile(`(north = .*)"30s"`).ReplaceAllString(acctest.Provider(t), `$1"5s"`) +
				block(name, name+"-named", `target_dev = "vdc"`, named) +
				"import {\n  provider = ceph\n  to = " + address + "\n  id = \"kvm1/" + name + "/vdc\"\n}\n",
			ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
		},
	}})
}

// A running guest opens its disk through the monitors of a cluster that has three, on IPv6 where the machine has it. When one is removed
// the saved definition follows.
func severalMonitors(t *testing.T) {
	const name = "monitors"
	g := running(t, "kvm1", testbed.GuestOptions{Name: name})
	image(t, "north", name, "16M")
	config := acctest.Provider(t) + block(name, name, `cluster = "north"`, fmt.Sprintf("secret_uuid = %q", northSecret))
	all := monitorsOf(t, "north")
	if len(all) != 3 {
		t.Fatalf("the cluster has the monitors %v", all)
	}
	names := func(saved bool) string {
		list := strings.Split(hosts(diskOf(t, "kvm1", name, "vdb", saved)), ", ")
		slices.Sort(list)
		return strings.Join(list, ", ")
	}
	named := func(saved, live []string) resource.TestCheckFunc {
		return check(func() error {
			if names(true) != strings.Join(saved, ", ") || names(false) != strings.Join(live, ", ") {
				return fmt.Errorf("saved %s, live %s; want %v, %v", names(true), names(false), saved, live)
			}
			return sees(g, 16<<20)
		})
	}
	stale := acctest.Computed(t, diskType, "monitors_stale", func() string { return fmt.Sprint(names(true) != names(false)) })
	removed := func() []string { return monitorsOf(t, "north") }
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config, Check: resource.ComposeTestCheckFunc(named(all, all), attr("monitors.#", "3"), attr("monitors_stale", "false"), stale)},
		{ResourceName: address, ImportState: true, ImportStateVerify: true, ImportStateId: "kvm1/" + name + "/vdb"},
		{
			PreConfig: func() {
				acctest.Ceph(t, "north", "mon", "rm", "c")
				expect.Eventually(t, "a monitor map of two", func() bool { return len(monitorsOf(t, "north")) == 2 })
				expect.Eventually(t, "a quorum of two", func() bool { return quorumOf(t, "north") == 2 })
				// A client that was connected to the removed monitor has to find another one first, and a plan doesn't wait for that.
				acctest.AwaitConnections(t, "north")
			},
			Config: config, ConfigPlanChecks: planned(plancheck.ResourceActionUpdate),
			Check: resource.ComposeTestCheckFunc(
				attr("monitors.#", "2"), attr("monitors_stale", "true"), attr("pending_restart", "false"), stale,
				check(func() error {
					if names(true) != strings.Join(removed(), ", ") || names(false) != strings.Join(all, ", ") {
						return fmt.Errorf("saved %s, live %s", names(true), names(false))
					}
					return sees(g, 16<<20)
				}),
			),
		},
		{
			PreConfig: func() { powerCycle(t, g) },
			Config:    config, ConfigPlanChecks: planned(plancheck.ResourceActionNoop),
			Check: check(func() error { return sees(g, 16<<20) }),
		},
		{RefreshState: true, Check: resource.ComposeTestCheckFunc(attr("monitors_stale", "false"), stale)},
	}})
}
