//go:build cgo

package rados_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// tallBuckets stand in the CRUSH map beside the three OSDs of one host.
const tallBuckets = `
host h1 {
  id -101
  alg straw2
  hash 0
  item osd.0 weight 1.0
}
host h2 {
  id -102
  alg straw2
  hash 0
  item osd.1 weight 1.0
}
host h3 {
  id -103
  alg straw2
  hash 0
  item osd.2 weight 1.0
}
host h4 {
  id -104
  alg straw2
  hash 0
  item osd.2 weight 0.0
}
rack r1 {
  id -105
  alg straw2
  hash 0
  item h1 weight 1.0
  item h2 weight 1.0
}
rack r2 {
  id -106
  alg straw2
  hash 0
  item h3 weight 1.0
}
root tall {
  id -107
  alg straw2
  hash 0
  item r1 weight 2.0
  item r2 weight 1.0
}
root light {
  id -108
  alg straw2
  hash 0
  item h1 weight 1.0
  item h4 weight 0.0
}
root bare {
  id -109
  alg straw2
  hash 0
}
`

// awaitUp waits until all OSDs of a cluster are up and in.
func awaitUp(t *testing.T, c *testbed.Cluster) {
	t.Helper()
	for ctx := limited(t); ; time.Sleep(100 * time.Millisecond) {
		var osds struct {
			All int `json:"num_osds"`
			Up  int `json:"num_up_osds"`
			In  int `json:"num_in_osds"`
		}
		expect.NoError(t, json.Unmarshal([]byte(ask(t, c, "osd", "stat", "--format", "json")), &osds))
		if osds.Up == osds.All && osds.In == osds.All {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("not all OSDs are up and in: %+v", osds)
		}
	}
}

// What is counted for a rule is what CRUSH itself finds, in the best of many placement groups, whatever state an OSD is in.
func TestOSDsAreCountedAsCRUSHFindsThem(t *testing.T) {
	cluster, c := east(t)
	rules := []struct {
		steps string
		size  int
		most  int // with all OSDs
	}{
		{"take default|choose firstn 0 type osd", 3, 3},
		{"take default|chooseleaf firstn 0 type host", 3, 1},
		{"take tall|chooseleaf firstn 0 type host", 3, 3},
		{"take tall|chooseleaf firstn 2 type host", 3, 2},
		{"take tall|chooseleaf firstn -1 type host", 3, 2},
		{"take tall|chooseleaf indep 0 type rack", 3, 2},
		{"take tall|choose firstn 0 type rack|chooseleaf firstn 0 type host", 3, 3},
		{"take tall|choose indep 2 type rack|choose indep 1 type osd", 3, 2},
		{"take tall|choose firstn 1 type rack|choose firstn 2 type host|choose firstn 1 type osd", 3, 2},
		{"take tall|choose firstn -3 type rack|chooseleaf firstn 1 type host", 3, 0},
		{"set_choose_tries 100|take default class lone|chooseleaf firstn 0 type osd", 2, 1},
		{"take default class lone|chooseleaf firstn 1 type osd|emit|take default class CLASS|chooseleaf firstn -1 type osd", 3, 3},
		{"take osd.1", 1, 1},
		{"take light|chooseleaf firstn 0 type host", 2, 1},
		{"take bare|chooseleaf firstn 0 type host", 1, 0},
	}
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	tool := func(args ...string) string {
		out, err := exec.CommandContext(limited(t), "crushtool", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("crushtool %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	ask(t, c, "osd", "getcrushmap", "-o", path("before"))
	tool("-d", path("before"), "-o", path("text"))
	content, err := os.ReadFile(path("text"))
	expect.NoError(t, err)
	class := regexp.MustCompile(`device 2 osd.2 class (\w+)`).FindStringSubmatch(string(content))
	text := strings.NewReplacer(class[0], "device 2 osd.2 class lone", "# rules\n", tallBuckets).Replace(string(content))
	for i, rule := range rules {
		text += fmt.Sprintf("rule counted%d {\n  id %d\n  type replicated\n  min_size 1\n  max_size 10\n  step %s\n  step emit\n}\n",
			i, 100+i, strings.NewReplacer("|", "\n  step ", "CLASS", class[1]).Replace(rule.steps))
	}
	expect.NoError(t, os.WriteFile(path("text"), []byte(text), 0o600))
	tool("-c", path("text"), "-o", path("after"))
	ask(t, c, "osd", "setcrushmap", "-i", path("after"))
	t.Cleanup(func() { ask(t, c, "osd", "setcrushmap", "-i", path("before")) })

	for _, state := range []struct {
		name     string
		set, end []string // commands
		weight   []string // of osd.2, for CRUSH
		without  string   // an OSD that CRUSH may find, and that does not count: down, or the last in a bucket without weight
	}{
		{name: "all there"},
		{name: "out", set: []string{"osd out 2"}, end: []string{"osd in 2"}, weight: []string{"--weight", "2", "0"}},
		{name: "without weight", set: []string{"osd crush reweight osd.2 0"}, end: []string{"osd setcrushmap -i " + path("after")}, without: "2"},
		{name: "down", set: []string{"osd set noup", "osd down 2"}, end: []string{"osd unset noup"}, without: "2"},
	} {
		t.Run(state.name, func(t *testing.T) {
			for _, command := range state.set {
				ask(t, c, strings.Fields(command)...)
			}
			t.Cleanup(func() {
				for _, command := range state.end {
					ask(t, c, strings.Fields(command)...)
				}
				awaitUp(t, c) // What comes next counts on all of them.
			})
			ask(t, c, "osd", "getcrushmap", "-o", path("now"))
			for i, rule := range rules {
				shown := tool(append([]string{
					"-i", path("now"), "--test", "--rule", fmt.Sprint(100 + i), "--num-rep", fmt.Sprint(rule.size),
					"--show-mappings",
				}, state.weight...)...)
				most := mostMapped(t, shown, state.without)
				if state.name == "all there" && most != rule.most {
					t.Errorf("%s: CRUSH finds %d", rule.steps, most)
				}
				err := cluster.CheckPlacement(limited(t), "p", ceph.Placement{Rule: "replicated_rule", Size: 1, MinSize: 1},
					ceph.Placement{Rule: fmt.Sprintf("counted%d", i), Size: int64(rule.size), MinSize: 1})
				if most == rule.size {
					expect.NoError(t, err)
				} else {
					expect.Problem(t, err, problem.Refused, fmt.Sprintf("finds at most %d OSD", most))
				}
			}
		})
	}
	err = cluster.CheckPlacement(limited(t), "p", ceph.Placement{}, ceph.Placement{Rule: "none", Size: 1})
	expect.Problem(t, err, problem.NotFound, `The cluster has no CRUSH rule "none".`)
}

// mostMapped is the largest number of OSDs in a mapping that crushtool shows.
func mostMapped(t *testing.T, shown, without string) int {
	t.Helper()
	most := -1
	for _, mapping := range regexp.MustCompile(`\[([\d,]*)\]`).FindAllStringSubmatch(shown, -1) {
		osds := slices.DeleteFunc(strings.Split(mapping[1], ","), func(osd string) bool {
			return osd == "" || osd == without || osd == "2147483647"
		})
		most = max(most, len(osds))
	}
	if most < 0 {
		t.Fatalf("crushtool shows no mapping: %s", shown)
	}
	return most
}
