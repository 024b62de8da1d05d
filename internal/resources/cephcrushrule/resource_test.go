//go:build cgo

package cephcrushrule_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

const (
	ruleType = "ceph_crush_rule"
	address  = ruleType + ".test"
)

func TestMain(m *testing.M) {
	acctest.Main(m, testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east", OSDs: 3}, {Name: "west"}},
		Hypervisors: []string{},
	})
}

// classes gives two OSDs of the cluster east a class each.
func classes(t *testing.T) {
	t.Helper()
	acctest.Bed(t)
	for osd, class := range map[string]string{"osd.0": "ssd", "osd.1": "hdd"} {
		east(t, "osd", "crush", "rm-device-class", osd)
		east(t, "osd", "crush", "set-device-class", class, osd)
	}
}

// profiles makes the profiles that the tests make rules from, and a second root.
func profiles(t *testing.T) {
	t.Helper()
	classes(t)
	for name, parameters := range map[string][]string{
		"chunks": {"k=2", "m=1", "crush-failure-domain=osd"},
		"fast":   {"k=2", "m=1", "crush-failure-domain=osd", "crush-device-class=ssd"},
		"local":  {"plugin=lrc", "k=4", "m=2", "l=3", "crush-failure-domain=osd", "crush-locality=host"},
	} {
		east(t, append([]string{"osd", "erasure-code-profile", "set", name, "--force"}, parameters...)...)
	}
	east(t, "osd", "crush", "add-bucket", "second", "root")
}

// east runs a command on the cluster east.
func east(t *testing.T, args ...string) string {
	t.Helper()
	return acctest.Ceph(t, "east", args...)
}

// rule is a configuration of one rule of the cluster east, with further assignments.
func rule(name string, assignments ...string) string {
	return fmt.Sprintf("resource \"ceph_crush_rule\" \"test\" {\n  cluster = \"east\"\n  name = %q\n  %s\n}\n", name,
		strings.Join(assignments, "\n  "))
}

// dumped is a rule in the output of `ceph osd crush rule dump`.
type dumped struct {
	ID    int    `json:"rule_id"`
	Name  string `json:"rule_name"`
	Type  int    `json:"type"`
	Steps []struct {
		Op   string `json:"op"`
		Item string `json:"item_name"`
		Type string `json:"type"`
	} `json:"steps"`
}

// find returns the rule of that name, or an empty one.
func find(t *testing.T, cluster, name string) dumped {
	t.Helper()
	var rules []dumped
	if err := json.Unmarshal([]byte(acctest.Ceph(t, cluster, "osd", "crush", "rule", "dump", "--format", "json")), &rules); err != nil {
		t.Fatal(err)
	}
	for _, rule := range rules {
		if rule.Name == name {
			return rule
		}
	}
	return dumped{}
}

// chosen are the bucket, the class and the failure domain that the steps name, after the type.
func (d dumped) chosen() string {
	words := []string{map[int]string{1: "replicated", 3: "erasure"}[d.Type]}
	for _, step := range d.Steps {
		if step.Op == "take" || strings.HasPrefix(step.Op, "choose") {
			words = append(words, step.Item+step.Type)
		}
	}
	return strings.Join(words, " ")
}

// chosen is the second view of what the rule of that name chooses.
func chosen(t *testing.T, name string) string { return find(t, "east", name).chosen() }

// run applies the steps to a rule, and then checks that it is gone.
func run(t *testing.T, name string, steps ...resource.TestStep) {
	t.Helper()
	profiles(t)
	acctest.Run(t, "rule "+name, func() bool { return find(t, "east", name).Name != "" }, steps...)
}

// seen checks what the rule of that name chooses.
func seen(t *testing.T, name, want string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := chosen(t, name); got != want {
			return fmt.Errorf("rule %q has %q, want %q", name, got, want)
		}
		return nil
	}
}

var planned = acctest.Planned(address)
