//go:build cgo

package cephpool_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// stretchRule is for two copies at each of two sites.
const stretchRule = `
rule stretched {
  id 101
  type replicated
  min_size 1
  max_size 10
  step take default
  step choose firstn 0 type datacenter
  step chooseleaf firstn 2 type host
  step emit
}
`

// stretched is a cluster over two sites of two OSDs each, with a monitor at each and one beside them.
type stretched struct {
	t *testing.T
	*testbed.Cluster
}

func newStretched(t *testing.T) stretched {
	t.Helper()
	acctest.Bed(t)
	bed, err := testbed.Start(t.Context(), testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "stretched", Monitors: 3, OSDs: 4}},
		Hypervisors: []string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := stretched{t, bed.Cluster("stretched")}
	s.ceph("mon", "set", "election_strategy", "connectivity")
	for i, monitor := range s.Monitors {
		s.ceph("mon", "set_location", monitor.Name, fmt.Sprintf("datacenter=site%d", i))
	}
	for site := range 2 {
		s.ceph("osd", "crush", "add-bucket", fmt.Sprintf("site%d", site), "datacenter")
		s.ceph("osd", "crush", "move", fmt.Sprintf("site%d", site), "root=default")
		for osd := 2 * site; osd < 2*site+2; osd++ {
			s.ceph("osd", "crush", "add-bucket", fmt.Sprintf("host%d", osd), "host")
			s.ceph("osd", "crush", "move", fmt.Sprintf("host%d", osd), fmt.Sprintf("datacenter=site%d", site))
			s.ceph("osd", "crush", "set", fmt.Sprintf("osd.%d", osd), "1", fmt.Sprintf("host=host%d", osd))
		}
	}
	s.addRule(stretchRule)
	s.ceph("mon", "enable_stretch_mode", s.Monitors[2].Name, "stretched", "datacenter")
	return s
}

func (s stretched) ceph(args ...string) []byte {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := s.Ceph(ctx, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// addRule adds a rule to the CRUSH map.
func (s stretched) addRule(rule string) {
	s.t.Helper()
	dir := s.t.TempDir()
	before, text, after := filepath.Join(dir, "before"), filepath.Join(dir, "text"), filepath.Join(dir, "after")
	tool := func(args ...string) {
		if out, err := exec.CommandContext(s.t.Context(), "crushtool", args...).CombinedOutput(); err != nil {
			s.t.Fatalf("crushtool: %v\n%s", err, out)
		}
	}
	s.ceph("osd", "getcrushmap", "-o", before)
	tool("-d", before, "-o", text)
	content, err := os.ReadFile(text)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(text, append(content, rule...), 0o600); err != nil {
		s.t.Fatal(err)
	}
	tool("-c", text, "-o", after)
	s.ceph("osd", "setcrushmap", "-i", after)
}

// minSize is a second view.
func (s stretched) minSize(t *testing.T, name string) string {
	return strings.TrimSpace(strings.TrimPrefix(string(s.ceph("osd", "pool", "get", name, "min_size")), "min_size: "))
}

// loseSite ends what is at the second site and waits until the monitors have noticed.
func (s stretched) loseSite() {
	s.t.Helper()
	for _, daemon := range []*testbed.Daemon{s.OSD(2), s.OSD(3), s.Monitor(1)} {
		if err := daemon.Stop(); err != nil {
			s.t.Fatal(err)
		}
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		var dump struct {
			StretchMode map[string]any `json:"stretch_mode"`
		}
		if err := json.Unmarshal(s.ceph("osd", "dump", "--format", "json"), &dump); err != nil {
			s.t.Fatal(err)
		}
		if dump.StretchMode["degraded_stretch_mode"] == 1.0 {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("the monitors have not noticed that a site is away: %v", dump.StretchMode)
		}
	}
}

// When one of two sites is lost the monitors halve min_size, and neither a plan nor an apply undoes that.
func TestAccCephPool_siteAway(t *testing.T) {
	s := newStretched(t)
	config := func(more string) string {
		return fmt.Sprintf("provider \"ceph\" {\n  clusters = { stretched = { mon_host = %q, key = %q } }\n}\n", s.MonHost, s.AdminKey) +
			"resource \"ceph_pool\" \"test\" {\n  name = \"vms\"\n  pg_num = 8\n  pg_autoscale_mode = \"off\"\n  size = 4\n  min_size = 2\n" +
			"  crush_rule = \"stretched\"\n" + more + "}\n"
	}
	quota := "  quota_max_objects = 1000\n"
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config(""), Check: acctest.Check(t, "vms", s.minSize, "2")},
		{PreConfig: s.loseSite, Config: config(""), PlanOnly: true},
		{Config: config(quota), Check: acctest.Check(t, "vms", s.minSize, "1")},
		{
			PreConfig: func() {
				if err := s.OSD(1).Stop(); err != nil {
					t.Error(err)
				}
			},
			Config: config(quota), PlanOnly: true,
		},
	}})
}
