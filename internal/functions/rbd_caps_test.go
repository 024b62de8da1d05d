package functions_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

type values = map[string]tftypes.Value

func caps(mon, osd, mgr string) tftypes.Value {
	return object(values{"mon": text(mon), "osd": text(osd), "mgr": text(mgr)})
}

// The capabilities for an access are tested in the package ceph. This test shows how the access is read from the argument.
func TestRBDCaps(t *testing.T) {
	for _, pools := range []tftypes.Value{
		list(text("vms"), text("backup")), set(text("vms"), text("backup")), tuple(text("backup"), text("vms"), text("backup")),
	} {
		const both = "profile rbd pool=backup, profile rbd pool=vms"
		expect(t, "rbd_caps", caps("profile rbd", both, both), object(values{"pools": pools}))
	}
	everything := object(values{
		"pools": tuple(text("vms")), "read_only_pools": tuple(text("golden")), "data_pools": tuple(text("ec")),
		"namespaces": object(values{"tenants": set(text("a")), "none": null(tftypes.DynamicPseudoType)}),
	})
	expect(t, "rbd_caps", caps("profile rbd",
		"profile rbd pool=ec, profile rbd pool=tenants namespace=a, profile rbd pool=vms, profile rbd-read-only pool=golden",
		"profile rbd pool=tenants namespace=a, profile rbd pool=vms, profile rbd-read-only pool=golden"), everything)

	byPool := tftypes.NewValue(tftypes.Map{ElementType: tftypes.Set{ElementType: tftypes.String}}, values{"vms": set(text("a"))})
	expect(t, "rbd_caps", caps("profile rbd", "profile rbd pool=vms namespace=a", "profile rbd pool=vms namespace=a"), object(values{
		"namespaces": byPool, "pools": null(tftypes.List{ElementType: tftypes.String}), "data_pools": null(tftypes.DynamicPseudoType),
	}))
}

func TestRBDCapsWaitForWhatIsUnknown(t *testing.T) {
	waiting := tftypes.NewValue(caps("", "", "").Type(), tftypes.UnknownValue)
	for _, what := range []tftypes.Value{
		unknown(tftypes.DynamicPseudoType),
		unknown(tftypes.Map{ElementType: tftypes.List{ElementType: tftypes.String}}),
		object(values{"pools": unknown(tftypes.DynamicPseudoType)}),
		object(values{"pools": unknown(tftypes.Set{ElementType: tftypes.String})}),
		object(values{"pools": tuple(text("vms"), unknown(tftypes.String))}),
		object(values{"pools": tuple(unknown(tftypes.DynamicPseudoType))}),
		object(values{"pools": tuple(text("vms")), "read_only_pools": unknown(tftypes.List{ElementType: tftypes.String})}),
		object(values{"pools": tuple(text("vms")), "data_pools": tuple(unknown(tftypes.String))}),
		object(values{"pools": unknown(tftypes.DynamicPseudoType), "data_pools": tuple(text("ec"))}),
		object(values{"pools": tuple(text("vms")), "namespaces": unknown(tftypes.DynamicPseudoType)}),
		object(values{"pools": tuple(text("vms")), "namespaces": object(values{"vms": unknown(tftypes.Set{ElementType: tftypes.String})})}),
		object(values{"pools": tuple(text("vms")), "namespaces": object(values{"vms": tuple(unknown(tftypes.String))})}),
	} {
		expect(t, "rbd_caps", waiting, what)
	}
}

func TestRBDCapsRefuse(t *testing.T) {
	for _, row := range []struct {
		what  tftypes.Value
		words string
	}{
		{text("vms"), "what is a string."},
		{tuple(text("vms")), "what is a list."},
		{object(values{}), "No pool is named"},
		{object(values{"pools": null(tftypes.DynamicPseudoType)}), "No pool is named"},
		{object(values{"pools": tuple(), "namespaces": object(values{"vms": tuple()})}), "No pool is named"},
		{object(values{"pool": tuple(text("vms"))}), `"pool" is unknown here.`},
		{object(values{"pool": unknown(tftypes.DynamicPseudoType), "pools": unknown(tftypes.DynamicPseudoType)}), `"pool" is unknown here.`},
		{object(values{"pools": text("vms")}), "pools is a string."},
		{object(values{"read_only_pools": object(values{"vms": text("a")})}), "read_only_pools is an object."},
		{object(values{"pools": tuple(number(1))}), "pools[0] is a number."},
		{object(values{"pools": tuple(text("vms"), null(tftypes.String))}), "pools[1] is null."},
		{object(values{"namespaces": tuple(text("a"))}), "namespaces is a list."},
		{object(values{"namespaces": object(values{"vms": text("a")})}), `namespaces["vms"] is a string.`},
		{object(values{"namespaces": object(values{"vms": tuple(tftypes.NewValue(tftypes.Bool, true))})}), `namespaces["vms"][0] is a bool.`},
		{object(values{"read_only_pools": tuple(text("vms")), "data_pools": tuple(text("ec"))}), "data_pools are for images that are written"},
	} {
		expectRefusal(t, "rbd_caps", 0, row.words, row.what)
	}
}
