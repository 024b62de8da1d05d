package main

// Reasons that several marks share.
const (
	ours       = "Stored by Terraform only: there is nothing to import, and nothing that could drift."
	timeLimits = "A limit is Terraform's own. That it holds is seen on a cluster that has stopped to answer; a changed or removed one has no" +
		" second view."
	ownLabel   = "A label of the provider block: Ceph does not know it. That it leads to another cluster is an error, and tested as such."
	forLife    = "Ceph can't change it on an object that is there, neither by hand: another object under the name is what is gone and created."
	overridden = "A profile is overridden as a whole: that it shows is seen by its k."
	flattened  = "Flattened by hand, an image is what it was, and what was recorded of its parent stays: tested as no change."
	headerLost = "A header that is written over can't be brought back: tested as a warning, with no change."
	noKeyRead  = "An import reads no key."
)

func init() {
	for _, marks := range []struct {
		reason string
		marks  []string
	}{
		{ours, []string{
			"ceph_pool force_destroy imported", "ceph_pool force_destroy drifted",
			"ceph_rbd_image force_destroy imported", "ceph_rbd_image force_destroy drifted",
			"ceph_rbd_image trash imported", "ceph_rbd_image trash drifted",
			"ceph_rbd_image allow_shrink imported", "ceph_rbd_image allow_shrink drifted", "ceph_rbd_image encryption imported",
			"ceph_user key_in_state drifted",
			"ceph_crush_rule erasure_code_profile imported", "ceph_crush_rule erasure_code_profile drifted",
		}},
		{timeLimits, []string{
			"ceph_pool timeouts changed", "ceph_pool timeouts cleared", "ceph_pool timeouts imported", "ceph_pool timeouts drifted",
			"ceph_user timeouts changed", "ceph_user timeouts cleared", "ceph_user timeouts imported", "ceph_user timeouts drifted",
			"ceph_rbd_image timeouts changed", "ceph_rbd_image timeouts cleared", "ceph_rbd_image timeouts imported",
			"ceph_rbd_image timeouts drifted", "ceph_rbd_namespace timeouts changed", "ceph_rbd_namespace timeouts cleared",
			"ceph_rbd_namespace timeouts imported", "ceph_rbd_namespace timeouts drifted",
			"ceph_rbd_snapshot timeouts changed", "ceph_rbd_snapshot timeouts cleared", "ceph_rbd_snapshot timeouts imported",
			"ceph_rbd_snapshot timeouts drifted", "ceph_erasure_code_profile timeouts changed", "ceph_erasure_code_profile timeouts cleared",
			"ceph_erasure_code_profile timeouts imported", "ceph_erasure_code_profile timeouts drifted",
			"ceph_crush_rule timeouts changed", "ceph_crush_rule timeouts cleared", "ceph_crush_rule timeouts imported",
			"ceph_crush_rule timeouts drifted",
		}},
		{ownLabel, []string{
			"ceph_pool cluster drifted", "ceph_user cluster drifted", "ceph_rbd_image cluster drifted", "ceph_rbd_namespace cluster drifted",
			"ceph_rbd_snapshot cluster drifted", "ceph_erasure_code_profile cluster drifted", "ceph_crush_rule cluster drifted",
		}},
		{forLife, []string{
			"ceph_pool type drifted", "ceph_pool erasure_code_profile drifted", "ceph_user name drifted",
			"ceph_rbd_image pool drifted", "ceph_rbd_image namespace drifted", "ceph_rbd_image object_size drifted",
			"ceph_rbd_image stripe_unit drifted", "ceph_rbd_image stripe_count drifted", "ceph_rbd_image data_pool drifted",
			"ceph_erasure_code_profile name drifted", "ceph_rbd_namespace name drifted", "ceph_rbd_namespace pool drifted",
			"ceph_rbd_snapshot pool drifted", "ceph_rbd_snapshot namespace drifted", "ceph_rbd_snapshot image drifted",
		}},
		{overridden, []string{
			"ceph_erasure_code_profile m drifted", "ceph_erasure_code_profile plugin drifted", "ceph_erasure_code_profile technique drifted",
			"ceph_erasure_code_profile crush_root drifted", "ceph_erasure_code_profile crush_failure_domain drifted",
			"ceph_erasure_code_profile crush_device_class drifted", "ceph_erasure_code_profile stripe_unit drifted",
			"ceph_erasure_code_profile parameters drifted",
		}},
		{flattened, []string{"ceph_rbd_image parent drifted"}},
		{headerLost, []string{"ceph_rbd_image encryption drifted"}},
		{noKeyRead, []string{"ceph_user key imported"}},
	} {
		for _, mark := range marks.marks {
			explained[mark] = marks.reason
		}
	}
}
