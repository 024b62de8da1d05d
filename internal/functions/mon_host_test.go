package functions_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// endpoint is an address at which a monitor of the data source listens.
var endpoint = tftypes.Object{AttributeTypes: map[string]tftypes.Type{"host": tftypes.String, "port": tftypes.Number}}

func monitorAt(v2, v1 tftypes.Value) tftypes.Value {
	return object(map[string]tftypes.Value{"name": text("a"), "v1": v1, "v2": v2})
}

func at(host tftypes.Value, port any) tftypes.Value {
	return tftypes.NewValue(endpoint, map[string]tftypes.Value{"host": host, "port": number(port)})
}

func TestMonHost(t *testing.T) {
	one, two := monitorAt(at(text("192.0.2.1"), 3300), at(text("192.0.2.1"), 6789)), monitorAt(at(text("2001:db8::2"), 3300), null(endpoint))
	const joined = "[v2:192.0.2.1:3300,v1:192.0.2.1:6789],v2:[2001:db8::2]:3300"
	listed := tftypes.NewValue(tftypes.List{ElementType: one.Type()}, []tftypes.Value{two, one})
	for _, monitors := range []tftypes.Value{tuple(one, two), tuple(two, one, two), listed} {
		expect(t, "mon_host", text(joined), monitors)
	}
	for _, monitors := range []tftypes.Value{
		list(text("mon2"), text("mon1")), set(text("mon1"), text("mon2")), tuple(text("mon1"), text("mon2"), text("mon1")),
	} {
		expect(t, "mon_host", text("mon1,mon2"), monitors)
	}
	expect(t, "mon_host", text("mon1,v2:[2001:db8::2]:3300"), tuple(two, text("mon1")))
}

func TestMonHostWaitsForWhatIsUnknown(t *testing.T) {
	for _, monitors := range []tftypes.Value{
		unknown(tftypes.DynamicPseudoType), unknown(tftypes.List{ElementType: tftypes.String}), tuple(text("mon1"), unknown(tftypes.String)),
		tuple(unknown(tftypes.DynamicPseudoType)), tuple(unknown(monitorAt(null(endpoint), null(endpoint)).Type())),
		tuple(monitorAt(at(unknown(tftypes.String), 3300), null(endpoint))),
		tuple(monitorAt(at(text("192.0.2.1"), tftypes.UnknownValue), null(endpoint))),
		tuple(monitorAt(at(text("192.0.2.1"), 3300), unknown(endpoint))),
	} {
		expect(t, "mon_host", unknown(tftypes.String), monitors)
	}
}

func TestMonHostRefuses(t *testing.T) {
	for _, row := range []struct {
		monitors tftypes.Value
		words    string
	}{
		{text("mon1"), "monitors is a string."},
		{tuple(), "There is no monitor in it."},
		{tuple(number(1)), "monitors[0] is a number."},
		{tuple(text("mon1"), null(tftypes.String)), "monitors[1] is null."},
		{tuple(null(tftypes.DynamicPseudoType)), "monitors[0] is null."},
		{tuple(text("mon1,mon2")), `"mon1,mon2" is not one monitor.`},
		{tuple(monitorAt(null(endpoint), null(endpoint))), "monitors[0] has no address"},
		{tuple(object(map[string]tftypes.Value{"host": text("mon1")})), "monitors[0] has no address"},
		{tuple(monitorAt(object(map[string]tftypes.Value{"host": text("mon1")}), null(endpoint))), "monitors[0].v2 lacks host or port."},
		{tuple(monitorAt(text("mon1"), null(endpoint))), "monitors[0].v2 is a string."},
		{tuple(monitorAt(at(text("mon1"), nil), null(endpoint))), "monitors[0].v2.port is null."},
		{tuple(monitorAt(at(null(tftypes.String), 3300), null(endpoint))), "monitors[0].v2.host is null."},
	} {
		expectRefusal(t, "mon_host", 0, row.words, row.monitors)
	}
}
