package libvirt

import "testing"

func TestSameUUID(t *testing.T) {
	const id = "77085c23-2177-242d-7661-c785df7f6230"
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"upper case":            {"77085C23-2177-242D-7661-C785DF7F6230", id, true},
		"without dashes":        {id, "77085c232177242d7661c785df7f6230", true},
		"case and dashes":       {"77085C23-2177-242D-7661-C785DF7F6230", "77085c232177242d7661c785df7f6230", true},
		"two UUIDs":             {id, "88085c23-2177-242d-7661-c785df7f6230", false},
		"a UUID and a name":     {id, "guest", false},
		"a UUID and a blank":    {id, id + " ", false},
		"names, by case":        {"Guest", "guest", true},
		"two names":             {"guest", "guest2", false},
		"none, as one not read": {"", "", true},
	} {
		if SameUUID(c.a, c.b) != c.same || SameUUID(c.b, c.a) != c.same {
			t.Errorf("%s: %q and %q", name, c.a, c.b)
		}
	}
}

func TestCanonicalUUID(t *testing.T) {
	for text, canonical := range map[string]string{
		"77085C232177242D7661C785DF7F6230": "77085c23-2177-242d-7661-c785df7f6230",
		"guest":                            "guest",
		"":                                 "",
	} {
		if got := CanonicalUUID(text); got != canonical {
			t.Errorf("%q: %q", text, got)
		}
	}
}
