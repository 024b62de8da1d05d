//go:build cgo

package rados_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// chosenKey is a key of a type that the cluster allows.
func chosenKey(t *testing.T, c *testbed.Cluster) string {
	t.Helper()
	if allowsOnlyNewKeys(t, c) {
		return strangeNewKey
	}
	return strangeKey
}

// allowsOnlyNewKeys tells whether the cluster is of 20.2.4 or newer and made with its defaults.
func allowsOnlyNewKeys(t *testing.T, c *testbed.Cluster) bool {
	t.Helper()
	dump := ask(t, c, "mon", "dump", "--format", "json")
	return strings.Contains(dump, `"auth_allowed_ciphers"`) && !strings.Contains(dump, `"name":"aes",`)
}

func TestUserLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	chosen := chosenKey(t, c)
	_, err := cluster.User(ctx, "u1")
	expect.Problem(t, err, problem.NotFound, "client.u1")
	caps := map[string]string{"mon": `allow command "osd blocklist", allow r`, "osd": "profile rbd pool=p"}
	user, err := cluster.CreateUser(ctx, "u1", caps, ceph.Key{})
	expect.NoError(t, err)
	if user.Entity != "client.u1" || user.Caps["mon"] != caps["mon"] || ask(t, c, "auth", "print-key", "client.u1") != user.Key.Text() {
		t.Errorf("%v", user)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if strings.Contains(fmt.Sprintf(verb, user), user.Key.Text()) || strings.Contains(fmt.Sprintf(verb, &user), user.Key.Text()) {
			t.Errorf("%s shows the key", verb)
		}
	}
	_, err = cluster.CreateUser(ctx, "u1", caps, ceph.Key{})
	expect.Problem(t, err, problem.Exists, "terraform import", "east/u1")

	_, err = cluster.SetKey(ctx, "u1", ceph.GivenKey(chosen))
	expect.NoError(t, err)
	if got := ask(t, c, "auth", "print-key", "client.u1"); got != chosen {
		t.Error("the key was not set")
	}
	user, err = cluster.User(ctx, "u1")
	if err != nil || user.Caps["mon"] != caps["mon"] || user.Caps["osd"] != caps["osd"] {
		t.Errorf("the caps changed with the key: %v, %v", user, err)
	}
	expect.NoError(t, cluster.SetCaps(ctx, "u1", map[string]string{"mgr": "profile rbd"}))
	user, err = cluster.User(ctx, "u1")
	if err != nil || len(user.Caps) != 1 || user.Key.Text() != chosen {
		t.Errorf("%v, %v", user, err)
	}
	expect.Problem(t, cluster.SetCaps(ctx, "u1", map[string]string{"mon": "allow bogus"}), problem.Invalid, "bogus")
	expect.NoError(t, cluster.DeleteUser(ctx, "u1"))
	expect.NoError(t, cluster.DeleteUser(ctx, "u1"))

	_, err = cluster.CreateUser(ctx, "u2", map[string]string{"mon": "profile rbd"}, ceph.GivenKey(chosen))
	expect.NoError(t, err)
	if got := ask(t, c, "auth", "print-key", "client.u2"); got != chosen {
		t.Error("the chosen key was not set")
	}
	expect.NoError(t, cluster.DeleteUser(ctx, "u2"))
}

// A key that was chosen lets its user in, or is refused.
func TestChosenKeyLogsIn(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	caps := map[string]string{"mon": "profile rbd"}
	before, err := cluster.CreateUser(ctx, "keyed", caps, ceph.Key{})
	expect.NoError(t, err)
	defer func() { expect.NoError(t, cluster.DeleteUser(limited(t), "keyed")) }()
	if allowsOnlyNewKeys(t, c) {
		_, err := cluster.SetKey(ctx, "keyed", strange)
		expect.Problem(t, err, problem.Refused, "client.keyed", "auth_allowed_ciphers")
		_, err = cluster.CreateUser(ctx, "keyed2", caps, strange)
		expect.Problem(t, err, problem.Refused, "client.keyed2", "auth_allowed_ciphers")
		_, err = cluster.User(ctx, "keyed2")
		expect.Problem(t, err, problem.NotFound)
		logsIn(t, c, "keyed", before.Key)
	}
	key := ceph.GivenKey(chosenKey(t, c))
	_, err = cluster.SetKey(ctx, "keyed", key)
	expect.NoError(t, err)
	logsIn(t, c, "keyed", key)
	isRefused(t, c, "keyed", before.Key)
}

// What counts as managing users is what the monitors let a user do: read one, and change its caps.
func TestManagesUsers(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	_, err := cluster.CreateUser(ctx, "managed", map[string]string{"mon": "allow r"}, ceph.Key{})
	expect.NoError(t, err)
	_, err = cluster.CreateUser(ctx, "manager", map[string]string{"mon": "allow r"}, ceph.Key{})
	expect.NoError(t, err)
	defer func() {
		expect.NoError(t, errors.Join(cluster.DeleteUser(limited(t), "managed"), cluster.DeleteUser(limited(t), "manager")))
	}()
	for caps, want := range map[string]bool{
		"allow *": true, "allow all": true, "allow rwx": true, "profile rbd, allow *": true, "profile role-definer": true,
		"allow service auth rwx": true, `allow service="auth" *`: true, "allow r, allow service=auth rwx": true,
		`allow r, allow command "auth get", allow command "auth caps"`: true,
		"allow r": false, "allow rw": false, "profile rbd": false, "allow service auth rx": false, "allow service auth rw": false,
		"allow service mon rwx":             false,
		`allow r, allow command "auth get"`: false, `allow r, allow command "auth caps"`: false, "profile osd": false, "profile mon": false,
	} {
		if got := ceph.ManagesUsers(caps); got != want {
			t.Errorf("%s: %v", caps, got)
		}
		expect.NoError(t, cluster.SetCaps(ctx, "manager", map[string]string{"mon": caps}))
		user, err := cluster.User(ctx, "manager")
		expect.NoError(t, err)
		cfg := configOf(c)
		cfg.User, cfg.Key = "manager", user.Key
		as := connect(t, cfg)
		_, reads := as.User(ctx, "managed")
		if changes := as.SetCaps(ctx, "managed", map[string]string{"mon": "allow r"}); (reads == nil && changes == nil) != want {
			t.Errorf("%s: the monitors say %v, %v", caps, reads, changes)
		}
	}
}

func logsIn(t *testing.T, c *testbed.Cluster, name string, key ceph.Key) {
	t.Helper()
	cfg := configOf(c)
	cfg.User, cfg.Key = name, key
	_, err := connect(t, cfg).FSID(limited(t))
	expect.NoError(t, err)
}

func isRefused(t *testing.T, c *testbed.Cluster, name string, key ceph.Key) {
	t.Helper()
	cfg := configOf(c)
	cfg.User, cfg.Key = name, key
	_, err := connect(t, cfg).FSID(limited(t))
	expect.Problem(t, err, problem.Denied, "client."+name)
}

// After a rotation the new key works and no other one: neither the former key nor, from 18 on, a pending one.
func TestRotateKey(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	caps := map[string]string{"mon": "profile rbd", "osd": "profile rbd pool=p"}
	before, err := cluster.CreateUser(ctx, "turned", caps, ceph.Key{})
	expect.NoError(t, err)
	defer func() { expect.NoError(t, cluster.DeleteUser(limited(t), "turned")) }()
	var pending []struct {
		Key string `json:"pending_key"`
	}
	if out, err := c.Ceph(ctx, "auth", "get-or-create-pending", "client.turned", "--format", "json"); err == nil {
		expect.NoError(t, json.Unmarshal(out, &pending))
	}
	after, err := cluster.RotateKey(ctx, "turned", "")
	expect.NoError(t, err)
	if after.Key.Equal(before.Key) || after.Caps["osd"] != caps["osd"] || len(after.Caps) != len(caps) {
		t.Errorf("%v has a new key: %v", after, !after.Key.Equal(before.Key))
	}
	if got := ask(t, c, "auth", "get", "client.turned", "--format", "json"); strings.Contains(got, "pending_key") ||
		!strings.Contains(got, after.Key.Text()) {
		t.Error("a pending key is left, or the key is another one")
	}
	logsIn(t, c, "turned", after.Key)
	isRefused(t, c, "turned", before.Key)
	for _, p := range pending {
		isRefused(t, c, "turned", ceph.GivenKey(p.Key))
	}

	// A type that the cluster doesn't make is refused, and nothing has changed.
	wrong, kind := "aes256k", problem.Unsupported
	if allowsOnlyNewKeys(t, c) {
		wrong, kind = "aes", problem.Refused
	} else if strings.Contains(ask(t, c, "mon", "dump", "--format", "json"), "auth_allowed_ciphers") {
		return
	}
	_, err = cluster.RotateKey(ctx, "turned", wrong)
	expect.Problem(t, err, kind, "client.turned", wrong)
	if got := ask(t, c, "auth", "get", "client.turned", "--format", "json"); strings.Contains(got, "pending_key") ||
		!strings.Contains(got, after.Key.Text()) {
		t.Error("a refused rotation changed something")
	}
}

func TestClients(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	user, err := cluster.CreateUser(ctx, "seen", map[string]string{"mon": "profile rbd"}, ceph.Key{})
	expect.NoError(t, err)
	defer func() { expect.NoError(t, cluster.DeleteUser(limited(t), "seen")) }()
	clients, err := cluster.Clients(ctx, "client.seen")
	if err != nil || len(clients) != 0 {
		t.Fatalf("%v, %v", clients, err)
	}
	cfg := configOf(c)
	cfg.User, cfg.Key = "seen", user.Key
	other := connect(t, cfg)
	if _, err := other.FSID(ctx); err != nil {
		t.Fatal(err)
	}
	clients, err = cluster.Clients(ctx, "client.seen")
	if err != nil || len(clients) != 1 {
		t.Errorf("%v, %v", clients, err)
	}

	// Of client.admin another connection is listed, and this provider's own is not, although the monitors list both.
	addr := func(conn ceph.Conn) string {
		t.Helper()
		addr, err := conn.Addr(ctx)
		expect.NoError(t, err)
		return addr
	}
	var conn ceph.Conn
	listing := ceph.NewCluster(configOf(c), func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
		conn, err = rados.Dial(ctx, cfg)
		return conn, err
	})
	defer listing.Close()
	beside, err := rados.Dial(ctx, configOf(c))
	expect.NoError(t, err)
	defer beside.Close()
	admins, err := listing.Clients(ctx, "client.admin")
	expect.NoError(t, err)
	own, another := addr(conn), addr(beside)
	sessions := ask(t, c, "tell", "mon.a", "sessions")
	for _, address := range []string{own, another} {
		_, nonce, _ := strings.Cut(address, "/")
		if nonce == "" || !strings.Contains(sessions, nonce) {
			t.Errorf("mon.a has no session of %s: %s", address, sessions)
		}
	}
	has := func(address string) bool {
		return slices.ContainsFunc(admins, func(client ceph.Client) bool { return client.Addr == address })
	}
	if has(own) || !has(another) {
		t.Errorf("the own connection is %s, another one %s, listed are %v", own, another, admins)
	}
}

func TestCheckAccess(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	newPool(t, cluster, "access")
	newPool(t, cluster, "accessdata")
	rbd(t, c, "namespace", "create", "access/n")
	plain := ceph.ImageRef{Pool: "access", Name: "plain"}
	spaced := ceph.ImageRef{Pool: "access", Namespace: "n", Name: "spaced"}
	split := ceph.ImageRef{Pool: "access", Name: "split"}
	images := map[ceph.ImageRef]ceph.Image{}
	for _, spec := range []ceph.ImageSpec{{ImageRef: plain}, {ImageRef: spaced}, {ImageRef: split, DataPool: "accessdata"}} {
		spec.SizeBytes = 1 << 20
		_, err := cluster.CreateImage(ctx, spec)
		expect.NoError(t, err)
		images[spec.ImageRef], err = cluster.Image(ctx, spec.ImageRef)
		expect.NoError(t, err)
	}
	// A clone of a clone: the first parent's own parent is in the other pool.
	clone := ceph.ImageRef{Pool: "access", Name: "clone"}
	rbd(t, c, "create", "--size", "1M", "accessdata/template")
	parent := "accessdata/template"
	for _, name := range []string{"access/layer", clone.String()} {
		rbd(t, c, "snap", "create", parent+"@s")
		rbd(t, c, "snap", "protect", parent+"@s")
		rbd(t, c, "clone", parent+"@s", name)
		parent = name
	}
	t.Cleanup(func() {
		rbd(t, c, "rm", clone.String())
		rbd(t, c, "snap", "unprotect", "access/layer@s")
		rbd(t, c, "snap", "purge", "access/layer")
		rbd(t, c, "rm", "access/layer")
		rbd(t, c, "snap", "unprotect", "accessdata/template@s")
		rbd(t, c, "snap", "purge", "accessdata/template")
	})
	var err error
	images[clone], err = cluster.Image(ctx, clone)
	expect.NoError(t, err)
	for name, test := range map[string]struct {
		osd      string
		ref      ceph.ImageRef
		readOnly bool
		kind     problem.Kind // zero: allowed
		words    []string
	}{
		"all":                {"profile rbd", plain, false, 0, nil},
		"pool":               {"profile rbd pool=access", plain, false, 0, nil},
		"other pool":         {"profile rbd pool=accessdata", plain, false, problem.Denied, []string{"pool=access"}},
		"read only, writes":  {"profile rbd-read-only pool=access", plain, false, problem.Denied, []string{"write"}},
		"read only, reads":   {"profile rbd-read-only pool=access", plain, true, 0, nil},
		"namespace":          {"profile rbd pool=access namespace=n", spaced, false, 0, nil},
		"outside namespace":  {"profile rbd pool=access namespace=n", plain, false, problem.Denied, []string{"read"}},
		"parent missing":     {"profile rbd pool=access", clone, false, problem.Denied, []string{"accessdata", "its parent is there"}},
		"parent included":    {"profile rbd pool=access, profile rbd-read-only pool=accessdata", clone, false, 0, nil},
		"data pool missing":  {"profile rbd pool=access", split, false, problem.Denied, []string{"accessdata"}},
		"data pool included": {"profile rbd pool=access, profile rbd pool=accessdata", split, false, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			entity := "guest-" + strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "")
			user, err := cluster.CreateUser(ctx, entity, map[string]string{"mon": "profile rbd", "osd": test.osd}, ceph.Key{})
			expect.NoError(t, err)
			defer func() { expect.NoError(t, cluster.DeleteUser(limited(t), entity)) }()
			err = cluster.CheckAccess(ctx, entity, user.Key, test.ref, images[test.ref], test.readOnly)
			if test.kind == 0 {
				expect.NoError(t, err)
				return
			}
			expect.Problem(t, err, test.kind, append(test.words, "client."+entity)...)
		})
	}
	expect.Problem(t, cluster.CheckAccess(ctx, "nobody", strange, plain, images[plain], false), problem.Denied,
		"ceph auth get client.nobody", "no such user")
	// Of a user that is refused the cluster tells why, and that alone is advised.
	for entity, caps := range map[string]map[string]string{
		"stranger": {"mon": "profile rbd", "osd": "profile rbd"},
		"unheard":  {"osd": "profile rbd"},
	} {
		user, err := cluster.CreateUser(ctx, entity, caps, ceph.Key{})
		expect.NoError(t, err)
		key, words, other := user.Key, "no caps for the monitors", "present"
		if entity == "stranger" {
			key, words, other = strange, "not the user's present one", "no caps"
		}
		err = cluster.CheckAccess(ctx, entity, key, plain, images[plain], false)
		expect.Problem(t, err, problem.Denied, words)
		if strings.Contains(err.Error(), other) {
			t.Errorf("the advice of another cause: %v", err)
		}
		expect.NoError(t, cluster.DeleteUser(ctx, entity))
	}
	expect.Problem(t, cluster.CheckAccess(ctx, "nobody", ceph.GivenKey("x"), plain, images[plain], false), problem.Invalid)
}
