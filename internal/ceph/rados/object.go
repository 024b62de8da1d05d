//go:build cgo

package rados

import (
	"context"
	"errors"

	"github.com/ceph/go-ceph/rados"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// execute calls a method of the RBD class of the OSDs on an object. An object that isn't there, or a method that is newer than
// the OSDs, answers nil.
func execute(ioctx *rados.IOContext, object, method string, input []byte) ([]byte, error) {
	op := rados.CreateReadOp()
	defer op.Release()
	step := op.Exec("rbd", method, input)
	err := op.Operate(ioctx, object, rados.OperationNoFlag)
	if code := errno(err); errors.Is(code, ceph.ENOENT) || errors.Is(code, ceph.EOPNOTSUPP) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return step.Bytes()
}

func (c *conn) VisitObjects(ctx context.Context, pool string, visit func(namespace, object string) bool) error {
	type object struct{ namespace, name string }
	found := make(chan object, 64)
	// visit runs in the caller's goroutine, so that an abandoned listing never touches what the caller owns.
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	// found is never closed: an abandoned listing may still be about to send.
	ended := make(chan error, 1)
	go func() {
		ended <- doInPool(stop, c, pool, rados.AllNamespaces, func(ioctx *rados.IOContext) error {
			iter, err := ioctx.Iter()
			if err != nil {
				return err
			}
			defer iter.Close()
			for iter.Next() {
				select {
				case found <- object{iter.Namespace(), iter.Value()}:
				case <-stop.Done():
					return nil
				}
			}
			return iter.Err()
		})
	}()
	for {
		select {
		case o := <-found:
			if !visit(o.namespace, o.name) {
				return nil
			}
		case err := <-ended:
			if err != nil {
				return err
			}
			for len(found) > 0 {
				if o := <-found; !visit(o.namespace, o.name) {
					return nil
				}
			}
			return nil
		}
	}
}

func (c *conn) RemoveObject(ctx context.Context, pool, namespace, object string) error {
	return doInPool(ctx, c, pool, namespace, func(ioctx *rados.IOContext) error { return ioctx.Delete(object) })
}

// omapValue reads one key of an object, nil if the object or the key isn't there.
func omapValue(ioctx *rados.IOContext, object, key string) ([]byte, error) {
	values, err := ioctx.GetOmapValues(object, "", key, 1)
	if errors.Is(err, rados.ErrNotFound) {
		return nil, nil
	}
	return values[key], err
}
