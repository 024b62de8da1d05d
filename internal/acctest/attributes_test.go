//go:build cgo

package acctest

import "testing"

func TestDriftHasToShow(t *testing.T) {
	shown := map[string]string{"size": "2", "min_size": "1"}
	attribute := func(name, first, hand string) Attribute {
		return Attribute{
			Name: name, SeenFirst: first,
			View:  func(*testing.T, string) string { return shown[name] },
			Drift: func(*testing.T, string) { shown[name] = hand },
		}
	}
	s := sequence{t: t, attributes: []Attribute{attribute("size", "2", "3"), attribute("min_size", "1", "2")}}
	s.drift()
	if err := s.drifted(); err != nil {
		t.Error(err)
	}
	shown["min_size"] = "1"
	if s.drifted() == nil {
		t.Error("a drift that does not show is taken for one")
	}
}

func TestRemovalHasToShow(t *testing.T) {
	for what, row := range map[string]struct {
		a    Attribute
		want bool
	}{
		"another value":        {Attribute{SeenFirst: "a", Second: "b", SeenSecond: "b", SeenRemoved: ""}, true},
		"the value before":     {Attribute{SeenFirst: "yes", Second: "false", SeenSecond: "no", SeenRemoved: "no"}, false},
		"the only value":       {Attribute{SeenFirst: "no", SeenRemoved: "no"}, false},
		"back at the first":    {Attribute{SeenFirst: "yes", Second: "false", SeenSecond: "no", SeenRemoved: "no", BackToFirst: true}, true},
		"back at what is left": {Attribute{SeenFirst: "no", Second: "true", SeenSecond: "yes", SeenRemoved: "no", BackToFirst: true}, false},
		"stays":                {Attribute{SeenFirst: "a", Second: "b", SeenSecond: "b", Stays: true}, true},
		"stays as another one": {Attribute{SeenFirst: "a", Second: "b", SeenSecond: "b", SeenRemoved: "c", Stays: true}, false},
		"can't be removed":     {Attribute{Required: true}, true},
	} {
		if err := row.a.removalShows(); (err == nil) != row.want {
			t.Errorf("%s: %v", what, err)
		}
	}
}
