package ceph

import (
	"maps"
	"strings"
	"testing"
)

func TestRBDAccessCaps(t *testing.T) {
	type caps = map[string]string
	const both, reads = "profile rbd", "profile rbd-read-only"
	for name, row := range map[string]struct {
		access RBDAccess
		want   caps
		refuse string
	}{
		"one pool": {
			access: RBDAccess{Pools: []string{"vms"}},
			want:   caps{"mon": both, "osd": "profile rbd pool=vms", "mgr": "profile rbd pool=vms"},
		},
		"sorted, each once": {
			access: RBDAccess{Pools: []string{"vms", "backup", "vms"}},
			want: caps{
				"mon": both, "osd": "profile rbd pool=backup, profile rbd pool=vms", "mgr": "profile rbd pool=backup, profile rbd pool=vms",
			},
		},
		"a reader": {
			access: RBDAccess{ReadOnlyPools: []string{"vms", "golden"}},
			want: caps{
				"mon": reads, "osd": "profile rbd-read-only pool=golden, profile rbd-read-only pool=vms",
				"mgr": "profile rbd-read-only pool=golden, profile rbd-read-only pool=vms",
			},
		},
		"clones of parents elsewhere": {
			access: RBDAccess{Pools: []string{"vms"}, ReadOnlyPools: []string{"golden"}},
			want: caps{
				"mon": both, "osd": "profile rbd pool=vms, profile rbd-read-only pool=golden",
				"mgr": "profile rbd pool=vms, profile rbd-read-only pool=golden",
			},
		},
		"read and written is written": {
			access: RBDAccess{Pools: []string{"vms"}, ReadOnlyPools: []string{"vms"}},
			want:   caps{"mon": both, "osd": "profile rbd pool=vms", "mgr": "profile rbd pool=vms"},
		},
		"namespaces": {
			access: RBDAccess{Namespaces: map[string][]string{"vms": {"b", "a"}, "backup": {"a"}, "other": nil}},
			want: caps{
				"mon": both, "osd": "profile rbd pool=backup namespace=a, profile rbd pool=vms namespace=a, profile rbd pool=vms namespace=b",
				"mgr": "profile rbd pool=backup namespace=a, profile rbd pool=vms namespace=a, profile rbd pool=vms namespace=b",
			},
		},
		"the namespace without a name": {
			access: RBDAccess{Namespaces: map[string][]string{"vms": {""}}},
			want:   caps{"mon": both, "osd": `profile rbd pool=vms namespace=""`, "mgr": `profile rbd pool=vms namespace=""`},
		},
		"data of a pool": {
			access: RBDAccess{Pools: []string{"vms"}, DataPools: []string{"ec", "vms"}},
			want:   caps{"mon": both, "osd": "profile rbd pool=ec, profile rbd pool=vms", "mgr": "profile rbd pool=vms"},
		},
		"data of namespaces alone": {
			access: RBDAccess{Namespaces: map[string][]string{"vms": {"a"}, "backup": {"b"}}, DataPools: []string{"ec"}},
			want: caps{
				"mon": both, "osd": "profile rbd pool=backup namespace=b, profile rbd pool=ec namespace=a, profile rbd pool=ec namespace=b, " +
					"profile rbd pool=vms namespace=a",
				"mgr": "profile rbd pool=backup namespace=b, profile rbd pool=vms namespace=a",
			},
		},
		"names that need quotes": {
			access: RBDAccess{Pools: []string{"my vms", `a"b`, "it's", "a,b"}},
			want: caps{
				"mon": both, "osd": `profile rbd pool="a,b", profile rbd pool="it's", profile rbd pool="my vms", profile rbd pool='a"b'`,
				"mgr": `profile rbd pool="a,b", profile rbd pool="it's", profile rbd pool="my vms", profile rbd pool='a"b'`,
			},
		},
		"both quotes":            {access: RBDAccess{Pools: []string{`a"b'c`}}, refuse: "can't be named in capabilities"},
		"a line break":           {access: RBDAccess{ReadOnlyPools: []string{"a\nb"}}, refuse: "can't be named in capabilities"},
		"an empty pool":          {access: RBDAccess{Pools: []string{""}}, refuse: "The name of a pool is empty."},
		"an empty data pool":     {access: RBDAccess{Pools: []string{"vms"}, DataPools: []string{""}}, refuse: "The name of a pool is empty."},
		"a pattern of namespace": {access: RBDAccess{Namespaces: map[string][]string{"vms": {"tenant*"}}}, refuse: "ends with an asterisk"},
		"nothing":                {refuse: "No pool is named"},
		"pools without names":    {access: RBDAccess{Pools: []string{}, Namespaces: map[string][]string{"vms": {}}}, refuse: "No pool is named"},
		"data alone":             {access: RBDAccess{DataPools: []string{"ec"}}, refuse: "No pool is named"},
		"data of a reader": {
			access: RBDAccess{ReadOnlyPools: []string{"vms"}, DataPools: []string{"ec"}}, refuse: "data_pools are for images that are written",
		},
	} {
		got, err := row.access.Caps()
		if row.refuse != "" {
			if err == nil || !strings.Contains(err.Error(), row.refuse) {
				t.Errorf("%s: got %q, %v, want it refused: %s", name, got, err, row.refuse)
			}
			continue
		}
		if err != nil || !maps.Equal(got, row.want) {
			t.Errorf("%s:\n got %q %v\nwant %q", name, got, err, row.want)
		}
		for service, text := range got {
			if err := ValidateCaps(service, text); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
