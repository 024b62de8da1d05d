//go:build cgo

package rados_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

func TestUserLife(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	_, err := cluster.User(ctx, "u1")
	wantKind(t, err, problem.NotFound, "client.u1")
	caps := map[string]string{"mon": `allow command "osd blocklist", allow r`, "osd": "profile rbd pool=p"}
	user, err := cluster.CreateUser(ctx, "u1", caps, "")
	ok(t, err)
	if user.Entity != "client.u1" || user.Caps["mon"] != caps["mon"] || ask(t, c, "auth", "print-key", "client.u1") != user.Key {
		t.Errorf("%v", user)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if strings.Contains(fmt.Sprintf(verb, user), user.Key) || strings.Contains(fmt.Sprintf(verb, &user), user.Key) {
			t.Errorf("%s shows the key", verb)
		}
	}
	_, err = cluster.CreateUser(ctx, "u1", caps, "")
	wantKind(t, err, problem.Exists, "terraform import", "east/u1")

	ok(t, cluster.SetKey(ctx, "u1", strangeKey))
	if got := ask(t, c, "auth", "print-key", "client.u1"); got != strangeKey {
		t.Error("the key was not set")
	}
	user, err = cluster.User(ctx, "u1")
	if err != nil || user.Caps["mon"] != caps["mon"] || user.Caps["osd"] != caps["osd"] {
		t.Errorf("the caps changed with the key: %v, %v", user, err)
	}
	ok(t, cluster.SetCaps(ctx, "u1", map[string]string{"mgr": "profile rbd"}))
	user, err = cluster.User(ctx, "u1")
	if err != nil || len(user.Caps) != 1 || user.Key != strangeKey {
		t.Errorf("%v, %v", user, err)
	}
	wantKind(t, cluster.SetCaps(ctx, "u1", map[string]string{"mon": "allow bogus"}), problem.Invalid, "bogus")
	ok(t, cluster.DeleteUser(ctx, "u1"))
	ok(t, cluster.DeleteUser(ctx, "u1"))

	_, err = cluster.CreateUser(ctx, "u2", map[string]string{"mon": "profile rbd"}, strangeKey)
	ok(t, err)
	if got := ask(t, c, "auth", "print-key", "client.u2"); got != strangeKey {
		t.Error("the chosen key was not set")
	}
	ok(t, cluster.DeleteUser(ctx, "u2"))
}

func TestClients(t *testing.T) {
	cluster, c := east(t)
	ctx := limited(t)
	user, err := cluster.CreateUser(ctx, "seen", map[string]string{"mon": "profile rbd"}, "")
	ok(t, err)
	defer func() { ok(t, cluster.DeleteUser(limited(t), "seen")) }()
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
	own, err := cluster.Clients(ctx, "client.admin")
	ok(t, err)
	for _, client := range own {
		t.Logf("another client.admin: %+v", client)
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
	for _, spec := range []ceph.ImageSpec{{ImageRef: plain}, {ImageRef: spaced}, {ImageRef: split, DataPool: "accessdata"}} {
		spec.SizeBytes = 1 << 20
		if _, err := cluster.CreateImage(ctx, spec); err != nil {
			t.Fatal(err)
		}
	}
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
		"data pool missing":  {"profile rbd pool=access", split, false, problem.Denied, []string{"accessdata"}},
		"data pool included": {"profile rbd pool=access, profile rbd pool=accessdata", split, false, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			entity := "guest-" + strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), ",", "")
			user, err := cluster.CreateUser(ctx, entity, map[string]string{"mon": "profile rbd", "osd": test.osd}, "")
			ok(t, err)
			defer func() { ok(t, cluster.DeleteUser(limited(t), entity)) }()
			err = cluster.CheckAccess(ctx, entity, user.Key, test.ref, test.readOnly)
			if test.kind == 0 {
				ok(t, err)
				return
			}
			wantKind(t, err, test.kind, append(test.words, "client."+entity)...)
		})
	}
	wantKind(t, cluster.CheckAccess(ctx, "nobody", strangeKey, plain, false), problem.Denied, "ceph auth get client.nobody")
	wantKind(t, cluster.CheckAccess(ctx, "nobody", strangeKey, ceph.ImageRef{Pool: "access", Name: "none"}, false), problem.NotFound, "access/none")
	wantKind(t, cluster.CheckAccess(ctx, "nobody", "x", plain, false), problem.Invalid)
}
