package tfkit

import (
	"maps"
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func textMap(pairs map[string]string) types.Map {
	if pairs == nil {
		return types.MapNull(types.StringType)
	}
	values := map[string]attr.Value{}
	for key, value := range pairs {
		values[key] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, values)
}

func TestNamedKeys(t *testing.T) {
	type texts = map[string]string
	found := texts{"a": "1", "b": "2"}
	for name, tc := range map[string]struct {
		recorded, found texts
		all             bool
		want            texts
	}{
		"only those that are recorded": {texts{"a": "0", "c": "3"}, found, false, texts{"a": "1"}},
		"none are recorded":            {nil, found, false, nil},
		"all of an import":             {nil, found, true, found},
		"nothing to import":            {nil, nil, true, nil},
		"all recorded are gone":        {texts{"a": "1"}, nil, false, texts{}},
	} {
		if got := NamedKeys(textMap(tc.recorded), tc.found, tc.all); !got.Equal(textMap(tc.want)) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestKeyChanges(t *testing.T) {
	have, want := textMap(map[string]string{"same": "1", "other": "1", "z": "1", "gone": "1"}), textMap(map[string]string{
		"same": "1", "other": "2", "new": "1",
	})
	set, remove := KeyChanges(want, have)
	if !maps.Equal(set, map[string]string{"other": "2", "new": "1"}) || !slices.Equal(remove, []string{"gone", "z"}) {
		t.Errorf("set %v, remove %v", set, remove)
	}
	if set, remove = KeyChanges(textMap(nil), textMap(nil)); len(set)+len(remove) > 0 {
		t.Errorf("set %v, remove %v", set, remove)
	}
}

func TestLeftKeys(t *testing.T) {
	type texts = map[string]string
	found := texts{"had": "1", "wanted": "2", "theirs": "3"}
	for name, tc := range map[string]struct{ recorded, planned, want texts }{
		"neither":      {nil, nil, nil},
		"planned":      {nil, texts{"wanted": "2"}, texts{"wanted": "2"}},
		"recorded":     {texts{"had": "0"}, nil, texts{"had": "1"}},
		"both":         {texts{"had": "0"}, texts{"wanted": "2", "not set": "4"}, texts{"had": "1", "wanted": "2"}},
		"none was set": {nil, texts{"not set": "4"}, nil},
	} {
		if got := LeftKeys(textMap(tc.recorded), textMap(tc.planned), found); !got.Equal(textMap(tc.want)) {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}
