package upgrade_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
)

const states = "testdata/states"

// types are the resource types that each state has, also that of the earliest commit.
var types = []string{"ceph_pool", "ceph_rbd_image", "ceph_user", "libvirt_ceph_secret", "libvirt_rbd_disk"}

// neverSet are attributes that have a value in no state, with the reason.
var neverSet = map[string]string{
	"ceph_user.key_wo":           "write-only",
	"libvirt_ceph_secret.key_wo": "write-only",
	"libvirt_rbd_disk.namespace": "needs libvirt 11.6 or later on the host",
}

// TestStatesSetAllAttributes: a state shows what an upgrade does to an attribute only where it has a value.
func TestStatesSetAllAttributes(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(states, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no states in %s: %v", states, err)
	}
	for _, folder := range folders {
		set := map[string]bool{}
		document := decode(t, readFile(t, folder, "state.json"))
		found := map[string]bool{}
		for _, resource := range resources(t, document) {
			kind := fmt.Sprint(resource["type"])
			found[kind] = true
			for _, instance := range objects(t, resource["instances"]) {
				markSet(set, kind, instance["attributes"])
			}
		}
		for name, isSet := range set {
			if !isSet && neverSet[name] == "" {
				t.Errorf("%s: no resource has a value of %s", folder, name)
			}
		}
		for _, kind := range types {
			if !found[kind] {
				t.Errorf("%s: no resource is a %s, of %v", folder, kind, slices.Sorted(maps.Keys(found)))
			}
		}
	}
}

// markSet marks the attributes under a name, also those within others, that have a value.
func markSet(set map[string]bool, name string, value any) {
	set[name] = set[name] || value != nil
	switch v := value.(type) {
	case object:
		for field := range v {
			markSet(set, fmt.Sprint(name, ".", field), v[field])
		}
	case []any:
		for _, element := range v {
			markSet(set, name, element)
		}
	}
}
