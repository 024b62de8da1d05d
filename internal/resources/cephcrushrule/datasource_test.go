//go:build cgo

package cephcrushrule_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// Rules that ceph has made are read as ceph tells them, also those of which only the steps can be told.
func TestAccCephCrushRule_dataSource(t *testing.T) {
	acctest.Bed(t)
	ceph := func(args ...string) string { return acctest.Ceph(t, "east", args...) }
	profile := func(name string, parameters ...string) {
		ceph(append([]string{"osd", "erasure-code-profile", "set", name, "crush-failure-domain=osd"}, parameters...)...)
		ceph("osd", "crush", "rule", "create-erasure", name, name)
	}
	classes(t)
	ceph("osd", "crush", "rule", "create-replicated", "fast", "default", "host", "ssd")
	profile("read_chunks", "k=2", "m=1", "crush-device-class=ssd")
	profile("read_local", "plugin=lrc", "k=4", "m=2", "l=3", "crush-locality=host")

	blocks, checks := "", []resource.TestCheckFunc{}
	for name, expected := range map[string]map[string]string{
		"replicated_rule": {"type": "replicated", "root": "default", "failure_domain": "osd", "steps.#": "3"},
		"fast": {
			"type": "replicated", "root": "default", "failure_domain": "host", "device_class": "ssd", "steps.#": "3",
			"steps.0": "take default class ssd", "steps.1": "chooseleaf firstn 0 type host", "steps.2": "emit",
		},
		"read_chunks": {
			"type": "erasure", "root": "default", "failure_domain": "osd", "device_class": "ssd", "steps.#": "5",
			"steps.0": "set_chooseleaf_tries 5", "steps.1": "set_choose_tries 100", "steps.3": "choose indep 0 type osd",
		},
		"read_local": {
			"type": "erasure", "steps.2": "take default", "steps.3": "choose indep 2 type host", "steps.4": "chooseleaf indep 4 type osd",
		},
	} {
		blocks += fmt.Sprintf("data \"ceph_crush_rule\" %q {\n  cluster = \"east\"\n  name = %[1]q\n}\n", name)
		var dump struct {
			ID int `json:"rule_id"`
		}
		if err := json.Unmarshal([]byte(ceph("osd", "crush", "rule", "dump", name, "--format", "json")), &dump); err != nil {
			t.Fatal(err)
		}
		expected["id"], expected["fsid"], expected["rule_id"] = "east/"+name, ceph("fsid"), fmt.Sprint(dump.ID)
		for _, attribute := range []string{"root", "failure_domain", "device_class"} {
			if expected[attribute] == "" {
				checks = append(checks, resource.TestCheckNoResourceAttr("data.ceph_crush_rule."+name, attribute))
			}
		}
		for attribute, value := range expected {
			checks = append(checks, resource.TestCheckResourceAttr("data.ceph_crush_rule."+name, attribute, value))
		}
	}
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: acctest.Provider(t) + blocks, Check: resource.ComposeAggregateTestCheckFunc(checks...)},
	}})
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"not there": {
			data("west", "slow"), "", `Cluster "west" has no CRUSH rule "slow". Its rules are "replicated_rule". Create the rule` +
				` (ceph osd crush rule create-replicated), or correct its name or the cluster.`,
		},
		"bad name":   {data("west", "a b"), "name", `must be the name of a CRUSH rule: letters, digits, "-", "_" and ".", got: a b`},
		"empty name": {data("west", ""), "name", `must be the name of a CRUSH rule`},
		"no such cluster": {
			data("north", "slow"), "", `The provider block has no cluster "north". It has "east", "west".`,
		},
		"which cluster": {"data \"ceph_crush_rule\" \"test\" {\n  name = \"slow\"\n}\n", "", `says which cluster is meant`},
	})
}

func data(cluster, name string) string {
	return fmt.Sprintf("data \"ceph_crush_rule\" \"test\" {\n  cluster = %q\n  name = %q\n}\n", cluster, name)
}
