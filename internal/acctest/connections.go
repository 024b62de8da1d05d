//go:build cgo

package acctest

import (
	"context"
	"fmt"
	"sync"
	"testing"

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
	key      string
	monitors string // as configured
	users    int    // those that have it and have not closed it
}

// handle is the share of one user.
type handle struct {
	*sharedConn
	once sync.Once
}

// Close gives the share back, and nobody new gets the connection: who closes one has found it lost, or has made it to try a
// key. It ends with the last share, so that others who try the same key at the same time are not cut off.
func (h *handle) Close() {
	h.once.Do(func() {
		connections.Lock()
		if connections.open[h.key] == h.sharedConn {
			delete(connections.open, h.key)
		}
		h.users--
		last := h.users == 0
		connections.Unlock()
		if last {
			h.Conn.Close()
		}
	})
}

// AwaitConnections returns when all connections that the providers of this test run share to a cluster have answered: after
// a monitor has gone, or was frozen, a client needs a moment to find another.
func AwaitConnections(t testing.TB, cluster string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	monitors := bed.Cluster(cluster).MonHost
	connections.Lock()
	var open []*sharedConn
	for _, conn := range connections.open {
		if conn.monitors == monitors {
			open = append(open, conn)
		}
	}
	connections.Unlock()
	for _, conn := range open {
		if _, _, err := conn.MonCommand(ctx, []byte(`{"prefix": "mon dump"}`), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func dialShared(ctx context.Context, cfg ceph.Config) (ceph.Conn, error) {
	key := fmt.Sprint(cfg.MonHost, cfg.ConfigFile, cfg.User, cfg.Key.Text(), cfg.KeyringFile, cfg.Options,
		cfg.ConnectTimeout, cfg.OperationTimeout)
	connections.Lock()
	conn := connections.open[key]
	if conn != nil {
		conn.users++
	}
	connections.Unlock()
	if conn != nil {
		return &handle{sharedConn: conn}, nil
	}
	dialled, err := rados.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	conn = &sharedConn{Conn: dialled, key: key, monitors: cfg.MonHost, users: 1}
	connections.Lock()
	connections.open[key] = conn
	connections.Unlock()
	return &handle{sharedConn: conn}, nil
}
