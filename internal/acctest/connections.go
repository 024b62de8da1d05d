//go:build cgo

package acctest

import (
	"context"
	"fmt"
	"sync"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph/rados"
)

// connections are shared by the providers of a test run. Each command that a test runs makes a provider, which nobody
// tells when it ends: its process would. Within the one process of a test, threads and sockets would add up.
var connections = struct {
	sync.Mutex
	open map[string]*sharedConn
}{open: map[string]*sharedConn{}}

type sharedConn struct {
	ceph.Conn
	key string
}

// Close ends the connection for all: a provider closes one only that is of no use any more.
func (c *sharedConn) Close() {
	connections.Lock()
	if connections.open[c.key] == c {
		delete(connections.open, c.key)
	}
	connections.Unlock()
	c.Conn.Close()
}

func dialShared(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
	key := fmt.Sprint(cfg.MonHost, cfg.ConfigFile, cfg.User, cfg.Key, cfg.KeyringFile, cfg.Options, cfg.ConnectTimeout, cfg.OperationTimeout)
	connections.Lock()
	conn := connections.open[key]
	connections.Unlock()
	if conn != nil {
		return conn, nil
	}
	dialled, err := rados.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	conn = &sharedConn{Conn: dialled, key: key}
	connections.Lock()
	connections.open[key] = conn
	connections.Unlock()
	return conn, nil
}
