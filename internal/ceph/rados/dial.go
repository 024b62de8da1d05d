//go:build cgo

package rados

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados/stubs"
)

// minimumDataTimeout is the least that writes of images get: an OSD that failed is noticed after about 26 seconds, and
// librbd may take an object map that it couldn't load in time for a corrupt one.
const minimumDataTimeout = time.Minute

// clearEnvironment unsets the variables that rados_create reads: the configuration alone decides on the cluster.
var clearEnvironment = sync.OnceFunc(func() {
	for _, name := range []string{"CEPH_ARGS", "CEPH_KEYRING"} {
		_ = os.Unsetenv(name)
	}
})

// Dial connects to a cluster with librados. It searches no default ceph.conf, prints nothing, and returns as soon as ctx
// ends; an abandoned attempt ends by its own timeout.
//
// Similar to: ceph --id --mon-host --conf status
func Dial(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
	cfg, began := cfg.WithDefaults(), time.Now()
	key, err := checkLogin(cfg)
	if err != nil {
		return nil, err
	}
	if err := stubs.Load(); err != nil {
		return nil, err
	}
	clearEnvironment()

	type result struct {
		handle *rados.Conn
		err    error
	}
	done := make(chan result, 1)
	go func() {
		handle, err := connectWithRetry(ctx, cfg, &key)
		if err != nil {
			releaseFailed()
		}
		done <- result{handle, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, explain(ctx, cfg, key, r.err)
		}
		return newConn(r.handle, cfg.OperationTimeout), nil
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				r.handle.Shutdown()
			}
		}()
		// On a busy machine librados may take longer than that to end an attempt. The key belongs to the attempt.
		if errors.Is(ctx.Err(), context.DeadlineExceeded) && time.Since(began) >= cfg.ConnectTimeout {
			return nil, explain(ctx, cfg, ceph.Key{}, ctx.Err())
		}
		return nil, ctx.Err()
	}
}

// prepare makes a handle for one attempt: after a failed one librados doesn't take another. The key is filled in, and the monitors are
// returned, where a ceph.conf leads to them.
func prepare(cfg ceph.Config, key *ceph.Key) (handle *rados.Conn, monitors string, err error) {
	// /dev/null is read first, so that the name of the cluster has to be told, as the file would tell it.
	handle, err = rados.NewConnWithClusterAndUser(clusterName(cfg.ConfigFile), "client."+cfg.User)
	if err != nil {
		return nil, "", setupError{doing: "preparing the client", err: err}
	}
	// A file that was read, even an empty one, keeps librados from printing; without it a malformed key would be shown.
	if err := handle.ReadConfigFile(os.DevNull); err != nil {
		return nil, "", setupError{doing: "preparing the client", err: err}
	}
	if cfg.ConfigFile != "" {
		if err := handle.ReadConfigFile(cfg.ConfigFile); err != nil {
			return nil, "", setupError{doing: "reading " + cfg.ConfigFile, file: cfg.ConfigFile, err: err}
		}
	}
	for _, o := range overrides(cfg) {
		if err := handle.SetConfigOption(o.name, o.value); err != nil {
			return nil, "", setupError{doing: "setting " + o.name, option: o.name, err: err}
		}
	}
	if keyIsGiven(cfg) {
		if err := handle.SetConfigOption("key", key.Text()); err != nil {
			return nil, "", setupError{doing: "setting key", option: "key", err: err}
		}
	}
	if key.IsZero() {
		if *key, err = keyOfConfig(cfg, handle.GetConfigOption); err != nil {
			return nil, "", err
		}
	}
	monitors = cfg.MonHost
	if hosts, err := handle.GetConfigOption("mon_host"); err == nil {
		monitors = hosts
	}
	return handle, monitors, nil
}

// clusterName is what $cluster stands for in a ceph.conf: the name of the file, or ceph where it doesn't end in .conf.
func clusterName(configFile string) string {
	if name, found := strings.CutSuffix(filepath.Base(configFile), ".conf"); found && name != "" {
		return name
	}
	return "ceph"
}

// keyIsGiven tells that the configuration has the key, perhaps in a file. librados is given the key then: it would take a path with a
// comma for a list of paths, and read another file.
func keyIsGiven(cfg ceph.Config) bool { return !cfg.Key.IsZero() || cfg.KeyringFile != "" }

type option struct{ name, value string }

// overrides are the options that go over the ceph.conf, in order, without the key.
func overrides(cfg ceph.Config) []option {
	options := make([]option, 0, len(cfg.Options)+10)
	for name, value := range cfg.Options {
		options = append(options, option{name, value})
	}
	slices.SortFunc(options, func(a, b option) int { return cmp.Compare(a.name, b.name) })
	if cfg.MonHost != "" {
		options = append(options, option{"mon_host", cfg.MonHost})
	}
	switch {
	case keyIsGiven(cfg):
		options = append(options, option{"keyring", os.DevNull}, option{"keyfile", ""})
	case cfg.ConfigFile == "":
		options = append(options, option{"keyring", os.DevNull})
	}
	dataTimeout := max(cfg.OperationTimeout, minimumDataTimeout)
	return append(options,
		option{"client_mount_timeout", seconds(cfg.ConnectTimeout)},
		option{"rados_mon_op_timeout", seconds(cfg.OperationTimeout)},
		option{"rados_osd_op_timeout", seconds(dataTimeout)},
		// A ceph.conf may name these for daemons; two handles of one user would fight over them.
		option{"admin_socket", ""},
		option{"log_file", ""},
		option{"log_to_stderr", "false"},
		option{"err_to_stderr", "false"},
	)
}

// seconds rounds up to whole seconds; zero would mean to wait for ever.
func seconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}
