package ceph

import (
	"fmt"
	"slices"
)

// ImageRef names an image. Namespace is empty for the pool's default namespace.
type ImageRef struct {
	Pool      string
	Namespace string
	Name      string
}

// String returns POOL/IMAGE or POOL/NAMESPACE/IMAGE, as rbd does.
func (r ImageRef) String() string {
	if r.Namespace == "" {
		return fmt.Sprintf("%s/%s", r.Pool, r.Name)
	}
	return fmt.Sprintf("%s/%s/%s", r.Pool, r.Namespace, r.Name)
}

// ImageEntry is an image in a listing. ID is empty for images of format 1.
type ImageEntry struct {
	Name string
	ID   string
}

// SnapshotRef names a snapshot of an image. Pool, namespace and image may be empty where the image is in the trash.
type SnapshotRef struct {
	ImageRef
	Snapshot string
	ImageID  string
	Trash    bool
}

// Image is what a cluster tells about an image. Sizes are bytes.
type Image struct {
	ID          string
	PoolID      int64
	SizeBytes   uint64
	Features    []string // sorted, by librbd's names, with those that librbd sets itself (data-pool, striping, operations)
	ObjectSize  uint64
	StripeUnit  uint64
	StripeCount uint64
	DataPool    string            // name; empty when the data is in the image's own pool
	Metadata    map[string]string // without the settings
	Config      map[string]string // settings by their bare name, such as rbd_qos_iops_limit
	Parent      *SnapshotRef
}

// ImageSpec is an image to create. Zero values mean the client library's defaults.
type ImageSpec struct {
	ImageRef
	SizeBytes   uint64
	Features    []string // nil means the client's default (rbd_default_features)
	ObjectSize  uint64
	StripeUnit  uint64
	StripeCount uint64
	DataPool    string
	Metadata    map[string]string
	Config      map[string]string // by bare name
}

// Watcher is a client that has an image open for writing (or, with some clients, for reading with a lock).
type Watcher struct {
	Addr   string // "192.0.2.7:0/1234"
	ID     int64
	Cookie uint64
	Entity string // such as client.libvirt; empty when it could not be found out
}

// ImageContents tells what an image holds. Allocated is decided by looking for an extent, not by statistics, and doesn't
// count what the image sees of its parent.
type ImageContents struct {
	ImageRelations

	Allocated bool
}

// Empty tells whether nothing would be lost, and nobody disturbed, if the image were removed.
func (c ImageContents) Empty() bool {
	groups := slices.ContainsFunc(c.Snapshots, func(s ImageSnapshot) bool { return s.Kind == GroupSnapshot })
	return !c.Allocated && len(c.UserSnapshots()) == 0 && !groups && len(c.Clones) == 0 && len(c.Watchers) == 0
}
