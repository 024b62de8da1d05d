//go:build cgo

package cephrbdimage_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

func TestAccCephRBDImage_invalid(t *testing.T) {
	on := func(assignments string) string {
		return "resource \"ceph_rbd_image\" \"test\" {\n" + assignments + "\n}\n"
	}
	named := func(assignments string) string {
		return on("cluster = \"east\"\npool = \"vms\"\nname = \"i\"\n" + assignments)
	}
	sized := func(assignments string) string { return named(small + "\n" + assignments) }
	acctest.RunInvalid(t, map[string]acctest.Invalid{
		"decimal unit": {named(`size = "30GB"`), "size", `"30GB" is not a size. Write a whole number of bytes, or one with a unit` +
			` of 1024: KiB, MiB, GiB, TiB, PiB or its first letter`},
		"negative size":   {named(`size = "-1"`), "size", `"-1" is not a size.`},
		"empty size":      {named(`size = ""`), "size", `"" is not a size.`},
		"fractional size": {named(`size = "1.5GiB"`), "size", `"1.5GiB" is not a size.`},
		"size of nothing": {named(`size = "0"`), "size", `A size of 0 has no use here.`},
		"size beyond all": {named(`size = "20EiB"`), "size", `"20EiB" is more than 8 EiB.`},
		"no size":         {named(""), "", `A new image needs a size, such as "30GiB", or a parent, whose size it has then.`},
		"no pool":         {on("cluster = \"east\"\nname = \"i\"\n" + small), "", `The argument "pool" is required`},
		"pool with a slash": {
			on("cluster = \"east\"\npool = \"a/b\"\nname = \"i\"\n" + small), "pool",
			`must be a pool name: not empty, without "/", "@", spaces or control characters, got: a/b`,
		},
		"name with a snapshot": {
			on("cluster = \"east\"\npool = \"vms\"\nname = \"i@s\"\n" + small), "name",
			`must be an image name: not empty, without "/", "@", spaces or control characters, got: i@s`,
		},
		"empty name": {on("cluster = \"east\"\npool = \"vms\"\nname = \"\"\n" + small), "name", `must be an image name`},
		"own data pool": {
			sized(`data_pool = "vms"`), "data_pool", `The image is in pool "vms", and so is its data where no data_pool is given.`,
		},
		"empty namespace": {sized(`namespace = ""`), "namespace", `must be a namespace: not empty`},
		"unknown cluster": {
			on("cluster = \"north\"\npool = \"vms\"\nname = \"i\"\n" + small), "cluster",
			`The provider block has no cluster "north". It has "east", "west".`,
		},
		"cluster left out": {on("pool = \"vms\"\nname = \"i\"\n" + small), "", `Nothing says which cluster is meant`},
		"unknown feature":  {sized(`features = ["layering", "teleport"]`), "features", `got: "teleport"`},
		"object-map without fast-diff": {
			sized(`features = ["layering", "exclusive-lock", "object-map"]`), "features",
			`librbd switches "object-map" and "fast-diff" on and off together.`,
		},
		"object-map alone": {
			sized(`features = ["layering", "object-map"]`), "features", `The feature "object-map" needs "exclusive-lock" too.`,
		},
		"fast-diff alone": {
			sized(`features = ["layering", "exclusive-lock", "fast-diff"]`), "features", `The feature "fast-diff" needs "object-map" too.`,
		},
		"journaling alone":  {sized(`features = ["journaling"]`), "features", `The feature "journaling" needs "exclusive-lock" too.`},
		"object size":       {sized(`object_size = "3MiB"`), "object_size", `3MiB is not a power of two from 4KiB to 32MiB.`},
		"small object size": {sized(`object_size = "2KiB"`), "object_size", `2KiB is not a power of two from 4KiB to 32MiB.`},
		"large object size": {sized(`object_size = "64MiB"`), "object_size", `64MiB is not a power of two from 4KiB to 32MiB.`},
		"stripe unit alone": {
			sized(`stripe_unit = "64KiB"`), "stripe_unit", `Attribute "stripe_count" must be specified when "stripe_unit" is specified`,
		},
		"stripe count alone": {sized(`stripe_count = 2`), "stripe_count", `Attribute "stripe_unit" must be specified when "stripe_count"` +
			` is specified`},
		"stripe unit that's odd": {
			sized("stripe_unit = \"96KiB\"\nstripe_count = 2"), "stripe_unit", `A stripe unit of 96KiB does not divide the object size of 4MiB.`,
		},
		"stripe unit too large": {
			sized("object_size = \"1MiB\"\nstripe_unit = \"2MiB\"\nstripe_count = 2"), "stripe_unit",
			`A stripe unit of 2MiB does not divide the object size of 1MiB.`,
		},
		"stripe count of nothing": {sized("stripe_unit = \"64KiB\"\nstripe_count = 0"), "stripe_count", `value must be at least 1, got: 0`},
		"setting in metadata": {
			sized(`metadata = { conf_rbd_cache = "false" }`), "metadata",
			`"conf_rbd_cache" is a setting of librbd. Name it in config, as "rbd_cache".`,
		},
		"librbd's own key": {sized(`metadata = { ".mirror" = "x" }`), "metadata", `is empty, or one of librbd's own keys.`},
		"no metadata":      {sized(`metadata = {}`), "metadata", `map must contain at least 1 elements, got: 0`},
		"setting of another": {sized(`config = { osd_max_scrubs = "1" }`), "config", `must be the name of an RBD setting, which begins` +
			` with "rbd_"`},
		"unknown setting": {
			sized(`config = { rbd_nothing = "1" }`), "config", `librbd does not take the setting rbd_nothing = "1".`,
		},
		"value of a setting": {
			sized(`config = { rbd_qos_iops_limit = "many" }`), "config", `librbd does not take the setting rbd_qos_iops_limit = "many".`,
		},
		"setting with its prefix": {sized(`config = { conf_rbd_cache = "false" }`), "config", `must be the name of an RBD setting, which begins` +
			` with "rbd_"`},
		"encryption without passphrase": {sized(`encryption = { format = "luks2" }`), "", `A new image that is encrypted needs a passphrase.`},
		"encryption without version": {
			sized(`encryption = {
				format        = "luks2"
				passphrase_wo = "open sesame"
			}`), "", `Attribute "encryption.passphrase_wo_version" must be specified when "encryption.passphrase_wo" is specified`,
		},
		"encryption of nothing": {
			image("invalid", encrypted("16MiB", "luks2", "1")), "size", `The header of luks2 takes 16MiB, and the image has 16MiB.`,
		},
		"encryption of one object": {
			image("invalid", encrypted("32MiB", "luks1", "1"), `object_size = "32MiB"`), "size", `The header of luks1 takes 32MiB`,
		},
		"unknown encryption": {
			image("invalid", encrypted("32MiB", "luks3", "1")), "", `value must be one of: ["luks2" "luks1"], got: "luks3"`,
		},
		"encryption of a journal": {
			image("invalid", encrypted("32MiB", "luks1", "1"), `features = ["exclusive-lock", "journaling"]`), "features",
			`librbd does not encrypt an image with the feature "journaling".`,
		},
		"encryption of a clone": {
			image("invalid", encrypted("32MiB", "luks1", "1"), `parent = {
				pool     = "vms"
				image    = "a"
				snapshot = "b"
			}`), "encryption", `Attribute "parent" cannot be specified when "encryption" is specified`,
		},
		"text for a number": {sized(`stripe_count = "two"`), "stripe_count", `a number is required`},
	})
}

// An error that only the cluster can detect comes at the apply, and no image is left.
func TestAccCephRBDImage_refusedByCluster(t *testing.T) {
	for name, tc := range map[string]struct{ config, message string }{
		"pool": {
			`resource "ceph_rbd_image" "test" {` + "\n cluster = \"east\"\n pool = \"nowhere\"\n name = \"i\"\n " + small + "\n}\n",
			`Unable to create image nowhere/i in cluster "east". Cluster "east" has no pool "nowhere".`,
		},
		"namespace": {image("refused", small, `namespace = "nowhere"`), `Unable to create image vms/nowhere/refused in cluster "east".` +
			` Pool "vms" has no namespace "nowhere". Create it first, with ceph_rbd_namespace or by hand: rbd namespace create vms/nowhere.`},
		"data pool": {image("refused", small, `data_pool = "nowhere"`), `Cluster "east" has no pool "nowhere".`},
	} {
		t.Run(name, func(t *testing.T) {
			run(t, "refused", resource.TestStep{Config: tc.config, ExpectError: acctest.Message(tc.message)})
		})
	}
	// What librbd knows, but takes from no image, it refuses after the image was created: that is a warning, and the next apply repeats it.
	run(t, "refused",
		resource.TestStep{Config: image("refused", small, `config = { rbd_op_threads = "2" }`), ExpectNonEmptyPlan: true},
		resource.TestStep{
			Config: image("refused", small, `config = { rbd_op_threads = "2" }`),
			ExpectError: acctest.Message(`Unable to change the metadata of image vms/refused of cluster "east". The cluster does not accept a` +
				` value.` +
				" Correct the setting; rbd config image list"),
		},
		resource.TestStep{Config: image("refused", small, `config = { rbd_qos_iops_limit = "10" }`)},
	)
}
