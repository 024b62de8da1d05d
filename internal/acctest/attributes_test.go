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
