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

// connections are shared by the providers of a test run. Each terraform command of a test starts another provider, which is never
// told to close its connections, as its process would end. In the one process of a test their threads and sockets would add up.
var connections = struct {
	sync.Mutex
	open map[string]*sharedConn
}{open: map[string]*sharedConn{}}

type sharedConn struct {
	ceph.Conn
	key      string
	monitors string // as configured
	users    int    // handles that are not closed yet
}

// handle is one of the users of a shared connection.
type handle struct {
	*sharedConn
	once sync.Once
}

// Close releases the connection, and nobody new gets it: a provider closes one because it was lost, or because it was made to try
// a key. It is closed with the last handle, since others may be trying the same key at the same time.
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

// AwaitConnections waits until the cluster has answered on all shared connections: after a monitor has gone, or was paused, a
// client needs a moment to find another.
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
