package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/problem"
)

// Namespaces lists the RBD namespaces of a pool.
//
// Similar to: rbd namespace ls
func (c *Cluster) Namespaces(ctx context.Context, pool string) ([]string, error) {
	what := fmt.Sprintf("Unable to list the namespaces of pool %q of cluster %q.", pool, c.cfg.Label)
	var names []string
	_, err := c.read(ctx, what, func(ctx context.Context, conn Conn) (err error) {
		names, err = conn.Namespaces(ctx, pool)
		return err
	})
	return names, err
}

// CreateNamespace creates an RBD namespace. One of that name is problem.Exists.
//
// Similar to: rbd namespace create
func (c *Cluster) CreateNamespace(ctx context.Context, pool, namespace string) error {
	what := fmt.Sprintf("Unable to create namespace %q in pool %q of cluster %q.", namespace, pool, c.cfg.Label)
	return c.call(ctx, what, func(conn Conn) error { return conn.CreateNamespace(ctx, pool, namespace) })
}

// DeleteNamespace removes an RBD namespace without images.
//
// Similar to: rbd namespace remove
func (c *Cluster) DeleteNamespace(ctx context.Context, pool, namespace string) error {
	what := fmt.Sprintf("Unable to remove namespace %q of pool %q of cluster %q.", namespace, pool, c.cfg.Label)
	errno, err := c.callErrno(ctx, what, func(conn Conn) error { return conn.RemoveNamespace(ctx, pool, namespace) })
	var p *problem.Problem
	if errno == EBUSY && errors.As(err, &p) {
		p.Kind, p.Why = problem.Refused, "It still holds images, perhaps only in its trash."
		p.Do = fmt.Sprintf("Look with rbd ls %s/%s and rbd trash ls --all %s/%s, and remove them first.", pool, namespace, pool, namespace)
	}
	return err
}
