//go:build cgo

package cephpool_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// single is a second view of a number that Ceph keeps in single precision, or double, by the way it was set.
func single(seen func(*testing.T, string) string) func(*testing.T, string) string {
	return func(t *testing.T, name string) string {
		text := seen(t, name)
		number, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return text
		}
		return strconv.FormatFloat(number, 'g', -1, 32)
	}
}

func TestAccCephPool_attributes(t *testing.T) {
	const (
		unscaled = `pg_autoscale_mode = "off"`
		mi       = 1 << 20
	)
	acctest.Bed(t)
	profiles(t, "")
	ceph(t, "osd", "erasure-code-profile", "set", "default", "k=2", "m=1", "crush-failure-domain=osd", "--force", "--yes-i-really-mean-it")
	ceph(t, "osd", "crush", "rule", "create-replicated", "second_rule", "default", "osd")
	acctest.RunTogether(t, pools, "placement", []acctest.Attribute{
		{
			Name: "pg_num", First: "4", Second: "16", With: unscaled, View: field("pg_num_target"),
			SeenFirst: "4", SeenSecond: "16", Stays: true, Drift: set("pg_num", "32"),
		},
		{
			Name: "pgp_num", First: "2", Second: "8", View: field("pg_placement_num_target"),
			SeenFirst: "2", SeenSecond: "8", Stays: true, Drift: set("pgp_num", "4"),
		},
		{
			Name: "size", First: "2", Second: "3", View: field("size"),
			SeenFirst: "2", SeenSecond: "3", Stays: true, BackToFirst: true, Drift: set("size", "3"),
		},
		{
			Name: "min_size", First: "2", Second: "1", View: field("min_size"),
			SeenFirst: "2", SeenSecond: "1", Stays: true, BackToFirst: true, Drift: set("min_size", "3"),
		},
		{
			Name: "crush_rule", First: `"second_rule"`, Second: `"replicated_rule"`, View: get("crush_rule"),
			SeenFirst: "second_rule", SeenSecond: "replicated_rule", Stays: true, BackToFirst: true,
			Drift: set("crush_rule", "replicated_rule"),
		},
	})
	acctest.RunTogether(t, pools, "options", []acctest.Attribute{
		{
			Name: "pg_num_min", First: "4", Second: "8", View: option("pg_num_min"),
			SeenFirst: "4", SeenSecond: "8", SeenRemoved: "unset", Drift: set("pg_num_min", "2"),
		},
		{
			Name: "pg_num_max", First: "32", Second: "64", View: option("pg_num_max"),
			SeenFirst: "32", SeenSecond: "64", SeenRemoved: "unset", Drift: set("pg_num_max", "128"),
		},
		{
			Name: "target_size_ratio", First: "1", Second: "0.5", View: single(option("target_size_ratio")),
			SeenFirst: "1", SeenSecond: "0.5", SeenRemoved: "unset", Drift: set("target_size_ratio", "0.7"),
		},
		{
			Name: "quota_max_bytes", First: `"10MiB"`, Second: `"20MiB"`, View: field("quota_max_bytes"),
			SeenFirst: fmt.Sprint(10 * mi), SeenSecond: fmt.Sprint(20 * mi), SeenRemoved: "0", Drift: quota("max_bytes", "5000"),
		},
		{
			Name: "quota_max_objects", First: "1000", Second: "2000", View: field("quota_max_objects"),
			SeenFirst: "1000", SeenSecond: "2000", SeenRemoved: "0", Drift: quota("max_objects", "5"),
		},
		{
			Name: "compression_mode", First: `"passive"`, Second: `"force"`, View: option("compression_mode"),
			SeenFirst: "passive", SeenSecond: "force", SeenRemoved: "unset", Drift: set("compression_mode", "none"),
		},
		{
			Name: "compression_algorithm", First: `"zlib"`, Second: `"zstd"`, View: option("compression_algorithm"),
			SeenFirst: "zlib", SeenSecond: "zstd", SeenRemoved: "unset", Drift: set("compression_algorithm", "snappy"),
		},
		{
			Name: "compression_required_ratio", First: "0.7", Second: "0.5", View: single(option("compression_required_ratio")),
			SeenFirst: "0.7", SeenSecond: "0.5", SeenRemoved: "unset", Drift: set("compression_required_ratio", "0.25"),
		},
		{
			Name: "compression_min_blob_size", First: `"8KiB"`, Second: `"16KiB"`, View: option("compression_min_blob_size"),
			SeenFirst: "8192", SeenSecond: "16384", SeenRemoved: "unset", Drift: set("compression_min_blob_size", "4096"),
		},
		{
			Name: "compression_max_blob_size", First: `"64KiB"`, Second: `"128KiB"`, View: option("compression_max_blob_size"),
			SeenFirst: "65536", SeenSecond: "131072", SeenRemoved: "unset", Drift: set("compression_max_blob_size", "32768"),
		},
		{
			Name: "applications", First: `["rbd"]`, Second: `["rbd", "backup"]`, View: applications,
			SeenFirst: "rbd", SeenSecond: "backup rbd", SeenRemoved: "",
			Drift: func(t *testing.T, name string) {
				ceph(t, "osd", "pool", "application", "disable", name, "rbd", "--yes-i-really-mean-it")
			},
		},
	})
	images := pools
	images.Config = func(name, assignments string) string { return pool(name, forImages, assignments) }
	acctest.RunTogether(t, images, "settings", []acctest.Attribute{{
		Name: "config", First: `{ rbd_qos_iops_limit = "100" }`, Second: `{ rbd_qos_iops_limit = "200" }`, View: configured,
		SeenFirst: "map[rbd_qos_iops_limit:100 of pool]", SeenSecond: "map[rbd_qos_iops_limit:200 of pool]", SeenRemoved: "map[]",
		Drift: func(t *testing.T, name string) { rbd(t, "config", "pool", "set", name, "rbd_qos_iops_limit", "5") },
	}})
	acctest.RunTogether(t, pools, "scaling", []acctest.Attribute{
		{
			Name: "pg_autoscale_mode", First: `"off"`, Second: `"warn"`, View: field("pg_autoscale_mode"),
			SeenFirst: "off", SeenSecond: "warn", Stays: true, Drift: set("pg_autoscale_mode", "on"),
		},
		{
			Name: "target_size_bytes", First: `"1GiB"`, Second: `"2048M"`, View: option("target_size_bytes"),
			SeenFirst: fmt.Sprint(1024 * mi), SeenSecond: fmt.Sprint(2048 * mi), SeenRemoved: "unset", Drift: set("target_size_bytes", "1000"),
		},
	})
	var flags []acctest.Attribute
	for _, name := range []string{"bulk", "nodelete", "nosizechange", "nopgchange"} {
		flags = append(flags, acctest.Attribute{
			Name: name, First: "true", Second: "false", View: flag(name), SeenFirst: "true", SeenSecond: "false", SeenRemoved: "false",
			BackToFirst: true, Drift: set(name, "false"),
		})
	}
	acctest.RunTogether(t, pools, "flags", flags)
	// Neither can be changed by hand. Overwrites that are switched on have their own test. Where their removal replaces the pool, the new
	// one needs its profile in the configuration.
	acctest.RunTogether(t, pools, "overwrites", []acctest.Attribute{{
		Name: "allow_ec_overwrites", First: "true", Second: "false", Replaces: true, View: flag("ec_overwrites"),
		With: "\n  erasure_code_profile = \"k2m1\"", SeenFirst: "true", SeenSecond: "false", SeenRemoved: "false", BackToFirst: true,
	}})
	acctest.RunTogether(t, pools, "erasure", []acctest.Attribute{{
		Name: "erasure_code_profile", First: `"k2m1"`, Second: `"other"`, Replaces: true, View: get("erasure_code_profile"),
		SeenFirst: "k2m1", SeenSecond: "other", Stays: true,
	}})
	acctest.RunTogether(t, pools, "type", []acctest.Attribute{{
		Name: "type", First: `"replicated"`, Second: `"erasure"`, Replaces: true, View: field("type"),
		SeenFirst: "1", SeenSecond: "3", Stays: true,
	}})
}

// The label and the name identify a pool, so their tests have a block without them.
func TestAccCephPool_nameAndCluster(t *testing.T) {
	const renamed = "a-name-new"
	named := pools
	named.Config = func(_, assignments string) string {
		return "resource \"ceph_pool\" \"test\" {\n  cluster = \"east\"\n  " + assignments + "\n}\n"
	}
	acctest.RunAttributes(t, named, []acctest.Attribute{{
		Name: "name", First: `"a-name"`, Second: `"` + renamed + `"`, Required: true,
		View: func(t *testing.T, name string) string {
			var found []string
			for _, candidate := range []string{name, renamed, "by-hand"} {
				if exists(t, candidate) {
					found = append(found, candidate)
				}
			}
			return strings.Join(found, " ")
		},
		SeenFirst: "a-name", SeenSecond: renamed,
		Drift: func(t *testing.T, name string) { ceph(t, "osd", "pool", "rename", name, "by-hand") },
	}})

	placed := pools
	placed.Config = func(name, assignments string) string {
		return fmt.Sprintf("resource \"ceph_pool\" \"test\" {\n  name = %q\n  %s\n}\n", name, assignments)
	}
	acctest.RunAttributes(t, placed, []acctest.Attribute{{
		Name: "cluster", First: `"east"`, Second: `"west"`, Replaces: true,
		View: func(t *testing.T, name string) string {
			var found []string
			for _, cluster := range []string{"east", "west"} {
				if detail(t, cluster, name) != nil {
					found = append(found, cluster)
				}
			}
			return strings.Join(found, " ")
		},
		SeenFirst: "east", SeenSecond: "west", Stays: true,
	}})
}

// Overwrites that were switched on outside of Terraform stay on: only a new pool is without them.
func TestAccCephPool_overwritesSwitchedOnByHand(t *testing.T) {
	acctest.Bed(t)
	profiles(t, "")
	config := acctest.Provider(t) + pool("overwrites", `erasure_code_profile = "k2m1"`)
	resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(), Steps: []resource.TestStep{
		{Config: config},
		{
			PreConfig: func() { set("allow_ec_overwrites", "true")(t, "overwrites") },
			Config:    config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address,
				plancheck.ResourceActionReplace)}},
			Check: func(*terraform.State) error {
				if flag("ec_overwrites")(t, "overwrites") != "false" {
					return fmt.Errorf("the pool still takes overwrites")
				}
				acctest.Record(t, poolType, "allow_ec_overwrites", acctest.Drifted)
				return nil
			},
		},
	}})
}
