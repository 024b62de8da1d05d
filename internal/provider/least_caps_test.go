//go:build cgo

package provider_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest"
)

// TestAccLeastCapabilities compares each row of the guide of least capabilities with the provider's own operations: with the row's caps
// they succeed without a warning, and with each weaker form of the row something is refused.
func TestAccLeastCapabilities(t *testing.T) {
	l := newLeast(t)
	for _, row := range []struct {
		about, operation string
		run              func(a *attempt)
	}{
		{"ceph_pool", "read", func(a *attempt) {
			a.note(a.read(l.pool())) // without config nothing is read from the pool itself
			a.unneeded = "RBD settings of Ceph pool not read"
			a.readAndImport(l.pool(), "east/least")
		}},
		{"ceph_pool", "create", func(a *attempt) { l.removePools(); a.change(a.newObject("ceph_pool"), poolConfig) }},
		{"ceph_pool", "update", func(a *attempt) {
			pool := l.freshPool(with(poolConfig, block{"applications": []any{"backup"}}))
			a.change(pool, with(poolConfig, block{"quota_max_objects": 1000}))
			a.change(pool, with(poolConfig, block{"name": "least-new"}))
		}},
		{"ceph_pool", "delete", func(a *attempt) { a.change(l.freshPool(poolConfig), nil) }},
		{"ceph_pool", "import of `config`", func(a *attempt) { a.readAndImport(l.freshPool(tunedConfig), "east/least") }},
		{"ceph_pool", "create with `config`", func(a *attempt) { l.removePools(); a.change(a.newObject("ceph_pool"), tunedConfig) }},
		{"ceph_pool", "update of `config`", func(a *attempt) {
			pool := l.freshPool(tunedConfig)
			a.change(pool, with(tunedConfig, block{"config": block{"rbd_cache": "true"}}))
			a.change(pool, poolConfig)
		}},
		{"ceph_user", "read", func(a *attempt) { a.readAndImport(l.user(), "east/least-user") }},
		{"ceph_user", "create", func(a *attempt) { l.removeUser(); a.change(a.newObject("ceph_user"), userConfig) }},
		{"ceph_user", "taken up again", func(a *attempt) {
			l.removeUser()
			l.removeRecords()
			user := a.newObject("ceph_user")
			a.change(user, userConfig)
			if a.missing == "" && len(l.records()) != 1 {
				a.missing += "the create is not recorded\n"
			}
			a.configure(l.block) // the next run
			if a.missing == "" {
				a.note(a.read(user))
			}
			if len(l.records()) > 0 {
				a.missing += "the record is not removed\n"
			}
		}},
		{"ceph_user", "update", func(a *attempt) { a.change(l.user(), with(userConfig, block{"caps": block{"mon": "allow r"}})) }},
		{"ceph_user", "other key", func(a *attempt) { a.change(l.user(), with(userConfig, block{"key": someKey})) }},
		{"ceph_user", "delete", func(a *attempt) { a.change(l.user(), nil) }},
		{"ceph_rbd_image", "read", func(a *attempt) { a.readAndImport(l.image(), "east/least/disk") }},
		{"ceph_rbd_image", "create", func(a *attempt) { l.removeImage(); a.change(a.newObject("ceph_rbd_image"), imageConfig) }},
		{"ceph_rbd_image", "with a parent", func(a *attempt) {
			l.removeImage()
			clone := a.newObject("ceph_rbd_image")
			parent := block{"pool": "least-neighbour", "image": "disk", "snapshot": "base"}
			config := block{"cluster": "east", "pool": "least", "name": "disk", "parent": parent}
			a.change(clone, config)
			a.change(clone, with(config, block{"parent": with(parent, block{"flatten": true})}))
		}},
		{"ceph_rbd_image", "update", func(a *attempt) {
			image, larger := l.image(), with(imageConfig, block{"size": "8MiB", "metadata": block{"owner": "somebody"}})
			a.change(image, larger)
			a.change(image, with(larger, block{"name": "disk-new"}))
		}},
		{"ceph_rbd_image", "delete", func(a *attempt) {
			image := l.image()
			l.provider.apply(image, with(imageConfig, block{"force_destroy": true}))
			// Every pool is searched for clones of a protected snapshot.
			acctest.RBD(t, "east", "snap", "create", "--no-progress", "least/disk@kept")
			acctest.RBD(t, "east", "snap", "protect", "least/disk@kept")
			a.change(image, nil)
			l.purge()
		}},
		{"ceph_rbd_image", "to the trash", func(a *attempt) {
			image := l.image()
			l.provider.apply(image, with(imageConfig, block{"trash": block{}}))
			acctest.RBD(t, "east", "snap", "create", "--no-progress", "least/disk@kept")
			acctest.RBD(t, "east", "snap", "protect", "least/disk@kept")
			a.change(image, nil)
			for id := range strings.Lines(acctest.RBD(t, "east", "trash", "ls", "least")) {
				acctest.RBD(t, "east", "trash", "restore", "--pool", "least", strings.Fields(id)[0])
			}
			l.purge()
		}},
		{"ceph_erasure_code_profile", "read", func(a *attempt) { a.readAndImport(l.profile(), "east/two") }},
		{"ceph_erasure_code_profile", "create", func(a *attempt) {
			l.removeProfile()
			a.change(a.newObject("ceph_erasure_code_profile"), profileOfTwo)
		}},
		{"ceph_erasure_code_profile", "delete", func(a *attempt) { a.change(l.profile(), nil) }},
		{"ceph_rbd_namespace", "read", func(a *attempt) { a.readAndImport(l.namespace(), "east/least/tenant") }},
		{"ceph_rbd_namespace", "create, delete", func(a *attempt) {
			l.removeNamespace()
			created := a.newObject("ceph_rbd_namespace")
			a.change(created, namespaceConfig)
			a.configure(l.block) // the next run
			a.change(l.namespace(), nil)
		}},
		{"ceph_rbd_snapshot", "read", func(a *attempt) { a.readAndImport(l.snapshot(), "east/least/disk@before") }},
		{"ceph_rbd_snapshot", "create, update, delete", func(a *attempt) {
			l.image()
			created := a.newObject("ceph_rbd_snapshot")
			a.change(created, snapshotConfig)
			snapshot := l.snapshot()
			a.change(snapshot, with(snapshotConfig, block{"name": "after", "protected": true}))
			a.change(snapshot, nil)
		}},
		{"ceph_crush_rule", "read", func(a *attempt) { a.readAndImport(l.rule(), "east/least") }},
		{"ceph_crush_rule", "create, update, delete", func(a *attempt) {
			l.removeRules()
			a.change(a.newObject("ceph_crush_rule"), ruleConfig)
			rule := l.rule()
			a.change(rule, with(ruleConfig, block{"name": "least-new"}))
			a.change(rule, nil)
		}},
		{"libvirt_rbd_disk", "read", func(a *attempt) { a.readAndImport(l.disk(), "kvm1/least/vdb") }},
		{"libvirt_rbd_disk", "create", func(a *attempt) {
			l.removeDisk()
			disk := a.newObject("libvirt_rbd_disk")
			a.change(disk, l.diskConfig)
			a.configure(l.block) // the next run
			a.change(disk, with(l.diskConfig, block{"cache": "none"}))
		}},
		{"libvirt_rbd_disk", "delete", func(a *attempt) {
			a.unneeded = "Source of the disk not verified"
			a.change(l.disk(), nil)
		}},
		{"data `ceph_cluster`", "read", func(a *attempt) { a.data("ceph_cluster", block{"cluster": "east"}) }},
		{"data `ceph_pool`", "read", func(a *attempt) {
			a.unneeded = "RBD settings of Ceph pool not read"
			l.pool()
			a.data("ceph_pool", block{"cluster": "east", "name": "least"})
		}},
		{"data `ceph_pool`", "`config`", func(a *attempt) {
			l.pool()
			a.data("ceph_pool", block{"cluster": "east", "name": "least"})
		}},
		{"data `ceph_user`", "read", func(a *attempt) {
			a.unneeded = "Clients of Ceph user not listed"
			a.data("ceph_user", block{"cluster": "east", "name": "admin"})
		}},
		{"data `ceph_user`", "clients", func(a *attempt) {
			if a.data("ceph_user", block{"cluster": "east", "name": "admin"})["clients"].IsNull() {
				a.missing += "the clients are not told\n"
			}
		}},
		{"data `ceph_rbd_image`", "read", func(a *attempt) {
			l.image()
			a.data("ceph_rbd_image", block{"cluster": "east", "pool": "least", "name": "disk"})
		}},
		{"ephemeral `ceph_user_key`", "open", func(a *attempt) {
			a.ephemeral("ceph_user_key", block{"cluster": "east", "entity": "client.admin"})
		}},
	} {
		t.Run(row.about+" "+row.operation, func(t *testing.T) {
			caps := acctest.LeastCaps(t, row.about, row.operation, map[string]string{"POOL": "least", "PARENT": "least-neighbour"})
			l.t, l.provider.t = t, t
			if missing := l.attempt(l.enough, caps, row.run); missing != "" {
				t.Errorf("%v does not suffice:\n%s", caps, missing)
			}
			for _, weaker := range weakerCaps(caps) {
				refusal := l.attempt(l.tooFew, weaker, row.run)
				switch {
				case refusal == "":
					t.Errorf("%v is more than is needed: %v suffices", caps, weaker)
				case !refused.MatchString(refusal):
					// Whether it was for the caps that it failed is told by whether it succeeds with them.
					if missing := l.attempt(l.enough, caps, row.run); missing != "" {
						t.Errorf("%v failed:\n%s\nand so did %v after it:\n%s", weaker, refusal, caps, missing)
					}
				}
			}
		})
	}
}

const someKey = "AQDevdtNgxPZIxAA8UszCfeajOVhY2kiBm53kg=="

var (
	tunedConfig     = with(poolConfig, block{"config": block{"rbd_cache": "false"}})
	poolConfig      = block{"cluster": "east", "name": "least", "applications": []any{"rbd"}}
	userConfig      = block{"cluster": "east", "name": "least-user", "caps": block{"mon": "profile rbd", "osd": "profile rbd pool=least"}}
	imageConfig     = block{"cluster": "east", "pool": "least", "name": "disk", "size": "4MiB"}
	ruleConfig      = block{"cluster": "east", "name": "least", "failure_domain": "osd"}
	snapshotConfig  = block{"cluster": "east", "pool": "least", "image": "disk", "name": "before"}
	namespaceConfig = block{"cluster": "east", "pool": "least", "name": "tenant"}
)

// refused matches what only a user is told who lacks caps. A cluster that gives no answer is also explained by them.
var refused = regexp.MustCompile(`(?i)caps of \S+, the user that the provider connects with, don't allow|not permitted|permission denied`)

var allow = regexp.MustCompile(`^allow (service \w+ )?([rwx]+)$`)

// weakerCaps are the caps with one clause left out or weakened in one way. Without any cap for the monitors no user can log in, so that is
// not tried.
func weakerCaps(caps map[string]string) []map[string]string {
	var all []map[string]string
	for service, text := range caps {
		clauses := strings.Split(text, ", ")
		for i, clause := range clauses {
			for _, weaker := range weakerClauses(service, clause) {
				rest := slices.Clone(clauses)
				rest[i] = weaker
				left := strings.Join(slices.DeleteFunc(rest, func(clause string) bool { return clause == "" }), ", ")
				if left == "" && service == "mon" {
					continue
				}
				fewer := maps.Clone(caps)
				fewer[service] = left
				all = append(all, fewer)
			}
		}
	}
	return all
}

// weakerClauses are the next weaker forms of a clause; the empty text leaves it out.
func weakerClauses(service, clause string) []string {
	weaker := []string{""}
	if clause == "allow *" {
		weaker = append(weaker, "allow rwx")
	}
	if parts := allow.FindStringSubmatch(clause); parts != nil {
		bound, letters := parts[1], parts[2]
		if bound == "" && letters == "r" {
			weaker = append(weaker, "profile rbd-read-only")
		}
		if bound == "" && letters != "r" {
			for _, name := range []string{"mon", "osd", "auth"} {
				weaker = append(weaker, "allow r, allow service "+name+" "+letters)
			}
		}
		for _, letter := range letters {
			if rest := strings.ReplaceAll(letters, string(letter), ""); rest != "" {
				weaker = append(weaker, "allow "+bound+rest)
			}
		}
	}
	if rest, ok := strings.CutPrefix(clause, "profile rbd"); ok && !strings.HasPrefix(rest, "-") {
		weaker = append(weaker, "profile rbd-read-only"+rest)
	}
	if service == "osd" && !strings.Contains(clause, "pool=") {
		weaker = append(weaker, clause+" pool=least")
	}
	return weaker
}
