//go:build cgo

package rados_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/breaker"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Keys that have the structure of one and belong to nobody. The second is of type aes256k, which needs librados of 19.2.6,
// 20.2.4 or newer.
const (
	strangeKey    = "AQBbVQNrrmrbAxAA8l0oxoset90Fhg1f7I61sw=="
	strangeNewKey = "AgCEfwNr52jmDyAA8eAKuucD7Fm6l1xWdehxN4pLD6Rci642uI+B8QNlpjU="
)

var (
	strange    = ceph.GivenKey(strangeKey)
	strangeNew = ceph.GivenKey(strangeNewKey)
)

func TestDialWays(t *testing.T) {
	needBed(t)
	c := bed.Cluster("east")
	admin := ceph.GivenKey(c.AdminKey)
	t.Setenv("CEPH_ARGS", "--mon-host 127.0.0.1:1")
	t.Setenv("CEPH_KEYRING", "/nonexistent")
	onlyMonitors := filepath.Join(t.TempDir(), "c.conf")
	expect.NoError(t, os.WriteFile(onlyMonitors, []byte("[global]\nmon_host = "+c.MonHost+
		"\nadmin_socket = /nonexistent/x.asok\nlog_file = /nonexistent/x.log\n"), 0o600))
	content, err := os.ReadFile(c.KeyringFile)
	expect.NoError(t, err)
	spaced := filepath.Join(t.TempDir(), "My Job a=b.conf")
	expect.NoError(t, os.WriteFile(spaced, []byte("[global]\nmon_host = "+c.MonHost+"\n"), 0o600))
	divided := filepath.Join(t.TempDir(), "My Job, a=b; $name.keyring")
	expect.NoError(t, os.WriteFile(divided, append(content, "[client.other]\n\tkey = "+strangeNewKey+"\n"...), 0o600))
	for name, cfg := range map[string]ceph.Config{
		"key": {MonHost: c.MonHost, Key: admin},
		"keyring that librados would not find, with a key that it may not know": {MonHost: c.MonHost, KeyringFile: divided},
		"keyring file":                      {MonHost: c.MonHost, KeyringFile: c.KeyringFile},
		"config file":                       {ConfigFile: c.ConfigFile},
		"config file whose path has spaces": {ConfigFile: spaced, Key: admin},
		"config file and key":               {ConfigFile: onlyMonitors, Key: admin},
		"pinned, user, option": {
			MonHost: c.MonHost, Key: admin, FSID: c.FSID, User: "admin", Options: map[string]string{"rbd_default_features": "1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Label = "east"
			fsid, err := connect(t, cfg).FSID(limited(t))
			if err != nil || fsid != c.FSID {
				t.Fatalf("got %q, %v", fsid, err)
			}
		})
	}
}

func TestDialRefusals(t *testing.T) {
	needBed(t)
	c := bed.Cluster("east")
	admin := ceph.GivenKey(c.AdminKey)
	dir := t.TempDir()
	broken, empty := filepath.Join(dir, "broken.conf"), filepath.Join(dir, "empty.conf")
	expect.NoError(t, os.WriteFile(broken, []byte("[global\nmon_host"), 0o600))
	divided, expanded := filepath.Join(dir, "a,b.conf"), filepath.Join(dir, "a$name.conf")
	for _, path := range []string{divided, expanded} {
		expect.NoError(t, os.WriteFile(path, []byte("[global]\nmon_host = "+c.MonHost+"\n"), 0o600))
		// Ceph itself doesn't find it either.
		if err := exec.CommandContext(limited(t), "ceph-conf", "-c", path, "--lookup", "mon_host").Run(); err == nil {
			t.Errorf("ceph-conf reads %s", path)
		}
	}
	expect.NoError(t, os.WriteFile(empty, []byte("[global]\nmon_host = "+c.MonHost+"\nkeyring = "+dir+"/none\n"), 0o600))
	for name, test := range map[string]struct {
		cfg   ceph.Config
		kind  problem.Kind
		words []string
	}{
		"wrong key":        {ceph.Config{MonHost: c.MonHost, Key: strange}, problem.Denied, []string{"client.admin", "-13"}},
		"unknown user":     {ceph.Config{MonHost: c.MonHost, Key: strange, User: "nobody"}, problem.Denied, []string{"client.nobody"}},
		"no key":           {ceph.Config{MonHost: c.MonHost}, problem.Invalid, []string{"keyring_file"}},
		"no key in config": {ceph.Config{ConfigFile: empty}, problem.Invalid, []string{dir + "/none"}},
		"no monitors":      {ceph.Config{Key: strange}, problem.Invalid, []string{"mon_host"}},
		"not a key":        {ceph.Config{MonHost: c.MonHost, Key: ceph.GivenKey("%%%")}, problem.Invalid, []string{"base64"}},
		"prefix":           {ceph.Config{MonHost: c.MonHost, Key: admin, User: "client.admin"}, problem.Invalid, []string{"prefix"}},
		"missing file":     {ceph.Config{ConfigFile: dir + "/no.conf", Key: admin}, problem.Invalid, []string{"no such file"}},
		"missing keyring": {
			ceph.Config{MonHost: c.MonHost, KeyringFile: dir + "/no file"},
			problem.Invalid,
			[]string{"ceph auth get client.admin -o '" + dir + "/no file'"},
		},
		"divided path":  {ceph.Config{ConfigFile: divided, Key: admin}, problem.Invalid, []string{"a list of paths"}},
		"expanded path": {ceph.Config{ConfigFile: expanded, Key: admin}, problem.Invalid, []string{"a dollar sign"}},
		"broken file":   {ceph.Config{ConfigFile: broken, Key: admin}, problem.Invalid, []string{broken}},
		"unknown option": {
			ceph.Config{MonHost: c.MonHost, Key: admin, Options: map[string]string{"no_such": "1"}},
			problem.Invalid,
			[]string{"no_such"},
		},
		"bad option": {
			ceph.Config{MonHost: c.MonHost, Key: admin, Options: map[string]string{"rbd_default_order": "x"}},
			problem.Invalid,
			[]string{"rbd_default_order"},
		},
		"unresolvable": {ceph.Config{MonHost: "no-such-host.invalid", Key: admin}, problem.Invalid, []string{"no-such-host.invalid"}},
		"nobody listens": {
			ceph.Config{MonHost: "127.0.0.1:1", Key: admin, ConnectTimeout: time.Second},
			problem.Unreachable,
			[]string{"127.0.0.1:1", "1s"},
		},
		"other cluster": {
			ceph.Config{MonHost: c.MonHost, Key: admin, FSID: "00000000-0000-0000-0000-000000000001"},
			problem.WrongIdentity,
			[]string{c.FSID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Label = "east"
			_, err := connect(t, test.cfg).FSID(limited(t))
			expect.Problem(t, err, test.kind, append(test.words, `"east"`)...)
			for _, key := range []string{c.AdminKey, strangeKey} {
				if strings.Contains(err.Error(), key) {
					t.Error("the error holds the key")
				}
			}
		})
	}
}

// A key of type aes256k, wherever it comes from: an older client library says so with different numbers, a newer one sends it
// to the monitors.
func TestDialWithNewKey(t *testing.T) {
	needBed(t)
	c := bed.Cluster("east")
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		expect.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	own := write("own", "[client.admin]\n\tkey = "+strangeNewKey+"\n")
	other := write("other", "[client.admin]\n\tkey = "+c.AdminKey+"\n[client.other]\n\tkey = "+strangeNewKey+"\n")
	conf := func(keyring string) string {
		return write(filepath.Base(keyring)+".conf", "[global]\nmon_host = "+c.MonHost+"\nkeyring = "+keyring+"\n")
	}
	for name, test := range map[string]struct {
		cfg  ceph.Config
		kind problem.Kind // of a library that is too old
		word string
	}{
		"key":                        {ceph.Config{MonHost: c.MonHost, Key: strangeNew}, problem.Unsupported, "Upgrade librados2"},
		"keyring":                    {ceph.Config{MonHost: c.MonHost, KeyringFile: own}, problem.Unsupported, "Upgrade librados2"},
		"config file":                {ceph.Config{ConfigFile: conf(own)}, problem.Unsupported, "Upgrade librados2"},
		"config file, of another":    {ceph.Config{ConfigFile: conf(other)}, problem.Invalid, "other.conf"},
		"key, name does not resolve": {ceph.Config{MonHost: "no-such-host.invalid", Key: strangeNew}, problem.Invalid, "no-such-host.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Label = "east"
			_, err := connect(t, test.cfg).FSID(limited(t))
			switch {
			case err == nil && strings.Contains(name, "another"):
			case problem.Is(err, problem.Denied):
			default:
				expect.Problem(t, err, test.kind, test.word, `"east"`)
			}
			if err != nil && (strings.Contains(err.Error(), strangeNewKey) || strings.Contains(err.Error(), c.AdminKey)) {
				t.Error("the error holds a key")
			}
		})
	}
}

func TestInterruptedConnect(t *testing.T) {
	needBed(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	cluster := connect(t, ceph.Config{Label: "dead", MonHost: "127.0.0.1:1", Key: strange, ConnectTimeout: 20 * time.Second})
	go func() {
		_, err := cluster.FSID(ctx)
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		if err == nil {
			t.Fatal("connected to nothing")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the connection does not obey its context")
	}
	if _, err := rados.Dial(ctx, ceph.Config{Label: "dead", MonHost: "127.0.0.1:1", Key: strange}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

// librados ends an attempt too late on a busy machine, and a second one that begins in the midst of the first.
func TestConnectThatDoesNotEndInItsTime(t *testing.T) {
	needBed(t)
	greets, err := net.Listen("tcp", "127.0.0.1:0")
	expect.NoError(t, err)
	t.Cleanup(func() { _ = greets.Close() })
	go func() {
		for {
			conn, err := greets.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, _ = conn.Write([]byte("ceph v2\n"))
		}
	}()
	cfg := ceph.Config{Label: "mute", MonHost: greets.Addr().String(), Key: strange}
	// The first of the two limits is far before the other one. librados counts in whole seconds, so it ends neither attempt before.
	for _, limits := range []struct {
		context, connect time.Duration
		want             string
	}{
		{time.Second / 2, 20 * time.Second, "context deadline exceeded"},
		{time.Second, time.Second / 10, "No monitor answered at " + cfg.MonHost + " within 100ms."},
	} {
		cfg.ConnectTimeout = limits.connect
		ctx, cancel := context.WithTimeout(t.Context(), limits.context)
		defer cancel()
		if _, err = rados.Dial(ctx, cfg); err == nil || !strings.Contains(err.Error(), limits.want) {
			t.Errorf("with %s got %v", limits.context, err)
		}
	}
}

// A frozen cluster: commands end by their own timeout or by the context. After that it costs a read nothing any more, and each change
// one attempt to connect, until one succeeds. A connection on which nobody has waited for an answer works afterwards.
func TestFrozenCluster(t *testing.T) {
	needBed(t)
	west := bed.Cluster("west")
	patient := connect(t, configOf(west))
	newPool(t, patient, "frozen")
	ref := ceph.ImageRef{Pool: "frozen", Name: "i"}
	created, err := patient.CreateImage(limited(t), ceph.ImageSpec{ImageRef: ref, SizeBytes: 1 << 20})
	if !created || err != nil {
		t.Fatal(created, err)
	}
	cfg := configOf(west)
	cfg.OperationTimeout, cfg.ConnectTimeout = 5*time.Second, 5*time.Second
	var dials atomic.Int32
	counting := func() *ceph.Cluster {
		cluster := ceph.NewCluster(cfg, func(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
			dials.Add(1)
			return rados.Dial(ctx, cfg)
		})
		t.Cleanup(cluster.Close)
		_, err := cluster.FSID(limited(t))
		expect.NoError(t, err)
		return cluster
	}
	cluster, other := counting(), counting()
	closed, err := rados.Dial(limited(t), cfg)
	expect.NoError(t, err)
	// A connection that is closed under calls ends none of them, takes no other, and does not crash the process.
	busy, err := rados.Dial(limited(t), cfg)
	expect.NoError(t, err)
	for _, err := range callAndClose(limited(t), t, busy, ref, 1)() {
		if !errors.Is(err, ceph.ENOTCONN) {
			t.Errorf("a call ended with %v", err)
		}
	}
	read := func(ctx context.Context, c *ceph.Cluster) error { _, err := c.Image(ctx, ref); return err }

	expect.NoError(t, west.Pause())
	resumed := false
	resume := func() {
		if !resumed {
			expect.NoError(t, west.Resume())
		}
		resumed = true
	}
	defer resume()
	ctx, cancel := context.WithCancel(limited(t))
	cancel()
	if _, err := cluster.Pools(ctx); err == nil {
		t.Error("a cancelled call succeeded")
	}
	// Closed while its calls hang: they end with their context, and what they use is left to them.
	hung, cancel := context.WithCancel(limited(t))
	ended := callAndClose(hung, t, closed, ref, 0)
	if _, err := closed.FSID(limited(t)); !errors.Is(err, ceph.ENOTCONN) {
		t.Errorf("a call after the end: %v", err)
	}
	cancel()
	ended()
	_, err = cluster.Pools(limited(t))
	expect.Problem(t, err, problem.Unreachable, `"west"`, "5s")
	expect.Problem(t, read(limited(t), other), problem.Unreachable, "frozen/i")
	dials.Store(0)
	for _, c := range []*ceph.Cluster{cluster, other} {
		for range 10 {
			expect.Problem(t, read(limited(t), c), problem.Unreachable, `Unable to ask cluster "west"`)
		}
	}
	change := breaker.Retry(limited(t))
	for range 2 {
		expect.Problem(t, read(change, other), problem.Unreachable, `Unable to connect to cluster "west"`)
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("dialled %d times, and the change only needs one", n)
	}
	resume()
	expect.Problem(t, read(limited(t), other), problem.Unreachable, `Unable to connect to cluster "west"`)
	// The cluster needs a moment to wake up, in which the short limit still counts.
	for deadline := time.Now().Add(time.Minute); ; {
		err := read(breaker.Retry(limited(t)), other)
		if err == nil {
			break
		}
		if !problem.Is(err, problem.Unreachable) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	dials.Store(0)
	expect.NoError(t, read(limited(t), other))
	expect.NoError(t, read(limited(t), patient))
	if n := dials.Load(); n != 0 {
		t.Errorf("dialled %d times more", n)
	}
}
