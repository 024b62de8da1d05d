//go:build cgo

package upgrade_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// pool is what Ceph shows of a pool, without the fields that grow, that differ each time, or that the cluster chooses.
type pool struct {
	ID           int            `json:"pool_id"`
	Name         string         `json:"pool_name"`
	Type         int            `json:"type"`
	Size         int            `json:"size"`
	MinSize      int            `json:"min_size"`
	Rule         int            `json:"crush_rule"`
	PGs          int            `json:"pg_num_target"`
	PGPs         int            `json:"pg_placement_num_target"`
	Autoscale    string         `json:"pg_autoscale_mode"`
	Profile      string         `json:"erasure_code_profile"`
	Flags        string         `json:"flags_names"`
	MaxBytes     int            `json:"quota_max_bytes"`
	MaxObjects   int            `json:"quota_max_objects"`
	Options      map[string]any `json:"options"`
	Applications map[string]any `json:"application_metadata"`
}

func pools(t *testing.T) []pool {
	t.Helper()
	var all []pool
	// A new pool has this flag until all its placement groups are known.
	expect.Eventually(t, "the end of the creation of pools", func() bool {
		all = nil
		parse(t, acctest.Ceph(t, cluster, "osd", "pool", "ls", "detail", "--format", "json"), &all)
		return !slices.ContainsFunc(all, func(p pool) bool { return strings.Contains(p.Flags, "creating") })
	})
	return all
}

// images are the images of the pools, as POOL[/NAMESPACE]/IMAGE.
func images(t *testing.T, there []pool) []string {
	t.Helper()
	var all []string
	for _, p := range there {
		if p.Type != replicated || p.Applications["rbd"] == nil {
			continue
		}
		places := []string{p.Name}
		var namespaces []struct{ Name string }
		parse(t, acctest.RBD(t, cluster, "namespace", "ls", p.Name, "--format", "json"), &namespaces)
		for _, namespace := range namespaces {
			places = append(places, p.Name+"/"+namespace.Name)
		}
		for _, place := range places {
			var names []string
			parse(t, acctest.RBD(t, cluster, "ls", place, "--format", "json"), &names)
			for _, name := range names {
				all = append(all, place+"/"+name)
			}
		}
	}
	return all
}

// replicated is Ceph's number for the type of a replicated pool.
const replicated = 1

// imageFields are the fields that an image was made with.
var imageFields = []string{"size", "object_size", "features", "stripe_unit", "stripe_count", "data_pool"}

func imageInfo(t *testing.T, spec string) object {
	t.Helper()
	var info object
	parse(t, acctest.RBD(t, cluster, "info", spec, "--format", "json"), &info)
	return info
}

// onCluster are the pools with their rules, and the images.
func onCluster(t *testing.T) string {
	t.Helper()
	var rules []struct {
		ID   int    `json:"rule_id"`
		Name string `json:"rule_name"`
	}
	parse(t, acctest.Ceph(t, cluster, "osd", "crush", "rule", "dump", "--format", "json"), &rules)
	ruleNames := map[int]string{}
	for _, rule := range rules {
		ruleNames[rule.ID] = rule.Name
	}
	there, poolsByName := pools(t), object{}
	for _, p := range there {
		seen := object{}
		parse(t, string(compact(t, p)), &seen)
		delete(seen, "pool_id")
		seen["crush_rule"] = ruleNames[p.Rule]
		poolsByName[p.Name] = seen
	}
	imagesBySpec := object{}
	for _, spec := range images(t, there) {
		info := imageInfo(t, spec)
		maps.DeleteFunc(info, func(field string, _ any) bool { return !slices.Contains(imageFields, field) })
		// Of an image without metadata rbd prints nothing, and no empty list.
		if metadata := acctest.RBD(t, cluster, "image-meta", "ls", spec, "--format", "json"); metadata != "" {
			info["metadata"] = decode(t, []byte(metadata))
		}
		imagesBySpec[spec] = info
	}
	return string(encode(t, object{
		"crush_rules": slices.Sorted(maps.Values(ruleNames)), "pools": poolsByName, "images": imagesBySpec,
	}))
}

// clients is a keyring with all clients except those that every new cluster has.
func clients(t *testing.T) string {
	t.Helper()
	var keyring strings.Builder
	wanted := false
	for line := range strings.Lines(acctest.Ceph(t, cluster, "auth", "export")) {
		if strings.HasPrefix(line, "[") {
			wanted = strings.HasPrefix(line, "[client.") && !strings.HasPrefix(line, "[client.admin]") &&
				!strings.HasPrefix(line, "[client.bootstrap")
		}
		if wanted {
			keyring.WriteString(line)
		}
	}
	return keyring.String()
}

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
