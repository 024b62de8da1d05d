//go:build cgo

package rados

import (
	"context"
	"fmt"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

func (c *conn) ImageMigration(ctx context.Context, pool, namespace, id string) (*ceph.Migration, error) {
	return inPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) (*ceph.Migration, error) { return migration(ioctx, id) })
}

// migrationSource is the first field of the header's record in the image that the data comes from.
const migrationSource = 1

// migration reads the record of a migration, which both of its ends have in their headers. librbd's own function would open
// the image for writing.
func migration(ioctx *rados.IOContext, id string) (*ceph.Migration, error) {
	value, err := omapValue(ioctx, "rbd_header."+id, "migration")
	if err != nil || value == nil {
		return nil, err
	}
	outer := reader{rest: value}
	r := outer.versioned()
	found := &ceph.Migration{Source: r.number(1) == migrationSource, PoolID: int64(r.number(8))} //nolint:gosec // the number of a pool
	found.Other.Namespace, found.Other.Name, found.ID = r.text(), r.text(), r.text()
	if outer.failed || r.failed {
		return nil, fmt.Errorf("the record of the migration in the header of the image can't be understood")
	}
	return found, nil
}
