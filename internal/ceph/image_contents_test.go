package ceph

import (
	"context"
	"testing"
)

// largeConn has an image with too many objects to be looked through at once. While that goes on, somebody puts a lock on it.
type largeConn struct {
	*fakeConn
	locks []Lock
}

func (l *largeConn) ImageContents(context.Context, ImageRef, string) (ImageContents, bool, error) {
	return ImageContents{}, false, nil
}

func (l *largeConn) ImageAllocated(context.Context, ImageRef, string) (bool, error) {
	l.locks = []Lock{{Client: "client.4155", Cookie: "by hand"}}
	return false, nil
}

func (l *largeConn) ImageRelations(context.Context, ImageRef) (ImageRelations, error) {
	return ImageRelations{Locks: l.locks}, nil
}

// What a removal goes by is not older than the look at the content, which may take long.
func TestContentsOfALargeImage(t *testing.T) {
	conn := &largeConn{fakeConn: &fakeConn{fsid: testFSID}}
	cluster := NewCluster(Config{Label: "east", MonHost: "192.0.2.1"}, func(context.Context, Config) (Conn, error) { return conn, nil })
	t.Cleanup(cluster.Close)
	contents, err := cluster.ImageContents(t.Context(), ImageRef{Pool: "vms", Name: "data"}, "")
	if err != nil || len(contents.Locks) != 1 {
		t.Errorf("%+v, %v", contents, err)
	}
}
