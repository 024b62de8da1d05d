package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// fakeCluster is a cluster that stores pools and images by name and nothing else. A method that a test doesn't expect panics, because the
// embedded interface is nil.
type fakeCluster struct {
	ceph.Conn
	fsid string
	// ciphers are the allowed key types by name, with their numbers; nil on a release that knows no types.
	ciphers map[string]int

	mu     sync.Mutex
	pools  map[string]int64 // ids
	few    map[string]bool  // the pools whose CRUSH rule is "few", which finds too few OSDs
	images map[ceph.ImageRef]ceph.Image
	// encrypted are the formats of the images that are encrypted.
	encrypted map[ceph.ImageRef]string
	// namespaces are those of each pool, by its id.
	namespaces map[int64][]string
	snapshots  map[ceph.ImageRef][]ceph.ImageSnapshot
	profiles   map[string][]string // the settings of erasure code profiles
	rules      map[string]int64    // the CRUSH rules that were made, with their ids
	ruleOf     map[string]int64    // the rules of the pools that were created with one
	users      map[string]string   // caps of mon by entity
	writes     []string            // the commands that change something
}

func newFakeCluster(fsid string) *fakeCluster {
	return &fakeCluster{
		fsid: fsid, pools: map[string]int64{}, few: map[string]bool{}, images: map[ceph.ImageRef]ceph.Image{}, users: map[string]string{},
		encrypted:  map[ceph.ImageRef]string{},
		namespaces: map[int64][]string{}, snapshots: map[ceph.ImageRef][]ceph.ImageSnapshot{},
		profiles: map[string][]string{},
		rules:    map[string]int64{}, ruleOf: map[string]int64{},
	}
}

// dialTo connects each mon_host to its cluster.
func dialTo(clusters map[string]*fakeCluster) ceph.Dial {
	return func(_ context.Context, cfg ceph.Config) (ceph.Conn, error) {
		if cluster := clusters[cfg.MonHost]; cluster != nil {
			return cluster, nil
		}
		return nil, fmt.Errorf("nobody listens on %s", cfg.MonHost)
	}
}

func (f *fakeCluster) FSID(context.Context) (string, error) { return f.fsid, nil }
func (f *fakeCluster) Addr(context.Context) (string, error) { return "192.0.2.9:0/1", nil }
func (f *fakeCluster) Close()                               {}

func (f *fakeCluster) MonCommand(_ context.Context, text, _ []byte) ([]byte, string, error) {
	var cmd struct {
		Prefix, Pool, SrcPool, DestPool, Entity, Name, SrcName, DstName, Rule string
		Caps, Profile                                                         []string
	}
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch cmd.Prefix {
	case "osd pool ls":
		return f.listPools(), "", nil
	case "osd crush rule dump":
		return f.dumpRules(), "", nil
	case "osd crush rule create-replicated":
		f.rules[cmd.Name] = int64(len(f.rules) + 2)
	case "osd crush rule rename":
		f.rules[cmd.DstName] = f.rules[cmd.SrcName]
		delete(f.rules, cmd.SrcName)
	case "osd crush rule rm":
		delete(f.rules, cmd.Name)
	case "mon dump":
		return f.monDump(), "", nil
	case "auth ls":
		return []byte(`{"auth_dump":[]}`), "", nil
	case "auth get":
		return f.getUser(cmd.Entity)
	case "osd erasure-code-profile get":
		return f.getProfile(cmd.Name)
	case "osd erasure-code-profile ls":
		out, err := json.Marshal(slices.Collect(maps.Keys(f.profiles)))
		return out, "", err
	case "osd erasure-code-profile set":
		f.profiles[cmd.Name] = cmd.Profile
	case "osd erasure-code-profile rm":
		delete(f.profiles, cmd.Name)
	case "osd pool create":
		f.pools[cmd.Pool] = int64(len(f.pools) + 1)
		f.ruleOf[cmd.Pool] = f.rules[cmd.Rule]
	case "osd pool rename":
		f.pools[cmd.DestPool] = f.pools[cmd.SrcPool]
		delete(f.pools, cmd.SrcPool)
	case "auth get-or-create":
		f.users[cmd.Entity] = cmd.Caps[1]
		f.writes = append(f.writes, cmd.Prefix)
		return f.getUser(cmd.Entity)
	default:
		return nil, "", fmt.Errorf("the fake cluster has no answer to %s", text)
	}
	f.writes = append(f.writes, cmd.Prefix)
	return nil, "", nil
}

func (f *fakeCluster) getProfile(name string) ([]byte, string, error) {
	settings, ok := f.profiles[name]
	if !ok {
		return nil, "unknown erasure code profile", ceph.ENOENT
	}
	stored := map[string]string{}
	for _, setting := range settings {
		key, value, _ := strings.Cut(setting, "=")
		stored[key] = value
	}
	out, err := json.Marshal(stored)
	return out, "", err
}

func (f *fakeCluster) dumpRules() []byte {
	rules := []map[string]any{
		{"rule_id": 0, "rule_name": "replicated_rule", "type": 1}, {"rule_id": 1, "rule_name": "few", "type": 1},
	}
	for name, id := range f.rules {
		rules = append(rules, map[string]any{"rule_id": id, "rule_name": name, "type": 1, "steps": []map[string]any{
			{"op": "take", "item_name": "default"}, {"op": "chooseleaf_firstn", "type": "host"}, {"op": "emit"},
		}})
	}
	out, err := json.Marshal(rules)
	if err != nil {
		panic(err)
	}
	return out
}

func (f *fakeCluster) monDump() []byte {
	dump := map[string]any{"mons": []any{}, "quorum": []any{}}
	allowed := []map[string]any{}
	for name, number := range f.ciphers {
		allowed = append(allowed, map[string]any{"name": name, "value": number})
	}
	if f.ciphers != nil {
		dump["auth_allowed_ciphers"] = allowed
	}
	out, err := json.Marshal(dump)
	if err != nil {
		panic(err)
	}
	return out
}

func (f *fakeCluster) listPools() []byte {
	list := []map[string]any{}
	for name, id := range f.pools {
		rule := f.ruleOf[name]
		if f.few[name] {
			rule = 1
		}
		list = append(list, map[string]any{
			"pool_id": id, "pool_name": name, "type": 1, "size": 3, "min_size": 2, "crush_rule": rule, "flags_names": "hashpspool",
			"pg_num": 32, "pg_placement_num": 32, "pg_num_target": 32, "pg_placement_num_target": 32, "pg_autoscale_mode": "on",
			"options": map[string]any{}, "application_metadata": map[string]any{},
		})
	}
	out, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	return out
}

func (f *fakeCluster) getUser(entity string) ([]byte, string, error) {
	caps, ok := f.users[entity]
	if !ok {
		return nil, "failed to find " + entity + " in keyring", ceph.ENOENT
	}
	out, err := json.Marshal([]map[string]any{{"entity": entity, "key": goodKey, "caps": map[string]string{"mon": caps}}})
	return out, "", err
}

func (f *fakeCluster) Namespaces(_ context.Context, pool string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.namespaces[f.pools[pool]]), nil
}

func (f *fakeCluster) CreateNamespace(_ context.Context, pool, namespace string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.namespaces[f.pools[pool]] = append(f.namespaces[f.pools[pool]], namespace)
	f.writes = append(f.writes, "create namespace")
	return nil
}

func (f *fakeCluster) Groups(context.Context, string, string) ([]string, error) { return nil, nil }

func (f *fakeCluster) Watchers(context.Context, ceph.ImageRef) ([]ceph.Watcher, error) {
	return nil, nil
}

func (f *fakeCluster) Trash(context.Context, string, string) ([]ceph.ImageEntry, error) {
	return nil, nil
}

func (f *fakeCluster) Images(_ context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []ceph.ImageEntry
	for ref, image := range f.images {
		if ref.Pool == pool && ref.Namespace == namespace {
			list = append(list, ceph.ImageEntry{Name: ref.Name, ID: image.ID})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, nil
}

func (f *fakeCluster) PoolName(_ context.Context, id int64) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, of := range f.pools {
		if of == id {
			return name, nil
		}
	}
	return "", ceph.ENOENT
}

func (f *fakeCluster) ImageName(_ context.Context, pool, namespace, id string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for ref, image := range f.images {
		if ref.Pool == pool && ref.Namespace == namespace && image.ID == id {
			return ref.Name, nil
		}
	}
	return "", nil
}

func (f *fakeCluster) ImageHeaders(_ context.Context, pool, namespace string, ids []string) (map[string]ceph.Image, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	told := map[string]ceph.Image{}
	for ref, image := range f.images {
		if ref.Pool == pool && ref.Namespace == namespace && slices.Contains(ids, image.ID) {
			image.PoolID = f.pools[pool]
			told[image.ID] = image
		}
	}
	return told, nil
}

func (f *fakeCluster) Snapshots(_ context.Context, ref ceph.ImageRef) (ceph.ImageSnapshots, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	image, ok := f.images[ref]
	if !ok {
		return ceph.ImageSnapshots{}, ceph.ENOENT
	}
	return ceph.ImageSnapshots{ImageRef: ref, PoolID: f.pools[ref.Pool], ID: image.ID, List: slices.Clone(f.snapshots[ref])}, nil
}

func (f *fakeCluster) CreateSnapshot(_ context.Context, ref ceph.ImageRef, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snapshots[ref] = append(f.snapshots[ref], ceph.ImageSnapshot{ID: uint64(len(f.snapshots[ref]) + 1), Name: name})
	f.writes = append(f.writes, "create snapshot")
	return nil
}

func (f *fakeCluster) RenameSnapshot(_ context.Context, ref ceph.ImageRef, from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.snapshots[ref] {
		if f.snapshots[ref][i].Name == from {
			f.snapshots[ref][i].Name = to
		}
	}
	f.writes = append(f.writes, "rename snapshot")
	return nil
}

func (f *fakeCluster) ImageDataPools(context.Context, string, string, []string) (map[string]int64, error) {
	return nil, nil //nolint:nilnil // none has one
}

func (f *fakeCluster) ImageRelations(context.Context, ceph.ImageRef) (ceph.ImageRelations, error) {
	return ceph.ImageRelations{}, nil
}

func (f *fakeCluster) Image(_ context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	image, ok := f.images[ref]
	if !ok {
		return ceph.Image{}, ceph.ENOENT
	}
	image.PoolID = f.pools[ref.Pool]
	return image, nil
}

func (f *fakeCluster) CreateImage(_ context.Context, spec ceph.ImageSpec) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	image := ceph.Image{
		ID: fmt.Sprintf("%x", 4096+len(f.images)), SizeBytes: spec.SizeBytes, Features: []string{"layering"}, ObjectSize: 4 << 20,
		StripeUnit: 4 << 20, StripeCount: 1,
	}
	if spec.Parent != nil {
		parent := spec.Parent.Identity()
		image.Parent, image.SizeBytes = &parent, spec.Parent.SizeBytes
	}
	f.images[spec.ImageRef] = image
	f.writes = append(f.writes, "create image")
	return nil
}

func (f *fakeCluster) FlattenImage(_ context.Context, ref ceph.ImageRef) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	image := f.images[ref]
	image.Parent = nil
	f.images[ref] = image
	f.writes = append(f.writes, "flatten image")
	return nil
}

func (f *fakeCluster) RenameImage(_ context.Context, ref ceph.ImageRef, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	renamed := ref
	renamed.Name = name
	f.images[renamed] = f.images[ref]
	delete(f.images, ref)
	f.writes = append(f.writes, "rename image")
	return nil
}
