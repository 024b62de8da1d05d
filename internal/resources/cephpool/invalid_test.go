//go:build cgo

package cephpool_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephPool_invalid(t *testing.T) {
	on := func(assignments string) string {
		return "resource \"ceph_pool\" \"test\" {\n" + assignments + "\n}\n"
	}
	named := func(assignments string) string { return on("cluster = \"east\"\nname = \"p\"\n" + assignments) }
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"name with a slash": {on("cluster = \"east\"\nname = \"a/b\""), "name", `must be a pool name: not empty, without "/", "@", spaces` +
			` or control characters, got: a/b`},
		"name with a quote": {on(`cluster = "east"` + "\n" + `name = "a\"b"`), "name", `which librbd can't prepare for images`},
		"name with a space": {on("cluster = \"east\"\nname = \"a b\""), "name", `must be a pool name`},
		"name of Ceph's own": {on("cluster = \"east\"\nname = \".own\""), "name", `Names that begin with a dot, such as ".own", are for` +
			` Ceph's own pools.`},
		"null application":       {named(`applications = ["rbd", null]`), "applications", `This attribute contains a null value.`},
		"pg_num below its bound": {named("pg_num = 4\npg_num_min = 8"), "pg_num_min", `pg_num_min is 8, and pg_num only 4.`},
		"pg_num above its bound": {named("pg_num = 16\npg_num_max = 8"), "pg_num", `pg_num is 16, and pg_num_max only 8.`},
		"empty name":             {on("cluster = \"east\"\nname = \"\""), "name", `must be a pool name`},
		"unknown cluster": {
			on("cluster = \"north\"\nname = \"p\""), "cluster",
			`The provider block has no cluster "north". It has "east", "west". Correct the label`,
		},
		"cluster left out": {on(`name = "p"`), "", `Nothing says which cluster is meant, and the provider block has` +
			` several: "east", "west". Set cluster to one of these labels.`},
		"label with a slash": {on("cluster = \"a/b\"\nname = \"p\""), "cluster", `must be a label of the provider block`},
		"type":               {named(`type = "mirrored"`), "type", `value must be one of: ["replicated" "erasure"], got: "mirrored"`},
		"size of erasure": {named("type = \"erasure\"\nsize = 3"), "size", `The size of an erasure-coded pool is k+m of its erasure` +
			` code profile. Leave size out.`},
		"size of a profile": {named("erasure_code_profile = \"default\"\nsize = 3"), "size", `Leave size out.`},
		"profile of replicated": {
			named("type = \"replicated\"\nerasure_code_profile = \"default\""), "erasure_code_profile",
			`A replicated pool has no erasure code profile.`,
		},
		"overwrites of replicated": {
			named(`allow_ec_overwrites = true`), "allow_ec_overwrites", `A replicated pool is always open to overwrites.`,
		},
		"min_size above size": {named("size = 2\nmin_size = 3"), "min_size", `A pool of size 2 never has 3 copies: it could never be` +
			` written. Choose min_size from 1 to size.`},
		"size of zero":   {named(`size = 0`), "size", `value must be at least 1, got: 0`},
		"size too large": {named(`size = 11`), "size", `A replicated pool has from 1 to 10 copies, not 11.`},
		"pg_num of zero": {named(`pg_num = 0`), "pg_num", `value must be at least 1, got: 0`},
		"pgp_num above pg_num": {named("pg_num = 4\npgp_num = 8"), "pgp_num", `pgp_num is 8, and pg_num only 4. Lower the one or raise` +
			` the other.`},
		"pg_num below pg_num_min": {named("pg_num_min = 16\npg_num_max = 8"), "pg_num_min", `pg_num_min is 16, and pg_num_max only 8.`},
		"autoscale mode": {
			named(`pg_autoscale_mode = "true"`), "pg_autoscale_mode", `value must be one of: ["on" "warn" "off"], got: "true"`,
		},
		"decimal unit": {
			named(`quota_max_bytes = "30GB"`), "quota_max_bytes", `"30GB" is not a size. Write a whole number of bytes, or one with a unit of 1024`,
		},
		"negative size": {named(`quota_max_bytes = "-1"`), "quota_max_bytes", `"-1" is not a size.`},
		"empty size":    {named(`quota_max_bytes = ""`), "quota_max_bytes", `"" is not a size.`},
		"size of nothing": {named(`target_size_bytes = "0"`), "target_size_bytes", `A size of 0 has no use here. To set none, leave` +
			` the argument out.`},
		"more than 8 EiB": {named(`quota_max_bytes = "9EiB"`), "quota_max_bytes", `"9EiB" is more than 8 EiB.`},
		"no objects":      {named(`quota_max_objects = 0`), "quota_max_objects", `value must be at least 1, got: 0`},
		"both targets": {
			named("target_size_bytes = \"1GiB\"\ntarget_size_ratio = 0.5"), "target_size_bytes",
			`Attribute "target_size_ratio" cannot be specified when "target_size_bytes" is specified`,
		},
		"negative ratio":  {named(`target_size_ratio = -1`), "target_size_ratio", `value must be at least`},
		"ratio above one": {named(`compression_required_ratio = 1.5`), "compression_required_ratio", `value must be at most 1`},
		"compression mode": {
			named(`compression_mode = "on"`), "compression_mode", `value must be one of: ["none" "passive" "aggressive" "force"], got: "on"`,
		},
		"compressor": {named(`compression_algorithm = "gzip"`), "compression_algorithm", `value must be one of`},
		"blobs": {
			named("compression_min_blob_size = \"64KiB\"\ncompression_max_blob_size = \"8KiB\""),
			"compression_min_blob_size", `compression_min_blob_size is 64KiB, and compression_max_blob_size only 8KiB.`,
		},
		"no applications":          {named(`applications = []`), "applications", `set must contain at least 1 elements, got: 0`},
		"application with a space": {named(`applications = ["my app"]`), "applications", `must be an application name`},
		"settings without images": {
			named(`config = { rbd_cache = "true" }`), "config", `The settings in config are those of RBD images, and rbd is not among the` +
				` applications. Add it: applications = ["rbd"], or leave config out.`,
		},
		"settings of an erasure-coded pool": {
			named("type = \"erasure\"\napplications = [\"rbd\"]\nconfig = { rbd_cache = \"true\" }"), "config",
			`RBD's settings are kept in the pool that holds the images' headers, which an erasure-coded pool can't.`,
		},
		"setting of another": {
			named("applications = [\"rbd\"]\nconfig = { osd_max_scrubs = \"1\" }"), "config", `must be the name of an RBD setting, which begins`,
		},
		"no settings":         {named("applications = [\"rbd\"]\nconfig = {}"), "config", `map must contain at least 1 elements, got: 0`},
		"timeout":             {named(`timeouts = { create = "5" }`), "", `must be a string containing a sequence of decimal numbers`},
		"number that is none": {named(`pg_num = "many"`), "pg_num", `a number is required`},
	})
}

// An error that only the cluster can detect comes at the apply.
func TestAccCephPool_refusedByCluster(t *testing.T) {
	acctest.Bed(t)
	ceph(t, "osd", "pool", "create", "settled", "8")
	defer ceph(t, "osd", "pool", "delete", "settled", "settled", "--yes-i-really-really-mean-it")
	for name, tc := range map[string]struct{ assignments, message string }{
		"rule": {`crush_rule = "nowhere"`, `Unable to create pool "refused" in cluster "east". The cluster has no CRUSH rule of this name.` +
			` Use a rule that`},
		"profile": {`erasure_code_profile = "nowhere"`, `Unable to create pool "refused" in cluster "east". The cluster does not accept a` +
			` value. Correct the value that the reply names. An erasure_code_profile has to exist`},
		"pg_num": {`pg_num = 60000`, `Unable to create pool "refused" in cluster "east". With so many placement groups the cluster would exceed` +
			` its limit for each OSD.`},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "refused", resource.TestStep{Config: pool("refused", tc.assignments), ExpectError: acctest.Message(tc.message)})
		})
	}
	run(t, "refused",
		resource.TestStep{Config: pool("refused")},
		resource.TestStep{
			Config: pool("refused", `crush_rule = "nowhere"`),
			ExpectError: acctest.Message(`Unable to set crush_rule to nowhere on pool "refused" of cluster "east". The cluster has no CRUSH rule` +
				` of this name.`),
		},
		resource.TestStep{Config: pool("refused"), PlanOnly: true},
	)
}
