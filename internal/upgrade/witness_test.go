//go:build cgo

package upgrade_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// bedTokens are those of the bed itself.
func bedTokens(t *testing.T) tokens {
	t.Helper()
	c := acctest.Bed(t).Cluster(cluster)
	return tokens{
		"${fsid}": c.FSID, "${host_uuid}": acctest.Bed(t).Hypervisor(hypervisor).UUID,
		"${mon.host}": c.Monitors[0].Host, "${mon.v1_port}": fmt.Sprint(c.Monitors[0].V1Port), "${mon.v2_port}": fmt.Sprint(c.Monitors[0].V2Port),
	}
}

// objectTokens are those of the bed and of the pools and images that it has now.
func objectTokens(t *testing.T) tokens {
	t.Helper()
	all, there := bedTokens(t), pools(t)
	for _, p := range there {
		all["${pool."+p.Name+"}"] = fmt.Sprint(p.ID)
	}
	for _, spec := range images(t, there) {
		all["${image."+spec+"}"] = fmt.Sprint(imageInfo(t, spec)["id"])
	}
	return all
}

// pool is what Ceph tells of a pool, without what grows, what differs each time, and what the cluster chooses.
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
	parse(t, acctest.Ceph(t, cluster, "osd", "pool", "ls", "detail", "--format", "json"), &all)
	return all
}

// images are those of the pools, as POOL[/NAMESPACE]/IMAGE.
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

// replicated is the number of a pool's type.
const replicated = 1

// imageFields are what an image was made with.
var imageFields = []string{"size", "object_size", "features", "stripe_unit", "stripe_count", "data_pool"}

func imageInfo(t *testing.T, spec string) object {
	t.Helper()
	var info object
	parse(t, acctest.RBD(t, cluster, "info", spec, "--format", "json"), &info)
	return info
}

// made is what ceph, rbd and virsh show of all that there is, as files: what those commands read again, where they do.
func made(t *testing.T) map[string]string {
	t.Helper()
	all := bedTokens(t)
	files := map[string]string{"clients.keyring": clients(t), "cluster.json": onCluster(t)}
	maps.Copy(files, secrets(t))
	maps.Copy(files, disks(t))
	for name := range files {
		files[name] = all.contract(strings.TrimSpace(files[name])) + "\n"
	}
	return files
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
		// Where there is none, it prints nothing.
		if metadata := acctest.RBD(t, cluster, "image-meta", "ls", spec, "--format", "json"); metadata != "" {
			info["metadata"] = decode(t, []byte(metadata))
		}
		imagesBySpec[spec] = info
	}
	return string(encode(t, object{
		"crush_rules": slices.Sorted(maps.Values(ruleNames)), "pools": poolsByName, "images": imagesBySpec,
	}))
}

// clients is a keyring with all clients but those that a cluster begins with.
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

// secrets are those of the hypervisor, and the values of those that show theirs.
func secrets(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for line := range strings.Lines(acctest.Virsh(t, hypervisor, "secret-list")) {
		uuid := strings.Fields(line)[0]
		text := acctest.Virsh(t, hypervisor, "secret-dumpxml", uuid)
		files[uuid+".secret.xml"] = text
		if !strings.Contains(text, "private='yes'") {
			files[uuid+".secret.key"] = acctest.Virsh(t, hypervisor, "secret-get-value", uuid)
		}
	}
	return files
}

// disks are those of the domains, in the saved and in the live definition.
func disks(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for domain := range strings.Lines(acctest.Virsh(t, hypervisor, "list", "--all", "--name")) {
		if domain = strings.TrimSpace(domain); domain == "" {
			continue
		}
		info := acctest.Virsh(t, hypervisor, "dominfo", domain)
		if persistent(info) {
			addDisks(t, files, domain, true)
		}
		if active(info) {
			addDisks(t, files, domain, false)
		}
	}
	return files
}

func addDisks(t *testing.T, files map[string]string, domain string, saved bool) {
	t.Helper()
	kind := map[bool]string{true: "saved", false: "live"}[saved]
	for _, disk := range acctest.DomainOf(t, hypervisor, domain, saved).Devices.Disks {
		if disk.Source == nil || disk.Source.Network == nil {
			continue
		}
		disk.Source.Index = 0 // counts the disks of this run
		files[domain+"."+disk.Target.Dev+"."+kind+".xml"] = acctest.XML(t, &disk)
	}
}

func persistent(info string) bool { return strings.Contains(info, "Persistent:     yes") }

func active(info string) bool { return !strings.Contains(info, "State:          shut off") }

func parse(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
