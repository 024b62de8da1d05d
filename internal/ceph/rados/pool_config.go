//go:build cgo

package rados

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// mostConfig is more than the settings that any librbd knows.
const mostConfig = 1000

// PoolConfig reads the keys of rbd_info: go-ceph has no list of a pool's metadata.
func (c *conn) PoolConfig(ctx context.Context, pool string) (map[string]string, error) {
	return inPool(ctx, c, pool, "", func(ioctx *rados.IOContext) (map[string]string, error) {
		config, prefix := map[string]string{}, metadataKey+ceph.ConfigKey("")
		keys, err := ioctx.GetOmapValues("rbd_info", "", prefix, mostConfig)
		if errors.Is(err, rados.ErrNotFound) {
			return config, nil
		}
		for key, value := range keys {
			config[strings.TrimPrefix(key, prefix)] = string(value)
		}
		return config, err
	})
}

func (c *conn) SetPoolConfig(ctx context.Context, pool, name, value string) error {
	return doInPool(ctx, c, pool, "", func(ioctx *rados.IOContext) error {
		return rbd.SetPoolMetadata(ioctx, ceph.ConfigKey(name), value)
	})
}

func (c *conn) RemovePoolConfig(ctx context.Context, pool, name string) error {
	return doInPool(ctx, c, pool, "", func(ioctx *rados.IOContext) error {
		return rbd.RemovePoolMetadata(ioctx, ceph.ConfigKey(name))
	})
}

// unconnected is a handle on which settings are tried. It is never connected, so it needs no cluster, and what is set on it has no effect.
var unconnected = sync.OnceValues(func() (*rados.Conn, error) {
	handle, err := rados.NewConn()
	if err != nil {
		return nil, err
	}
	return handle, handle.ReadConfigFile(os.DevNull)
})

func (c *conn) CheckConfig(ctx context.Context, name, value string) error {
	return do(ctx, c, func(*rados.Conn) error {
		handle, err := unconnected()
		if err != nil {
			return err
		}
		return handle.SetConfigOption(name, value)
	})
}
