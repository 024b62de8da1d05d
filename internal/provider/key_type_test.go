package provider_test

import (
	"strings"
	"testing"
)

// A user whose key is of another type than key_type is replaced, unless the cluster could not make the new key: the former user would be
// deleted by then.
func TestAnotherKeyTypeReplacesTheUser(t *testing.T) {
	for name, tc := range map[string]struct {
		ciphers     map[string]int
		keyType     any
		replaced    bool
		wantRefusal string
	}{
		"another type":               {map[string]int{"aes": 1, "aes256k": 2}, "aes256k", true, ""},
		"the same type":              {map[string]int{"aes": 1, "aes256k": 2}, "aes", false, ""},
		"no type":                    {map[string]int{"aes": 1, "aes256k": 2}, nil, false, ""},
		"a type that is not allowed": {map[string]int{"aes": 1}, "aes256k", true, "its auth_allowed_ciphers are aes."},
		"a release without types":    {nil, "aes256k", true, "the cluster makes another one"},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := newFakeCluster(eastFSID)
			cluster.ciphers = tc.ciphers
			s := newServer(t, dialTo(map[string]*fakeCluster{"192.0.2.1": cluster}))
			s.configure(block{"clusters": block{"east": block{"mon_host": "192.0.2.1"}}})
			o := s.newObject("ceph_user")
			config := block{"cluster": "east", "name": "typed", "caps": block{"mon": "profile rbd"}}
			s.apply(o, config) // with goodKey, which is of type aes

			config["key_type"] = tc.keyType
			plan := s.plan(o, config)
			if refusal := errorsIn(plan.Diagnostics); (refusal != "") != (tc.wantRefusal != "") || !strings.Contains(refusal, tc.wantRefusal) {
				t.Fatalf("refused with %q, want %q", refusal, tc.wantRefusal)
			}
			replaced := len(plan.RequiresReplace) == 1 && plan.RequiresReplace[0].String() == `AttributeName("key_type")`
			if replaced != tc.replaced || !tc.replaced && len(plan.RequiresReplace) > 0 {
				t.Errorf("replaced because of %v", plan.RequiresReplace)
			}
		})
	}
}
